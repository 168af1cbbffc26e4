/* Copying, filling and comparing bytes for the program that is linked with musl on x86-64. musl's own are written to be
 * small: `rep movsq` with a loop for what is left, and one byte at a time. Most of what a request copies and compares is
 * shorter than what that takes to begin, so they were a third of its time. These do up to 128 bytes without a loop, each
 * end by itself so that the two may overlap in the middle; the kernel and the processor know better from 4 KB on.
 *
 * Every load of a short piece is done before its first store: the same function serves memmove. */

#include <stddef.h>
#include <stdint.h>

typedef long long block __attribute__((vector_size(16), aligned(1), may_alias));
typedef char lanes __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t eight __attribute__((aligned(1), may_alias));
typedef uint32_t four __attribute__((aligned(1), may_alias));
typedef uint16_t two __attribute__((aligned(1), may_alias));

#define LONG 4096
#define AT(type, place, offset) (*(type *)((char *)(place) + (offset)))
#define FROM(type, place, offset) (*(const type *)((const char *)(place) + (offset)))

static inline void copy_16(void *to, const void *from, size_t n) {
    if (n >= 8) {
        uint64_t head = FROM(eight, from, 0), tail = FROM(eight, from, n - 8);
        AT(eight, to, 0) = head;
        AT(eight, to, n - 8) = tail;
    } else if (n >= 4) {
        uint32_t head = FROM(four, from, 0), tail = FROM(four, from, n - 4);
        AT(four, to, 0) = head;
        AT(four, to, n - 4) = tail;
    } else if (n >= 2) {
        uint16_t head = FROM(two, from, 0), tail = FROM(two, from, n - 2);
        AT(two, to, 0) = head;
        AT(two, to, n - 2) = tail;
    } else if (n) {
        AT(char, to, 0) = FROM(char, from, 0);
    }
}

static inline void copy_128(void *to, const void *from, size_t n) {
    block a = FROM(block, from, 0), z = FROM(block, from, n - 16);
    if (n > 32) {
        block b = FROM(block, from, 16), y = FROM(block, from, n - 32);
        if (n > 64) {
            block c = FROM(block, from, 32), x = FROM(block, from, n - 48);
            block d = FROM(block, from, 48), w = FROM(block, from, n - 64);
            AT(block, to, 32) = c;
            AT(block, to, n - 48) = x;
            AT(block, to, 48) = d;
            AT(block, to, n - 64) = w;
        }
        AT(block, to, 16) = b;
        AT(block, to, n - 32) = y;
    }
    AT(block, to, 0) = a;
    AT(block, to, n - 16) = z;
}

/* From the beginning on; what is copied may lie behind where it goes and overlap it. */
static inline void copy_forth(char *to, const char *from, size_t n) {
    block w = FROM(block, from, n - 64), x = FROM(block, from, n - 48);
    block y = FROM(block, from, n - 32), z = FROM(block, from, n - 16);
    char *end = to + n;
    for (size_t left = n; left > 64; left -= 64, to += 64, from += 64) {
        block a = FROM(block, from, 0), b = FROM(block, from, 16);
        block c = FROM(block, from, 32), d = FROM(block, from, 48);
        AT(block, to, 0) = a;
        AT(block, to, 16) = b;
        AT(block, to, 32) = c;
        AT(block, to, 48) = d;
    }
    AT(block, end, -64) = w;
    AT(block, end, -48) = x;
    AT(block, end, -32) = y;
    AT(block, end, -16) = z;
}

/* From the end on, for what lies before where it goes and overlaps it. */
static inline void copy_back(char *to, const char *from, size_t n) {
    block a = FROM(block, from, 0), b = FROM(block, from, 16);
    block c = FROM(block, from, 32), d = FROM(block, from, 48);
    for (size_t left = n; left > 64; left -= 64) {
        block w = FROM(block, from, left - 64), x = FROM(block, from, left - 48);
        block y = FROM(block, from, left - 32), z = FROM(block, from, left - 16);
        AT(block, to, left - 64) = w;
        AT(block, to, left - 48) = x;
        AT(block, to, left - 32) = y;
        AT(block, to, left - 16) = z;
    }
    AT(block, to, 0) = a;
    AT(block, to, 16) = b;
    AT(block, to, 32) = c;
    AT(block, to, 48) = d;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    if (n <= 16) {
        copy_16(to, from, n);
    } else if (n <= 128) {
        copy_128(to, from, n);
    } else if (n < LONG) {
        copy_forth(to, from, n);
    } else {
        void *place = to;
        __asm__ volatile("rep movsb" : "+D"(place), "+S"(from), "+c"(n) : : "memory");
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    if (n <= 16) {
        copy_16(to, from, n);
    } else if (n <= 128) {
        copy_128(to, from, n);
    } else if ((uintptr_t)to - (uintptr_t)from >= n) {
        copy_forth(to, from, n);
    } else {
        copy_back(to, from, n);
    }
    return to;
}

void *memset(void *to, int byte, size_t n) {
    uint64_t eight_of = (unsigned char)byte * 0x0101010101010101ull;
    block all = {(long long)eight_of, (long long)eight_of};
    if (n < 16) {
        if (n >= 8) {
            AT(eight, to, 0) = eight_of;
            AT(eight, to, n - 8) = eight_of;
        } else if (n >= 4) {
            AT(four, to, 0) = (uint32_t)eight_of;
            AT(four, to, n - 4) = (uint32_t)eight_of;
        } else if (n >= 2) {
            AT(two, to, 0) = (uint16_t)eight_of;
            AT(two, to, n - 2) = (uint16_t)eight_of;
        } else if (n) {
            AT(char, to, 0) = (char)byte;
        }
    } else if (n < LONG) {
        for (size_t at = 0; at + 16 < n; at += 16) {
            AT(block, to, at) = all;
        }
        AT(block, to, n - 16) = all;
    } else {
        void *place = to;
        __asm__ volatile("rep stosb" : "+D"(place), "+c"(n) : "a"(byte) : "memory");
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t n) {
    size_t at = 0;
    for (; at + 16 <= n; at += 16) {
        lanes same = (lanes)(FROM(lanes, one, at) == FROM(lanes, other, at));
        unsigned mask = (unsigned)__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))same);
        if (mask != 0xffff) {
            at += (size_t)__builtin_ctz(~mask);
            return FROM(unsigned char, one, at) - FROM(unsigned char, other, at);
        }
    }
    if (at + 8 <= n) {
        uint64_t a = FROM(eight, one, at), b = FROM(eight, other, at);
        if (a != b) {
            return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
        }
        at += 8;
    }
    if (at + 4 <= n) {
        uint32_t a = FROM(four, one, at), b = FROM(four, other, at);
        if (a != b) {
            return __builtin_bswap32(a) < __builtin_bswap32(b) ? -1 : 1;
        }
        at += 4;
    }
    for (; at < n; at++) {
        int apart = FROM(unsigned char, one, at) - FROM(unsigned char, other, at);
        if (apart) {
            return apart;
        }
    }
    return 0;
}

int bcmp(const void *one, const void *other, size_t n) {
    return memcmp(one, other, n);
}
