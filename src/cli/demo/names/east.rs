//! Names of eastern and south-eastern Europe and Turkey, in Latin, Greek and Cyrillic letters.

use super::NameTable;

const NONE: &str = "";

pub(in crate::cli::demo) const POLISH: NameTable = NameTable {
    female: "\
        Zofia,Zuzanna,Małgorzata,Agnieszka,Katarzyna,Joanna,Wioletta,Grażyna,Łucja,Jadwiga,Bożena,Hanna,\
        Ewa,Świętosława",
    male: "\
        Jakub,Łukasz,Paweł,Michał,Wojciech,Krzysztof,Grzegorz,Stanisław,Andrzej,Tomasz,Zbigniew,Mateusz,\
        Rafał,Józef",
    last: "\
        Nowak,Kowalski/Kowalska,Wiśniewski/Wiśniewska,Wójcik,Kowalczyk,Kamiński/Kamińska,\
        Lewandowski/Lewandowska,Zieliński/Zielińska,Szymański/Szymańska,Woźniak,Dąbrowski/Dąbrowska,\
        Kozłowski/Kozłowska,Jankowski/Jankowska,Mazur,Kwiatkowski/Kwiatkowska,Krawczyk,\
        Piotrowski/Piotrowska,Grabowski/Grabowska,Pawłowski/Pawłowska,Michalski/Michalska,Król,Wieczorek,\
        Jabłoński/Jabłońska,Wróbel,Stępień,Górski/Górska,Pająk,Źrebiec,Brzęczyszczykiewicz",
    roots: "Ostrow,Lesz,Sokoł,Zawadz,Brzez,Kalin,Malin,Olsz,Wierzb,Borow,Gór,Jezior",
    endings: "ski/ska,icki/icka,owicz,czak,ewski/ewska",
    family_first: false,
};

pub(in crate::cli::demo) const CZECH: NameTable = NameTable {
    female: "Tereza,Eliška,Anežka,Jiřina,Růžena,Kateřina,Lucie,Věra,Zdeňka,Markéta,Ludmila,Šárka",
    male: "Jiří,Jan,Petr,Tomáš,Ondřej,Václav,Zdeněk,Matěj,Luboš,Přemysl,Radek,Štěpán",
    last: "\
        Novák/Nováková,Svoboda/Svobodová,Novotný/Novotná,Dvořák/Dvořáková,Černý/Černá,\
        Procházka/Procházková,Kučera/Kučerová,Veselý/Veselá,Krejčí,Horák/Horáková,Němec/Němcová,\
        Pokorný/Pokorná,Marek/Marková,Hájek/Hájková,Růžička/Růžičková,Beneš/Benešová,Fiala/Fialová,\
        Sedláček/Sedláčková,Šimek/Šimková,Kříž/Křížová,Žák/Žáková,Říha/Říhová",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const HUNGARIAN: NameTable = NameTable {
    female: "Anna,Zsófia,Eszter,Katalin,Erzsébet,Ilona,Réka,Dóra,Gyöngyi,Boglárka",
    male: "László,István,József,Zoltán,Gergő,Bence,Máté,Csaba,György,Ödön",
    last: "\
        Nagy,Kovács,Tóth,Szabó,Horváth,Varga,Kiss,Molnár,Németh,Farkas,Balogh,Papp,Takács,Juhász,Lakatos,\
        Mészáros,Oláh,Simon,Rácz,Fekete,Szőke,Győri",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const ROMANIAN: NameTable = NameTable {
    female: "Maria,Ioana,Ștefania,Andreea,Mădălina,Ileana,Crina,Lăcrămioara",
    male: "Andrei,Ștefan,Ionuț,Alexandru,Mihai,Răzvan,Gheorghe,Dănuț",
    last: "\
        Popescu,Ionescu,Popa,Radu,Dumitru,Stan,Stoica,Gheorghe,Matei,Ciobanu,Constantinescu,Țurcanu,\
        Șerban,Munteanu,Ungureanu,Bălan,Câmpeanu,Lupu",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const TURKISH: NameTable = NameTable {
    female: "Zeynep,Elif,Ayşe,Fatma,Emine,Gülşen,İrem,Işıl,Özlem,Çiğdem,Hatice,Şule,Yıldız,Büşra",
    male: "Mehmet,Mustafa,Ahmet,Ali,Hüseyin,İbrahim,Yiğit,Çağlar,Oğuz,Ömer,Şükrü,Kağan,Emre,Ilgaz",
    last: "\
        Yılmaz,Kaya,Demir,Çelik,Şahin,Yıldız,Yıldırım,Öztürk,Aydın,Özdemir,Arslan,Doğan,Kılıç,Aslan,\
        Çetin,Kara,Koç,Kurt,Özkan,Şimşek,Polat,Korkmaz,Ünal,Güneş,Işık,İnan,Çağlayan,Gündoğdu,Karagöz,\
        Akıncı",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const GREEK: NameTable = NameTable {
    female: "\
        Μαρία=Maria,Ελένη=Eleni,Κατερίνα=Katerina,Βασιλική=Vasiliki,Σοφία=Sofia,Αγγελική=Angeliki,\
        Δήμητρα=Dimitra,Ιωάννα=Ioanna,Χρυσούλα=Chrysoula,Ευγενία=Evgenia",
    male: "\
        Γιώργος=Giorgos,Δημήτρης=Dimitris,Κώστας=Kostas,Γιάννης=Giannis,Νίκος=Nikos,\
        Παναγιώτης=Panagiotis,Βασίλης=Vasilis,Χρήστος=Christos,Σπύρος=Spyros,Αλέξανδρος=Alexandros",
    last: "\
        Παπαδόπουλος/Παπαδοπούλου=Papadopoulos/Papadopoulou,Παππάς/Παππά=Pappas/Pappa,\
        Καραγιάννης/Καραγιάννη=Karagiannis/Karagianni,Βλάχος/Βλάχου=Vlachos/Vlachou,\
        Ιωαννίδης/Ιωαννίδου=Ioannidis/Ioannidou,Οικονόμου=Oikonomou,Παπαγεωργίου=Papageorgiou,\
        Μακρής/Μακρή=Makris/Makri,Κωνσταντινίδης/Κωνσταντινίδου=Konstantinidis/Konstantinidou,\
        Δημητρίου=Dimitriou,Γεωργίου=Georgiou,Αντωνίου=Antoniou,Νικολάου=Nikolaou,Αλεξίου=Alexiou,\
        Χατζής/Χατζή=Chatzis/Chatzi,Ζαφειρίου=Zafeiriou",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const UKRAINIAN: NameTable = NameTable {
    female: "\
        Олена=Olena,Наталія=Nataliia,Ірина=Iryna,Оксана=Oksana,Юлія=Yuliia,Соломія=Solomiia,Ганна=Hanna,\
        Світлана=Svitlana,Катерина=Kateryna,Злата=Zlata",
    male: "\
        Олександр=Oleksandr,Андрій=Andrii,Сергій=Serhii,Тарас=Taras,Богдан=Bohdan,Юрій=Yurii,\
        Максим=Maksym,Ігор=Ihor,Дмитро=Dmytro,Єгор=Yehor",
    last: "\
        Мельник=Melnyk,Шевченко=Shevchenko,Коваленко=Kovalenko,Бондаренко=Bondarenko,Бойко=Boiko,\
        Ткаченко=Tkachenko,Кравченко=Kravchenko,Ковальчук=Kovalchuk,Коваль=Koval,Олійник=Oliinyk,\
        Шевчук=Shevchuk,Поліщук=Polishchuk,Ткачук=Tkachuk,Савченко=Savchenko,Руденко=Rudenko,Мороз=Moroz,\
        Лисенко=Lysenko,Павленко=Pavlenko,Клименко=Klymenko,Їжакевич=Izhakevych",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const BULGARIAN: NameTable = NameTable {
    female: "\
        Мария=Maria,Иванка=Ivanka,Елена=Elena,Йорданка=Yordanka,Пенка=Penka,Радост=Radost,\
        Десислава=Desislava,Цветелина=Tsvetelina",
    male: "\
        Георги=Georgi,Иван=Ivan,Димитър=Dimitar,Николай=Nikolay,Петър=Petar,Христо=Hristo,Стоян=Stoyan,\
        Ангел=Angel",
    last: "\
        Иванов/Иванова=Ivanov/Ivanova,Георгиев/Георгиева=Georgiev/Georgieva,\
        Димитров/Димитрова=Dimitrov/Dimitrova,Петров/Петрова=Petrov/Petrova,\
        Николов/Николова=Nikolov/Nikolova,Христов/Христова=Hristov/Hristova,\
        Стоянов/Стоянова=Stoyanov/Stoyanova,Тодоров/Тодорова=Todorov/Todorova,Илиев/Илиева=Iliev/Ilieva,\
        Василев/Василева=Vasilev/Vasileva,Атанасов/Атанасова=Atanasov/Atanasova,\
        Ангелов/Ангелова=Angelov/Angelova",
    roots: NONE,
    endings: NONE,
    family_first: false,
};
