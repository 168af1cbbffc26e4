/* Proves bytes.c against loops that leave no doubt: every length and place around the borders, every overlap. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *one, const void *other, size_t n);
int bcmp(const void *one, const void *other, size_t n);

#define ROOM 12288
static unsigned char is[ROOM], wanted[ROOM], source[ROOM];

static void fill(unsigned char *place, unsigned from) {
    for (size_t at = 0; at < ROOM; at++) {
        from = from * 1664525u + 1013904223u;
        place[at] = (unsigned char)(from >> 24);
    }
}

static void same(const char *what, size_t n, size_t to, size_t from) {
    for (size_t at = 0; at < ROOM; at++) {
        if (is[at] != wanted[at]) {
            printf("%s of %zu bytes from %zu to %zu: byte %zu\n", what, n, from, to, at);
            exit(1);
        }
    }
}

static int sign(int of) { return (of > 0) - (of < 0); }

static void with(size_t n) {
    static const size_t places[] = {1024, 1025, 1031, 1039, 1040, 1087, 1091, 1151, 1300};
    for (size_t t = 0; t < sizeof places / sizeof *places; t++) {
        for (size_t f = 0; f < sizeof places / sizeof *places; f++) {
            size_t to = places[t], from = places[f];
            fill(is, 1), fill(wanted, 1), fill(source, 2);
            if (memcpy(is + to, source + from, n) != is + to) exit(2);
            for (size_t at = 0; at < n; at++) wanted[to + at] = source[from + at];
            same("memcpy", n, to, from);
            fill(is, 3), fill(wanted, 3), fill(source, 3);
            if (memmove(is + to, is + from, n) != is + to) exit(2);
            for (size_t at = 0; at < n; at++) wanted[to + at] = source[from + at];
            same("memmove", n, to, from);
        }
        fill(is, 4), fill(wanted, 4);
        if (memset(is + places[t], 0x1ab, n) != is + places[t]) exit(2);
        for (size_t at = 0; at < n; at++) wanted[places[t] + at] = 0xab;
        same("memset", n, places[t], 0);
    }
    fill(is, 5), fill(wanted, 5);
    for (size_t apart = 0; apart < 20; apart++) {
        if (memcmp(is + 7, wanted + 7, n) || bcmp(is + 7, wanted + 7, n)) exit(3);
        for (size_t at = n > 40 ? n - 40 : 0; at < n; at++) {
            unsigned char was = wanted[7 + at];
            wanted[7 + at] = (unsigned char)(was + 1 + apart * 13);
            int order = is[7 + at] > wanted[7 + at] ? 1 : is[7 + at] < wanted[7 + at] ? -1 : 0;
            /* What comes behind the first difference says nothing. */
            unsigned char next = wanted[8 + at];
            wanted[8 + at] = (unsigned char)~next;
            if (order && (sign(memcmp(is + 7, wanted + 7, n)) != order || !bcmp(is + 7, wanted + 7, n))) {
                printf("memcmp of %zu bytes, byte %zu\n", n, at);
                exit(1);
            }
            wanted[7 + at] = was, wanted[8 + at] = next;
        }
    }
}

int main(void) {
    for (size_t n = 0; n <= 300; n++) with(n);
    static const size_t more[] = {511, 512, 513, 1000, 2048, 4095, 4096, 4097, 5000};
    for (size_t at = 0; at < sizeof more / sizeof *more; at++) with(more[at]);
    puts("ok");
    return 0;
}
