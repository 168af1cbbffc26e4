//! Markets of the demo shop that write German, and neighbours who live there.

use super::MarketTable;
use crate::cli::demo::names;

pub(super) const MARKETS: &[MarketTable] = &[
    MarketTable {
        country: "DE",
        language: "de",
        slots: 54,
        names: &names::GERMAN,
        currency: "EUR",
        tax: (1900, 700),
        shipping: (490, 5900),
        carriers: "\
            DHL=JJD0003901%###########,DHL=00340434%###########,DPD=0155%#########,\
            Hermes=H10%################,GLS=%#########",
        methods: "invoice,invoice,klarna,sepa,bank_transfer",
        mail: "",
        phones: "\
            +49 30 %#######,030/%#######,0151 %#######,+49 170 %######,(0221) %##### ##,089-%######-##,\
            0049 40 %#######,+4915%########",
        companies: "$ GmbH,$ & Söhne KG,Studio $,Café $,Buchhandlung $ e. K.,$ & Partner mbB",
        vat_id: "DE%########",
        towns: "\
            Berlin=10###,Berlin=12###,Hamburg=20###,Hamburg=22###,München=80###,München=81###,Köln=50###,\
            Frankfurt am Main=60###,Stuttgart=70###,Düsseldorf=40###,Leipzig=04###,Dresden=01###,\
            Nürnberg=90###,Würzburg=97###,Tübingen=72###,Göttingen=37###,Lübeck=23###,Münster=48###,\
            Bad Säckingen=79###,Freiburg im Breisgau=79###,Kiel=24###,Rostock=18###,Halle (Saale)=06###,\
            Mönchengladbach=41###,Görlitz=02###,Sankt Augustin=53###",
        streets: "\
            Hauptstraße,Bahnhofstraße,Gartenstraße,Lindenallee,Am Markt,Schillerstraße,Goethestr.,\
            Mühlenweg,Kirchgasse,Bergstraße,An der alten Brücke,Rosenweg,Königsallee,Straße des 17. Juni,\
            Weißdornweg,Im Grünen Winkel,Dürerstraße,Karl-Marx-Allee,Zum Fährhaus,Lange Reihe,\
            Große Elbstraße,Prenzlauer Allee,Unter den Eichen,Fünffensterstraße",
        street_form: "$ %#",
        notes: "\
            Bitte beim Nachbarn abgeben.|Klingel defekt, bitte anrufen.|Bitte als Geschenk verpacken!|\
            Rechnung bitte an die Firma.|Lieferung bitte nicht vor Freitag.|\
            Hintereingang über den Hof, 3. Stock links.|Vielen Dank für die schnelle Lieferung letztes Mal 🙂",
    },
    MarketTable {
        country: "AT",
        language: "de",
        slots: 10,
        names: &names::GERMAN,
        currency: "EUR",
        tax: (2000, 1000),
        shipping: (690, 7900),
        carriers: "Österreichische Post=10%###################,DPD=0628%#########",
        methods: "eps,klarna",
        mail: "briefe",
        phones: "+43 1 %######,+43 664 %######,0676/%######",
        companies: "$ GmbH,$ OG,Gasthof $,Tischlerei $",
        vat_id: "ATU%#######",
        towns: "\
            Wien=1##0,Graz=8010,Linz=4020,Salzburg=5020,Innsbruck=6020,Klagenfurt am Wörthersee=9020,\
            Sankt Pölten=3100,Dornbirn=6850,Mödling=2340",
        streets: "\
            Mariahilfer Straße,Getreidegasse,Ringstraße,Landstraßer Hauptstraße,Mozartgasse,Am Graben,\
            Favoritenstraße,Neustiftgasse,Währinger Straße",
        street_form: "$ %#/#",
        notes: "Bitte in die Abholbox legen.|Tür 12, Stiege 2, danke!|Bitte mit Grußkarte.",
    },
    MarketTable {
        country: "CH",
        language: "de",
        slots: 8,
        names: &names::GERMAN,
        currency: "CHF",
        tax: (810, 260),
        shipping: (900, 10000),
        carriers: "Swiss Post=99.%#.######.########",
        methods: "twint,twint",
        mail: "alpen",
        phones: "+41 44 %## ## ##,079 %## ## ##,+41 31 %## ## ##",
        companies: "$ AG,$ GmbH,Atelier $",
        vat_id: "CHE-%##.###.### MWST",
        towns: "\
            Zürich=80##,Bern=30##,Basel=40##,Luzern=60##,Winterthur=84##,St. Gallen=90##,Chur=7000,\
            Thun=36##",
        streets: "\
            Bahnhofstrasse,Dorfstrasse,Seestrasse,Bundesgasse,Rämistrasse,Im Wingert,Alte Landstrasse,\
            Spalenberg",
        street_form: "$ %#",
        notes: "Bitte ins Milchkästli legen.|Lieferung an Packstation, merci!",
    },
    MarketTable {
        country: "CH",
        language: "fr",
        slots: 2,
        names: &names::FRENCH,
        currency: "CHF",
        tax: (810, 260),
        shipping: (900, 10000),
        carriers: "Swiss Post=99.%#.######.########",
        methods: "twint",
        mail: "leman",
        phones: "+41 22 %## ## ##,078 %## ## ##",
        companies: "$ SA,Boulangerie $",
        vat_id: "CHE-%##.###.### TVA",
        towns: "Genève=12##,Lausanne=10##,Neuchâtel=2000,Fribourg=17##",
        streets: "Rue du Rhône,Avenue de la Gare,Chemin des Vignes,Place du Marché",
        street_form: "$ %#",
        notes: "Merci de sonner deux fois.|Livraison chez la voisine, merci.",
    },
    MarketTable {
        country: "DE",
        language: "tr",
        slots: 3,
        names: &names::TURKISH,
        currency: "EUR",
        tax: (1900, 700),
        shipping: (490, 5900),
        carriers: "DHL=00340434%###########",
        methods: "klarna,sepa",
        mail: "mektup",
        phones: "0176 %#######,+49 163 %######",
        companies: "$ Feinkost,$ GmbH",
        vat_id: "DE%########",
        towns: "Berlin=10###,Berlin=13###,Duisburg=47###,Köln=51###,Ludwigshafen am Rhein=67###",
        streets: "Karl-Marx-Straße,Sonnenallee,Weseler Straße,Keupstraße,Müllerstraße",
        street_form: "$ %#",
        notes: "Bitte im Laden nebenan abgeben.",
    },
    MarketTable {
        country: "DE",
        language: "ar",
        slots: 1,
        names: &names::ARABIC,
        currency: "EUR",
        tax: (1900, 700),
        shipping: (490, 5900),
        carriers: "DHL=00340434%###########",
        methods: "sepa",
        mail: "risala",
        phones: "0157 %#######,+49 152 %#######",
        companies: "$ Handel",
        vat_id: "DE%########",
        towns: "Berlin=12###,Essen=45###,Bremen=28###",
        streets: "Sonnenallee,Viehofer Straße,Gröpelinger Heerstraße",
        street_form: "$ %#",
        notes: "شكرا، يمكن تركه عند الجيران.",
    },
    MarketTable {
        country: "DE",
        language: "vi",
        slots: 1,
        names: &names::VIETNAMESE,
        currency: "EUR",
        tax: (1900, 700),
        shipping: (490, 5900),
        carriers: "DHL=00340434%###########",
        methods: "klarna",
        mail: "buudien",
        phones: "0178 %#######,+49 30 %#######",
        companies: "Asia-Markt $",
        vat_id: "DE%########",
        towns: "Berlin=10###,Leipzig=04###,Chemnitz=09###",
        streets: "Herzbergstraße,Landsberger Allee,Zwickauer Straße",
        street_form: "$ %#",
        notes: "Xin gọi trước khi giao hàng.",
    },
];
