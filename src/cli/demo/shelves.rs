//! The shelves of the demo shop: what stands on them, by whom it is made and what it costs.

/// When a shelf sells best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Season {
    Always,
    Christmas,
    Summer,
    Winter,
}

/// One category. A row is `title; vendor; price in euro cents; sizes; colours`, the last two separated by commas.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) name: &'static str,
    /// Begins the SKUs.
    pub(super) code: &'static str,
    pub(super) season: Season,
    /// Taxed at the lower rate.
    pub(super) is_reduced: bool,
    pub(super) rows: &'static str,
}

pub(super) const SHELVES: &[Shelf] = &[
    Shelf {
        name: "Coffee & Tea",
        code: "COF",
        season: Season::Always,
        is_reduced: true,
        rows: "
            House Blend Espresso; Rösterei Nordlicht; 1290; 250 g,500 g,1 kg;
            Ethiopia Yirgacheffe; Rösterei Nordlicht; 1490; 250 g,1 kg;
            Decaf Finca San José; Rösterei Nordlicht; 1390; 250 g,500 g;
            Earl Grey Bio; Teekontor Möwe; 790; 100 g,250 g;
            Ostfriesentee Blattmischung; Teekontor Möwe; 690; 100 g,500 g;
            Sencha Uji; Teekontor Möwe; 1590; 80 g;
            Fresh Mint Infusion; Teekontor Möwe; 590; 60 g;
            Drinking Chocolate 70 %; Cacao Amigo; 1190; 300 g;
            Salted Caramel Bar; Cacao Amigo; 450; ;
            Raspberry Jam; Obsthof Käthe; 620; 210 g;
            Wildflower Honey; Imkerei Sommer; 880; 250 g,500 g;
            Oat Cookies; Obsthof Käthe; 490; ;",
    },
    Shelf {
        name: "Kitchen",
        code: "KIT",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Enamel Mug; Nordhem; 1490; 0.3 l,0.5 l; white,blue,forest green
            Cast Iron Pan; Schmiede Uhl; 8900; 20 cm,24 cm,28 cm;
            Bread Knife Olive Wood; Schmiede Uhl; 6450; ;
            Chef’s Knife; Schmiede Uhl; 11900; 16 cm,20 cm;
            Oak Chopping Board; Holzwerk Lindner; 4990; S,M,L;
            Linen Tea Towel; Leinenweberei Hölzl; 1690; ; natural,grey,indigo,mustard
            Pepper Mill; Holzwerk Lindner; 3990; 14 cm,18 cm; oak,walnut
            Salad Bowl; Keramik Ateljé; 4490; ; white,sand
            Spätzle Press; Nordhem; 3290; ;
            Espresso Maker; Bialora; 3690; 3 cups,6 cups; silver,black
            Pour-over Dripper; Keramik Ateljé; 2890; ; white,black
            Storage Jar; Glashütte Brand; 1250; 0.5 l,1 l,2 l;
            Apron; Leinenweberei Hölzl; 3950; ; indigo,olive,black",
    },
    Shelf {
        name: "Table",
        code: "TAB",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Stoneware Plate; Keramik Ateljé; 2190; 21 cm,27 cm; white,sand,sea blue
            Soup Bowl; Keramik Ateljé; 1990; ; white,sand,sea blue
            Wine Glass, set of 6; Glashütte Brand; 5900; ;
            Water Carafe; Glashütte Brand; 3490; 1 l;
            Napkins, set of 4; Leinenweberei Hölzl; 2990; ; natural,rust,indigo
            Tablecloth; Leinenweberei Hölzl; 8990; 140 × 200,160 × 260; natural,indigo
            Cutlery, 24 pieces; Nordhem; 12900; ;
            Egg Cup; Keramik Ateljé; 890; ; white,yellow,mint
            Cake Stand; Glashütte Brand; 4290; ;
            Teapot “Ü”; Keramik Ateljé; 5490; 0.8 l,1.2 l; black,white",
    },
    Shelf {
        name: "Bed & Bath",
        code: "BED",
        season: Season::Winter,
        is_reduced: false,
        rows: "
            Duvet Cover Linen; Leinenweberei Hölzl; 15900; 135 × 200,155 × 220; white,stone,blush
            Pillow Case; Leinenweberei Hölzl; 3490; 40 × 80,80 × 80; white,stone,blush
            Wool Blanket; Plaidmanufaktur Öhr; 11900; ; grey,moss,cherry
            Bath Towel; Baumwollhaus; 2990; 50 × 100,70 × 140; white,petrol,terracotta
            Waffle Bathrobe; Baumwollhaus; 7990; S,M,L,XL; white,grey
            Olive Oil Soap; Savon d’Aubagne; 690; 100 g; olive,lavender,rose
            Hand Cream; Savon d’Aubagne; 1290; 30 ml,75 ml;
            Hot-water Bottle; Plaidmanufaktur Öhr; 3290; ; grey,red
            Bath Mat; Baumwollhaus; 3990; ; white,petrol",
    },
    Shelf {
        name: "Women",
        code: "WOM",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Breton Shirt; Atelier Marée; 5990; XS,S,M,L,XL; white navy,navy
            Linen Dress “Inès”; Atelier Marée; 12900; 34,36,38,40,42,44; sand,rust,black
            Merino Cardigan; Strick & Faden; 11900; XS,S,M,L,XL; grey,moss,berry
            Wide Trousers; Atelier Marée; 9900; 34,36,38,40,42; black,olive
            Silk Scarf; Atelier Marée; 6900; ; blue,red,yellow
            Alpaca Hat; Strick & Faden; 3990; ; grey,mustard,navy
            Raincoat; Regenmacher; 16900; XS,S,M,L; yellow,navy
            Organic T-Shirt; Baumwollhaus; 2990; XS,S,M,L,XL; white,black,petrol",
    },
    Shelf {
        name: "Men",
        code: "MEN",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Oxford Shirt; Hemdenwerk; 7990; S,M,L,XL,XXL; white,light blue
            Flannel Shirt; Hemdenwerk; 8490; S,M,L,XL,XXL; red,green,grey
            Fisherman’s Jumper; Strick & Faden; 14900; S,M,L,XL; navy,cream
            Chinos; Hemdenwerk; 8990; 30/32,32/32,32/34,34/34,36/34; sand,navy,olive
            Wool Socks, 3 pairs; Strick & Faden; 2490; 39-42,43-46; grey,navy
            Work Jacket; Regenmacher; 13900; S,M,L,XL; indigo,black
            Leather Belt; Sattlerei Knoll; 4990; 85,95,105; brown,black
            Organic T-Shirt Heavy; Baumwollhaus; 3490; S,M,L,XL,XXL; white,black,forest green",
    },
    Shelf {
        name: "Kids",
        code: "KID",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Striped Romper; Kleine Robbe; 2990; 56,62,68,74,80; blue,red
            Rain Trousers; Regenmacher; 3490; 86,92,98,104,110,116; yellow,navy
            Knitted Bobble Hat; Strick & Faden; 1990; ; red,blue,mustard
            Muslin Cloth, set of 3; Kleine Robbe; 1890; ; white,mint
            Wool Overall; Strick & Faden; 6990; 62,68,74,80; grey,berry
            Lunch Box Fox; Nordhem; 1690; ;
            Backpack Badger; Taschenwerk; 4990; ; green,blue
            Rubber Boots; Regenmacher; 2990; 22,24,26,28,30; yellow,red",
    },
    Shelf {
        name: "Shoes",
        code: "SHO",
        season: Season::Winter,
        is_reduced: false,
        rows: "
            Felt Slippers; Filzerei Alm; 4990; 36,37,38,39,40,41,42,43,44; grey,red,green
            Clogs; Schuhhaus Viborg; 8990; 36,37,38,39,40,41,42; black,natural
            Chelsea Boots; Schuhhaus Viborg; 17900; 38,39,40,41,42,43,44,45; brown,black
            Canvas Sneakers; Sole & Co; 6990; 37,38,39,40,41,42,43; white,navy
            Espadrilles; Sole & Co; 3990; 37,38,39,40,41,42,43; blue,red,natural
            Shoe Care Kit; Sattlerei Knoll; 2450; ;
            Winter Boots; Schuhhaus Viborg; 21900; 38,39,40,41,42,43,44; brown",
    },
    Shelf {
        name: "Bags",
        code: "BAG",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Leather Satchel; Sattlerei Knoll; 24900; ; cognac,black
            Canvas Tote; Taschenwerk; 2490; ; natural,black,navy
            Rolltop Backpack; Taschenwerk; 11900; 15 l,22 l; black,olive,yellow
            Wallet; Sattlerei Knoll; 5990; ; cognac,black,green
            Pencil Case; Sattlerei Knoll; 2990; ; cognac,black
            Weekender; Taschenwerk; 18900; ; navy,olive
            Toiletry Bag; Taschenwerk; 3990; ; grey,navy
            Key Fob; Sattlerei Knoll; 1290; ; cognac,black,red",
    },
    Shelf {
        name: "Jewellery",
        code: "JEW",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Silver Hoops; Goldschmiede Rúnar; 5900; S,M;
            Amber Pendant; Goldschmiede Rúnar; 7900; ; honey,cherry
            Signet Ring; Goldschmiede Rúnar; 14900; 50,52,54,56,58,60; silver,gold
            Freshwater Pearl Necklace; Perlenfischer; 12900; 42 cm,45 cm;
            Enamel Brooch Heron; Perlenfischer; 3400; ; blue,green
            Cord Bracelet; Perlenfischer; 1900; ; red,black,navy
            Ear Studs Moon; Goldschmiede Rúnar; 4500; ; silver,gold",
    },
    Shelf {
        name: "Stationery",
        code: "STA",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Notebook A5; Papierwerk Süd; 1690; dotted,lined,plain; black,red,sea blue
            Notebook A6; Papierwerk Süd; 1190; dotted,lined; black,red
            Fountain Pen; Schreibzeug & Söhne; 7900; EF,F,M; black,blue
            Ink; Schreibzeug & Söhne; 1490; 30 ml,50 ml; royal blue,black,oxblood,emerald
            Letterpress Card; Papierwerk Süd; 450; ;
            Wall Calendar; Papierwerk Süd; 2490; A3,A2;
            Wrapping Paper, 3 sheets; Papierwerk Süd; 790; ; dots,fern,waves
            Pencils, set of 12; Schreibzeug & Söhne; 1790; HB,2B;
            Washi Tape; Kamikusa; 490; ; red,blue,gold,green
            Stapler; Schreibzeug & Söhne; 3290; ; black,mint
            Gift Card; Backroom Demo Shop; 5000; ;",
    },
    Shelf {
        name: "Books",
        code: "BOO",
        season: Season::Always,
        is_reduced: true,
        rows: "
            Bread from Scratch; Verlag am Deich; 2800; ;
            The Small Garden; Verlag am Deich; 2400; ;
            Nordic Knitting; Masche Verlag; 2600; ;
            Der kleine Bär und das Meer; Verlag am Deich; 1495; ;
            Paris à vélo; Éditions du Canal; 1990; ;
            Cooking with Cast Iron; Verlag am Deich; 3200; ;
            A Field Guide to Clouds; Éditions du Canal; 2250; ;
            Tales from the Harbour; Verlag am Deich; 1800; ;
            Ceramics at Home; Masche Verlag; 2990; ;
            Sternbilder für Kinder; Verlag am Deich; 1690; ;",
    },
    Shelf {
        name: "Toys & Games",
        code: "TOY",
        season: Season::Always,
        is_reduced: false,
        rows: "
            Wooden Train; Holzwerk Lindner; 4990; ;
            Building Blocks, 60 pieces; Holzwerk Lindner; 5490; ; natural,colourful
            Plush Seal; Kleine Robbe; 2490; S,L; white,grey
            Memory Game “Birds”; Spielerei; 1690; ;
            Chess Set; Holzwerk Lindner; 8900; ;
            Jigsaw Puzzle 1,000 pieces; Spielerei; 1990; ; harbour,forest,map
            Hand Puppet Fox; Kleine Robbe; 2290; ;
            Marble Run; Holzwerk Lindner; 7490; ;
            Skipping Rope; Spielerei; 890; ; red,blue
            Watercolours; Schreibzeug & Söhne; 1590; 12 pans,24 pans;",
    },
    Shelf {
        name: "Garden",
        code: "GAR",
        season: Season::Summer,
        is_reduced: false,
        rows: "
            Watering Can; Gartenmeister; 4490; 5 l,9 l; zinc,green
            Secateurs; Schmiede Uhl; 3990; ;
            Hand Trowel; Schmiede Uhl; 2290; ;
            Wildflower Seeds; Saatgut Wiese; 450; 10 g,100 g;
            Heritage Tomato Seeds; Saatgut Wiese; 390; ; red,yellow,black
            Terracotta Pot; Gartenmeister; 1290; 14 cm,21 cm,28 cm;
            Bird House; Holzwerk Lindner; 3490; ;
            Garden Gloves; Gartenmeister; 1890; S,M,L;
            Hammock; Taschenwerk; 8990; ; natural,blue
            Fire Bowl; Schmiede Uhl; 18900; 60 cm,80 cm;",
    },
    Shelf {
        name: "Outdoor",
        code: "OUT",
        season: Season::Summer,
        is_reduced: false,
        rows: "
            Picnic Blanket; Plaidmanufaktur Öhr; 6990; ; green,blue
            Thermos Flask; Nordhem; 3490; 0.5 l,0.75 l; black,white,forest green
            Camping Lantern; Lichtwerk; 4990; ; black,red
            Pocket Knife; Schmiede Uhl; 4490; ; oak,walnut
            Bicycle Bell; Radhaus; 1490; ; brass,black
            Pannier Bag; Radhaus; 8990; ; black,yellow
            Sun Hat; Strick & Faden; 3990; S/M,L/XL; natural
            Beach Towel; Baumwollhaus; 3490; ; coral,sea blue
            Insulated Mug; Nordhem; 2490; ; black,white,mint",
    },
    Shelf {
        name: "Home & Light",
        code: "LIG",
        season: Season::Winter,
        is_reduced: false,
        rows: "
            Beeswax Candles, pair; Imkerei Sommer; 1290; 20 cm,30 cm;
            Scented Candle; Savon d’Aubagne; 2490; ; fig,cedar,linen
            Table Lamp; Lichtwerk; 12900; ; white,black,brass
            Light Bulb E27; Lichtwerk; 890; 4 W,7 W;
            Vase; Glashütte Brand; 3990; S,M,L; clear,smoke,green
            Cushion; Plaidmanufaktur Öhr; 4990; 40 × 40,50 × 50; moss,rust,grey
            Picture Frame; Holzwerk Lindner; 2290; A5,A4,A3; oak,black
            Wall Clock; Lichtwerk; 7900; ; white,black
            Sheepskin; Filzerei Alm; 9900; ; white,grey
            Doormat; Nordhem; 2990; ;",
    },
    Shelf {
        name: "Christmas",
        code: "XMA",
        season: Season::Christmas,
        is_reduced: false,
        rows: "
            Advent Calendar; Cacao Amigo; 2490; ;
            Straw Stars, set of 12; Holzwerk Lindner; 1490; ;
            Glass Baubles, set of 6; Glashütte Brand; 3490; ; red,gold,clear
            Nutcracker; Holzwerk Lindner; 5990; ; red,blue
            Gingerbread House Kit; Obsthof Käthe; 1990; ;
            Advent Wreath Ring; Schmiede Uhl; 4490; ;
            Wool Stocking; Strick & Faden; 2490; ; red,cream
            Paper Star; Papierwerk Süd; 1890; 40 cm,60 cm; white,red,yellow",
    },
];
