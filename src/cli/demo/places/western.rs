//! Markets of the demo shop in western and southern Europe.

use super::MarketTable;
use crate::cli::demo::names;

pub(super) const MARKETS: &[MarketTable] = &[
    MarketTable {
        country: "GB",
        language: "en",
        slots: 15,
        names: &names::ENGLISH,
        currency: "GBP",
        tax: (2000, 0),
        shipping: (695, 7500),
        carriers: "Royal Mail=@@%########GB,Evri=H0%##############",
        methods: "klarna",
        mail: "mail",
        phones: "+44 20 7946 ####,07700 9#####,0161 496 0###,+44 7700 9#####,(0131) 496 0###",
        companies: "$ Ltd,$ & Sons,The $ Arms,$ Interiors",
        vat_id: "GB%########",
        towns: "\
            London=@%# #@@,London=EC%@ #@@,London=SW1@ #@@,Manchester=M%# #@@,Edinburgh=EH%# #@@,\
            Glasgow=G%# #@@,Cardiff=CF%# #@@,Bristol=BS%# #@@,Newcastle upon Tyne=NE%# #@@,\
            Stoke-on-Trent=ST%# #@@,Llanfairpwllgwyngyll=LL61 #@@,King’s Lynn=PE30 #@@,\
            Bury St Edmunds=IP33 #@@",
        streets: "\
            High Street,Station Road,Church Lane,Victoria Road,Queen’s Road,Park Avenue,The Green,\
            Mill Lane,King Street,London Road,St. Mary's Close,Rose Cottage Row,Albert Terrace,\
            Baker’s Yard",
        street_form: "%# $",
        notes: "\
            Please leave in the porch if out.|It's a birthday present – no invoice in the box, please!|\
            Ring the top bell.|Could you deliver after the 12th?|Mind the dog :)",
    },
    MarketTable {
        country: "GB",
        language: "cy",
        slots: 1,
        names: &names::ENGLISH,
        currency: "GBP",
        tax: (2000, 0),
        shipping: (695, 7500),
        carriers: "Royal Mail=@@%########GB",
        methods: "",
        mail: "post-cymru",
        phones: "029 2018 0###,+44 7700 9#####",
        companies: "Siop $",
        vat_id: "GB%########",
        towns: "Aberystwyth=SY23 #@@,Caernarfon=LL55 #@@,Tŷ-croes=LL63 #@@",
        streets: "Stryd Fawr,Heol y Môr,Ffordd y Castell",
        street_form: "%# $",
        notes: "Gadewch gyda’r cymydog, os gwelwch yn dda.",
    },
    MarketTable {
        country: "IE",
        language: "en",
        slots: 4,
        names: &names::IRISH,
        currency: "EUR",
        tax: (2300, 900),
        shipping: (990, 9900),
        carriers: "An Post=@@%########IE",
        methods: "",
        mail: "anpost",
        phones: "+353 1 %## ####,087 %## ####,(021) %## ####",
        companies: "$ Teoranta,$ Ltd",
        vat_id: "IE%######@@",
        towns: "Dublin=D0% @%##,Cork=T12 @%##,Galway=H91 @%##,Dún Laoghaire=A96 @%##,Limerick=V94 @%##",
        streets: "\
            O'Connell Street,Grafton Street,Patrick’s Quay,Sráid na Siopaí,Main Street,Bóthar na Trá",
        street_form: "%# $",
        notes: "Leave it in the shed, thanks a million.|Go raibh maith agaibh!",
    },
    MarketTable {
        country: "FR",
        language: "fr",
        slots: 12,
        names: &names::FRENCH,
        currency: "EUR",
        tax: (2000, 550),
        shipping: (790, 6900),
        carriers: "Colissimo=6A%##########,Chronopost=XY%########FR,Mondial Relay=%#######",
        methods: "carte_bancaire,carte_bancaire",
        mail: "courriel",
        phones: "+33 1 %# ## ## ##,06 %# ## ## ##,+33 6%#######,04.%#.##.##.##",
        companies: "$ SARL,Librairie $,Atelier $,Boulangerie $ et Fils",
        vat_id: "FR%##########",
        towns: "\
            Paris=750%#,Paris=7501#,Lyon=6900%,Marseille=1300%,Toulouse=31000,Nantes=44000,\
            Strasbourg=67000,Montpellier=34000,Bordeaux=33000,Saint-Étienne=42000,Aix-en-Provence=13100,\
            Besançon=25000,Nîmes=30000,Châlons-en-Champagne=51000,L’Haÿ-les-Roses=94240",
        streets: "\
            rue de la République,avenue Victor-Hugo,rue des Écoles,place de l'Église,boulevard Voltaire,\
            rue Saint-Honoré,impasse des Lilas,quai de la Tournelle,chemin du Moulin,\
            rue du Général-Leclerc,allée des Chênes",
        street_form: "%# $",
        notes: "\
            Merci d’ajouter un petit mot : « Joyeux anniversaire ! »|Digicode 12B45, 2e étage.|\
            À livrer au gardien, merci.|Pouvez-vous emballer séparément ?",
    },
    MarketTable {
        country: "BE",
        language: "nl",
        slots: 4,
        names: &names::DUTCH,
        currency: "EUR",
        tax: (2100, 600),
        shipping: (690, 6900),
        carriers: "bpost=3232%###################",
        methods: "bancontact,bancontact",
        mail: "brieven",
        phones: "+32 2 %## ## ##,0470 %# ## ##",
        companies: "$ BV,Bakkerij $",
        vat_id: "BE0%########",
        towns: "Antwerpen=2000,Gent=9000,Brugge=8000,Leuven=3000,Mechelen=2800",
        streets: "Kerkstraat,Grote Markt,Stationsstraat,Meir,Koningin Astridlaan",
        street_form: "$ %#",
        notes: "Graag bij de buren afgeven.|Bus 3, dank u.",
    },
    MarketTable {
        country: "NL",
        language: "nl",
        slots: 9,
        names: &names::DUTCH,
        currency: "EUR",
        tax: (2100, 900),
        shipping: (590, 5900),
        carriers: "PostNL=3S@@@@%########,DHL=JVGL%###########",
        methods: "ideal,ideal,ideal",
        mail: "postbus",
        phones: "+31 20 %## ####,06-%#######,+31 6 %#######,010 - %######",
        companies: "$ B.V.,Bloemen $,Boekhandel $",
        vat_id: "NL%########B0%",
        towns: "\
            Amsterdam=10%# @@,Rotterdam=30%# @@,’s-Gravenhage=25%# @@,Utrecht=35%# @@,Groningen=97%# @@,\
            Eindhoven=56%# @@,’s-Hertogenbosch=52%# @@,Maastricht=62%# @@",
        streets: "\
            Prinsengracht,Dorpsstraat,Kerkweg,Oude Gracht,Lange Voorhout,Beethovenstraat,Achter de Dom,\
            2e Jan Steenstraat",
        street_form: "$ %#",
        notes: "Cadeautje, graag zonder prijs.|Bel is stuk, graag kloppen.|Bezorgen na 18 uur a.u.b.",
    },
    MarketTable {
        country: "ES",
        language: "es",
        slots: 7,
        names: &names::SPANISH,
        currency: "EUR",
        tax: (2100, 400),
        shipping: (990, 8900),
        carriers: "Correos=PQ4E%#################,SEUR=%#############",
        methods: "bizum,bizum",
        mail: "correo",
        phones: "+34 91 %## ## ##,6%# ### ###,+34 6%# ### ###",
        companies: "$ S.L.,Librería $",
        vat_id: "ESB%#######",
        towns: "\
            Madrid=280##=Madrid,Barcelona=080##=Barcelona,Sevilla=410##=Sevilla,A Coruña=150##=A Coruña,\
            Málaga=290##=Málaga,San Sebastián=200##=Gipuzkoa,León=240##=León,Logroño=260##=La Rioja",
        streets: "\
            Calle Mayor,Avenida de la Constitución,Calle del Niño Jesús,Plaza España,Paseo de Gracia,\
            Calle Ángel Guimerà,Camino Viejo",
        street_form: "$ %#",
        notes: "Por favor, dejar en portería.|¡Es un regalo! Sin factura, gracias.|3.º izquierda.",
    },
    MarketTable {
        country: "IT",
        language: "it",
        slots: 7,
        names: &names::ITALIAN,
        currency: "EUR",
        tax: (2200, 400),
        shipping: (990, 8900),
        carriers: "Poste Italiane=1UW%############,BRT=%##############",
        methods: "satispay",
        mail: "posta-it",
        phones: "+39 06 %######,347 %######,+39 333 %######",
        companies: "$ S.r.l.,Trattoria $,Fratelli $ s.n.c.",
        vat_id: "IT%##########",
        towns: "\
            Roma=001##=RM,Milano=201##=MI,Torino=101##=TO,Firenze=501##=FI,Forlì=47121=FC,\
            Bologna=401##=BO,L’Aquila=67100=AQ,Napoli=801##=NA",
        streets: "\
            Via Roma,Via Garibaldi,Corso Italia,Piazza San Marco,Via dell'Università,Viale della Libertà,\
            Vicolo Stretto",
        street_form: "$ %#",
        notes: "Citofono «Rossi».|Consegnare in portineria, grazie.|È un regalo, grazie mille!",
    },
    MarketTable {
        country: "PT",
        language: "pt",
        slots: 3,
        names: &names::PORTUGUESE,
        currency: "EUR",
        tax: (2300, 600),
        shipping: (1190, 9900),
        carriers: "CTT=DA%########PT",
        methods: "multibanco,mbway",
        mail: "correio",
        phones: "+351 21 %## ####,91% ### ###",
        companies: "$ Lda.",
        vat_id: "PT%########",
        towns: "\
            Lisboa=1%##-###,Porto=4%##-###,Coimbra=3000-###,Évora=7000-###,São João da Madeira=3700-###",
        streets: "Rua Augusta,Avenida da Liberdade,Travessa do Poço,Rua de São Bento,Largo do Chão",
        street_form: "$ %#",
        notes: "Deixar com a vizinha, por favor.|Obrigada!",
    },
];
