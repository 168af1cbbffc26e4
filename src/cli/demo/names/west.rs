//! Names of western and northern Europe.

use super::NameTable;

const NONE: &str = "";

pub(in crate::cli::demo) const GERMAN: NameTable = NameTable {
    female: "\
        Anna,Lena,Katharina,Sabine,Julia,Claudia,Emma,Marie,Johanna,Greta,Käthe,Ursula,Birgit,Franziska,\
        Luise,Paula,Mia,Jördis,Annegret,Heike,Charlotte,Frieda,Ida,Rosalie,Silke,Ute,Nele,Wiebke",
    male: "\
        Thomas,Michael,Jürgen,Stefan,Lukas,Jonas,Paul,Felix,Maximilian,Jörg,Günther,Björn,Karl-Heinz,\
        Matthias,Andreas,Hans-Peter,Leon,Emil,Friedrich,Bernd,Uwe,Sören,Moritz,Anton,Konrad,Till,Ludwig,\
        Götz",
    last: "\
        Müller,Schmidt,Schneider,Fischer,Weber,Meyer,Wagner,Becker,Schulz,Hoffmann,Schäfer,Koch,Bauer,\
        Richter,Klein,Wolf,Schröder,Neumann,Schwarz,Zimmermann,Braun,Krüger,Hofmann,Hartmann,Lange,\
        Krause,Lehmann,Köhler,Maier,Jäger,Groß,Weiß,Vogel,Böhm,Huber,Kaiser,Fuchs,Möller,Voß,Günther,\
        Berg,Berger,Bergmann,von Ahlen,zur Linde,Özdemir,Kowalski,Müller-Lüdenscheidt",
    roots: "\
        Stein,Wald,Berg,Brunn,Linden,Rosen,Eichen,Winter,Sommer,Kirch,Mühl,Feld,Bach,Grün,Wieden,Hohen,\
        Burg,Reh,Falken,Silber,Sand,Tannen,Buchen,Moor,Oster,Nieder,Ober,Alten,Neuen,Holz",
    endings: "\
        mann,er,hofer,meier,bauer,müller,thal,hagen,dorf,brecht,kamp,horst,ecker,städter,kötter,inger",
    family_first: false,
};

pub(in crate::cli::demo) const DUTCH: NameTable = NameTable {
    female: "\
        Emma,Sanne,Lotte,Femke,Anouk,Fleur,Marieke,Iris,Roos,Saskia,Maartje,Noor,Tess,Wilhelmina,Ilse,\
        Jasmijn,Lieke,Annelies",
    male: "\
        Daan,Sem,Bram,Lars,Jeroen,Pieter,Willem,Joost,Sander,Thijs,Ruben,Maarten,Kees,Niels,Jan-Willem,\
        Gijs,Floris,Sjoerd",
    last: "\
        de Jong,Jansen,de Vries,van den Berg,van Dijk,Bakker,Janssen,Visser,Smit,Meijer,de Boer,Mulder,\
        de Groot,Bos,Vos,Peters,Hendriks,van Leeuwen,Dekker,Brouwer,de Wit,Dijkstra,Smits,de Graaf,\
        van der Meer,van der Linden,Kok,Jacobs,Vermeulen,van den Heuvel,’t Hart,Schouten,Hoekstra,Prins,\
        Blom,van Vliet",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const ENGLISH: NameTable = NameTable {
    female: "\
        Olivia,Amelia,Isla,Emily,Charlotte,Grace,Poppy,Freya,Alice,Hannah,Eleanor,Daisy,Matilda,Rosie,\
        Florence,Imogen,Harriet,Margaret,Susan,Priya,Zara,Chloe,Jessica,Mary-Ann,Beatrice,Nicola",
    male: "\
        Oliver,George,Harry,Noah,Jack,Arthur,Thomas,William,James,Henry,Alfie,Edward,Samuel,Benjamin,\
        Daniel,Callum,Rhys,Hamish,Ewan,Graham,Nigel,Stuart,Joseph,Luke,Matthew,Owen",
    last: "\
        Smith,Jones,Taylor,Brown,Williams,Wilson,Johnson,Davies,Robinson,Wright,Thompson,Evans,Walker,\
        White,Roberts,Green,Hall,Wood,Jackson,Clarke,Harris,Clark,Turner,Hill,Cooper,Morris,Ward,Moore,\
        King,Watson,Baker,Harrison,Morgan,Patel,Young,Allen,Mitchell,Phillips,Lee,Bell,MacDonald,\
        McKenzie,Campbell,Stewart,Fraser,Smith-Jones,Ashworth,Whitehead,Llewellyn,St. John",
    roots: "\
        Ash,Black,Brad,Carl,East,Fair,Green,Had,Hart,Hol,King,Lang,Mars,New,North,Oak,Rad,Red,South,Stan,\
        Stone,Thorn,Wake,West,Whit,Wood",
    endings: "field,ford,ham,ley,ton,well,wood,worth,bury,bridge,shaw,croft,combe,more",
    family_first: false,
};

pub(in crate::cli::demo) const AMERICAN: NameTable = NameTable {
    female: "\
        Emma,Ava,Sophia,Madison,Abigail,Ashley,Brittany,Jennifer,Linda,Patricia,Barbara,Nevaeh,Skylar,\
        Maria,Guadalupe,Aaliyah,Destiny,Taylor,Savannah,Brooklyn,Evelyn,Ruth",
    male: "\
        Liam,Mason,Ethan,Logan,Jayden,Tyler,Brandon,Christopher,Robert,John,David,Anthony,Kevin,Marcus,\
        DeShawn,José,Hunter,Austin,Carter,Wyatt,Elijah,Walter",
    last: "\
        Smith,Johnson,Williams,Brown,Jones,Garcia,Miller,Davis,Rodriguez,Martinez,Hernandez,Lopez,\
        Gonzalez,Wilson,Anderson,Thomas,Taylor,Moore,Jackson,Martin,Lee,Perez,Thompson,White,Harris,\
        Sanchez,Clark,Ramirez,Lewis,Robinson,Walker,Young,Allen,King,Wright,Scott,Torres,Nguyen,Hill,\
        Flores,O'Connor,Washington,Van Buren,Kowalczyk,Schwartz,Rosenberg,Yamamoto,Kim",
    roots: "Ander,Brock,Cal,Dal,Ed,Fitz,Gar,Hamil,Lind,Mor,Nel,Pat,Rob,Stod,Wal,Wil",
    endings: "son,ton,berg,man,strom,gate,rick,dard,quist,lock",
    family_first: false,
};

pub(in crate::cli::demo) const IRISH: NameTable = NameTable {
    female: "\
        Aoife,Niamh,Saoirse,Siobhán,Róisín,Ciara,Gráinne,Orla,Sinéad,Caoimhe,Bríd,Deirdre,Máire,Clodagh",
    male: "Seán,Pádraig,Oisín,Cian,Conor,Eoin,Tadhg,Ruairí,Fionn,Declan,Brendan,Cormac,Diarmuid,Liam",
    last: "\
        Murphy,Kelly,O'Sullivan,Walsh,O'Brien,Byrne,Ryan,O'Connor,O'Neill,O'Reilly,Doyle,McCarthy,\
        Gallagher,O'Doherty,Kennedy,Lynch,Murray,Quinn,O'Callaghan,Fitzgerald,Ó Súilleabháin,\
        Ní Dhomhnaill,Mac Gearailt,O’Shea,Dunne,Brennan,Burke,Nolan",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const FRENCH: NameTable = NameTable {
    female: "\
        Camille,Chloé,Léa,Manon,Élise,Inès,Zoé,Amélie,Marie-Claire,Françoise,Hélène,Aurélie,Margaux,\
        Océane,Noémie,Agnès,Geneviève,Solène,Joséphine,Maëlys",
    male: "\
        Lucas,Hugo,Théo,Jean-Baptiste,François,Rémi,Étienne,Jérôme,Benoît,Mathieu,Loïc,Noël,Gaël,Raphaël,\
        Jean-Luc,Pierre,Olivier,Anaël,Cédric,Yves",
    last: "\
        Martin,Bernard,Dubois,Thomas,Robert,Richard,Petit,Durand,Leroy,Moreau,Simon,Laurent,Lefèvre,\
        Michel,Garcia,David,Bertrand,Roux,Vincent,Fournier,Morel,Girard,André,Mercier,Dupont,Lambert,\
        Bonnet,François,Martinez,Legrand,Garnier,Faure,Rousseau,Blanc,Guérin,Müller,Henry,Roussel,\
        Nicolas,Perrin,Morin,Mathieu,Clément,Gauthier,Dumont,D'Almeida,de La Tour,L'Hôpital,Le Goff,\
        Châtelain",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const SPANISH: NameTable = NameTable {
    female: "\
        Lucía,María,Martina,Sofía,Paula,Daniela,Carmen,Inés,Begoña,Rocío,Nuria,Ángela,Pilar,María José,\
        Concepción,Jimena,Alba,Montserrat",
    male: "\
        Hugo,Mateo,Martín,Álvaro,Íñigo,José María,Andrés,Sebastián,Joaquín,Ramón,Óscar,Iván,Pablo,Diego,\
        Jesús,Rubén,Gonzalo,Xavier",
    last: "\
        García López,Fernández,González,Rodríguez,López,Martínez,Sánchez,Pérez,Gómez,Martín,Jiménez,Ruiz,\
        Hernández,Díaz,Moreno,Muñoz,Álvarez,Romero,Alonso,Gutiérrez,Navarro,Torres,Domínguez,Vázquez,\
        Ramos,Gil,Ramírez,Serrano,Blanco,Molina,Suárez,Castro,Ortega,Núñez,Iglesias,Peña,Ibáñez,\
        Etxeberria,Puig i Ferrer,de la Fuente,Muñoz Peña,Garmendia",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const PORTUGUESE: NameTable = NameTable {
    female: "\
        Maria,Leonor,Matilde,Beatriz,Carolina,Inês,Mariana,Conceição,Assunção,Margarida,Lúcia,Sofia,\
        Joana,Glória",
    male: "João,Francisco,Afonso,Tomás,Duarte,Gonçalo,Tiago,Simão,Luís,António,José,Rui,Vasco,Estêvão",
    last: "\
        Silva,Santos,Ferreira,Pereira,Oliveira,Costa,Rodrigues,Martins,Jesus,Sousa,Fernandes,Gonçalves,\
        Gomes,Lopes,Marques,Alves,Almeida,Ribeiro,Pinto,Carvalho,Teixeira,Moreira,Correia,Mendes,Nunes,\
        Vieira,Araújo,Conceição,Brandão,Magalhães,dos Anjos,da Cunha",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const ITALIAN: NameTable = NameTable {
    female: "\
        Giulia,Sofia,Aurora,Alice,Ginevra,Chiara,Francesca,Beatrice,Martina,Noemi,Lucrezia,Benedetta,\
        Maria Pia,Niccolina",
    male: "\
        Leonardo,Francesco,Lorenzo,Alessandro,Niccolò,Mattia,Gabriele,Riccardo,Tommaso,Giuseppe,Antonio,\
        Pier Paolo,Luca,Davide",
    last: "\
        Rossi,Russo,Ferrari,Esposito,Bianchi,Romano,Colombo,Ricci,Marino,Greco,Bruno,Gallo,Conti,De Luca,\
        Mancini,Costa,Giordano,Rizzo,Lombardi,Moretti,Barbieri,Fontana,Santoro,Mariani,Rinaldi,Caruso,\
        Ferrara,Galli,Martini,Leone,D'Angelo,Dell'Orto,De Santis,Fabbri,Orsini,Nicolò",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const SWEDISH: NameTable = NameTable {
    female: "Alice,Maja,Elsa,Astrid,Freja,Saga,Wilma,Linnéa,Ingrid,Åsa,Märta,Kerstin,Annika,Malin",
    male: "Lars,Erik,Nils,Oskar,Axel,Hugo,Gustav,Björn,Åke,Göran,Håkan,Jörgen,Sven,Olof",
    last: "\
        Andersson,Johansson,Karlsson,Nilsson,Eriksson,Larsson,Olsson,Persson,Svensson,Gustafsson,\
        Pettersson,Jonsson,Jansson,Hansson,Bengtsson,Lindström,Jönsson,Lindqvist,Bergström,Åkesson,Öberg,\
        Sjögren,Lindgren,Wallin,Engström,Björk,Hellström,Norén",
    roots: "Berg,Lind,Sjö,Ek,Sund,Hag,Ny,Wester,Norr,Söder,Gran,Dal,Åker,Hol,Lund,Ström",
    endings: "berg,ström,gren,qvist,man,lund,blad,holm",
    family_first: false,
};

pub(in crate::cli::demo) const DANISH: NameTable = NameTable {
    female: "Ida,Freja,Signe,Søs,Kirsten,Bodil,Maren,Dorthe,Astrid,Karen,Mette,Birthe",
    male: "Søren,Jørgen,Lars,Mads,Rasmus,Bjarne,Niels,Anders,Villads,Poul,Jens,Aksel",
    last: "\
        Nielsen,Jensen,Hansen,Pedersen,Andersen,Christensen,Larsen,Sørensen,Rasmussen,Jørgensen,Petersen,\
        Madsen,Kristensen,Olsen,Thomsen,Møller,Østergaard,Kjær,Nørgaard,Lund,Holm,Bæk,Mørk,Skovgård",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const NORWEGIAN: NameTable = NameTable {
    female: "Nora,Ingrid,Sigrid,Solveig,Ragnhild,Åse,Gunnhild,Marit,Tuva,Liv,Kjersti,Bjørg",
    male: "Jakob,Håkon,Øyvind,Bjørn,Sigurd,Magnus,Trygve,Kåre,Eirik,Odd,Torbjørn,Pål",
    last: "\
        Hansen,Johansen,Olsen,Larsen,Andersen,Pedersen,Nilsen,Kristiansen,Jensen,Karlsen,Berg,Haugen,\
        Hagen,Solberg,Bakken,Lie,Dahl,Lund,Moen,Strand,Ødegård,Bråten,Sæther,Fjeld,Aasen,Nygård",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const FINNISH: NameTable = NameTable {
    female: "Aino,Helmi,Sofia,Päivi,Tuula,Riikka,Venla,Kaisa,Anneli,Hilkka,Outi,Minttu",
    male: "Väinö,Juhani,Mikko,Pekka,Eino,Jyrki,Heikki,Antti,Kalevi,Yrjö,Olavi,Tapio",
    last: "\
        Korhonen,Virtanen,Mäkinen,Nieminen,Mäkelä,Hämäläinen,Laine,Heikkinen,Koskinen,Järvinen,Lehtonen,\
        Lehtinen,Saarinen,Salminen,Heinonen,Niemi,Kinnunen,Salonen,Turunen,Laitinen,Ylönen,Räsänen,\
        Hyvönen,Öhman",
    roots: NONE,
    endings: NONE,
    family_first: false,
};

pub(in crate::cli::demo) const ICELANDIC: NameTable = NameTable {
    female: "Guðrún,Sigríður,Kristín,Þóra,Björk,Ásdís,Hildur,Ragnheiður",
    male: "Jón,Sigurður,Guðmundur,Þór,Ólafur,Kári,Gunnar,Ævar",
    last: "\
        Jónsson/Jónsdóttir,Sigurðsson/Sigurðardóttir,Guðmundsson/Guðmundsdóttir,Ólafsson/Ólafsdóttir,\
        Einarsson/Einarsdóttir,Magnússon/Magnúsdóttir,Þórsson/Þórsdóttir,Gunnarsson/Gunnarsdóttir",
    roots: NONE,
    endings: NONE,
    family_first: false,
};
