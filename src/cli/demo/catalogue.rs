//! What the demo shop sells: some hundred and fifty products with sizes, colours, SKUs and barcodes.

use crate::cli::demo::dice::Dice;
use crate::cli::demo::shelves::{SHELVES, Season};

/// One thing with a barcode: a product in one size and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Such as `KIT-1003-BLU-M`.
    pub sku: String,
    /// EAN-13 from the range 200 to 299 that GS1 leaves to shops themselves.
    pub barcode: String,
    pub size: &'static str,
    pub colour: &'static str,
    /// Euro cents, tax included; more for a larger pack.
    pub price: i64,
}

/// A product as the demo shop offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub title: &'static str,
    pub vendor: &'static str,
    pub category: &'static str,
    /// Euro cents of the smallest pack, tax included.
    pub price: i64,
    /// At least one.
    pub variants: Vec<Variant>,
    /// Books and food are taxed less.
    pub is_reduced: bool,
    season: Season,
}

/// All products, and lists to draw from that know the season.
#[derive(Debug)]
pub struct Catalogue {
    products: Vec<Product>,
    /// Positions in `products` by month (0 is January), those that sell well in front.
    by_month: Vec<Vec<usize>>,
}

impl Catalogue {
    /// The same products each time; `seed` decides only which of them sell well.
    pub fn new(seed: u64) -> Self {
        let mut products = Vec::new();
        for (shelf_number, shelf) in SHELVES.iter().enumerate() {
            for (row_number, row) in shelf.rows.lines().map(str::trim).filter(|r| !r.is_empty()).enumerate() {
                let mut cells = row.split(';').map(str::trim);
                let mut cell = || cells.next().unwrap_or_default();
                let (title, vendor, price, sizes, colours) = (cell(), cell(), cell(), cell(), cell());
                let price = price.parse().unwrap_or(1_000);
                let number = 1_000 + shelf_number * 100 + row_number;
                products.push(Product {
                    title,
                    vendor,
                    category: shelf.name,
                    price,
                    variants: variants(shelf.code, number, price, sizes, colours),
                    is_reduced: shelf.is_reduced,
                    season: shelf.season,
                });
            }
        }
        let by_month = (0..12).map(|month| popular(&products, seed, month)).collect();
        Self { products, by_month }
    }
    pub fn products(&self) -> &[Product] {
        &self.products
    }
    /// A product and variant as customers choose them in a month (1 to 12).
    pub(super) fn draw(&self, dice: &mut Dice, month: u8) -> Option<(&Product, &Variant)> {
        let list = self.by_month.get(usize::from(month.saturating_sub(1)))?;
        let product = self.products.get(*dice.pick_low(list)?)?;
        Some((product, dice.pick(&product.variants)?))
    }
}

/// The products in the order in which they sell in `month` (0 is January).
fn popular(products: &[Product], seed: u64, month: u64) -> Vec<usize> {
    let mut ranked: Vec<(u64, usize)> = products
        .iter()
        .enumerate()
        // From February to August there is no Christmas in the shop.
        .filter(|(_, product)| product.season != Season::Christmas || !(1..=7).contains(&month))
        .map(|(at, product)| {
            let charm = Dice::of(seed, 11, at as u64).below(1_000);
            let fits = match product.season {
                Season::Always => 0,
                Season::Christmas if matches!(month, 10 | 11) => -600,
                Season::Christmas => 900,
                Season::Summer if (3..=7).contains(&month) => -300,
                Season::Summer => 400,
                Season::Winter if !(2..=8).contains(&month) => -250,
                Season::Winter => 350,
            };
            ((charm as i64 + fits + 1_000) as u64, at)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

/// Every size in every colour; one plain variant where there are neither.
fn variants(
    code: &str,
    number: usize,
    price: i64,
    sizes: &'static str,
    colours: &'static str,
) -> Vec<Variant> {
    let mut all = Vec::new();
    for colour in colours.split(',') {
        for (step, size) in sizes.split(',').enumerate() {
            let mut sku = format!("{code}-{number}");
            for part in [short(colour), plain(size)] {
                if !part.is_empty() {
                    sku.push('-');
                    sku.push_str(&part);
                }
            }
            let barcode = ean13(&format!("2004{number:05}{:03}", all.len()));
            let price = if is_measured(size) { larger(price, step as i64) } else { price };
            all.push(Variant { sku, barcode, size, colour, price });
        }
    }
    all
}

/// A weight, a volume or a length, of which more costs more; not a size of clothes.
fn is_measured(size: &str) -> bool {
    size.starts_with(|c: char| c.is_ascii_digit()) && size.contains(' ') && !size.contains(['m', '×'])
        || size.ends_with(" cm")
}

/// The price of the pack `step` sizes above the smallest.
fn larger(price: i64, step: i64) -> i64 {
    if step == 0 { price } else { (price * (100 + 60 * step) / 100 + 50) / 100 * 100 - 10 }
}

/// Three letters of a colour: `light blue` is `LBL`, `blue` is `BLU`.
fn short(colour: &str) -> String {
    let letters: String = match (colour, colour.split_once(' ')) {
        ("green", _) => "grn".to_owned(),
        ("grey", _) => "gry".to_owned(),
        ("black", _) => "blk".to_owned(),
        (_, Some((first, second))) => first.chars().take(1).chain(second.chars().take(2)).collect(),
        (_, None) => colour.chars().take(3).collect(),
    };
    letters.to_uppercase()
}

/// A size in capital letters and digits: `140 × 200` is `140X200`.
fn plain(size: &str) -> String {
    size.replace('×', "x").chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase()
}

/// Twelve digits with the check digit of an EAN-13 behind them.
fn ean13(twelve: &str) -> String {
    let sum: u32 =
        twelve.chars().zip([1, 3].into_iter().cycle()).filter_map(|(c, w)| Some(c.to_digit(10)? * w)).sum();
    format!("{twelve}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn barcodes_are_valid_and_skus_unique() {
        assert_eq!(ean13("400638133393"), "4006381333931");
        let catalogue = Catalogue::new(1);
        let mut seen = HashSet::new();
        for variant in catalogue.products().iter().flat_map(|p| &p.variants) {
            let (front, _) = variant.barcode.split_at(12);
            assert_eq!(variant.barcode.len(), 13, "{}", variant.barcode);
            assert_eq!(ean13(front), variant.barcode);
            assert!(seen.insert(variant.sku.clone()), "{} twice", variant.sku);
            assert!(seen.insert(variant.barcode.clone()), "{} twice", variant.barcode);
            assert!(variant.sku.is_ascii(), "{}", variant.sku);
        }
    }

    #[test]
    fn the_shelves_are_full() {
        let catalogue = Catalogue::new(1);
        let categories: HashSet<_> = catalogue.products().iter().map(|p| p.category).collect();
        let vendors: HashSet<_> = catalogue.products().iter().map(|p| p.vendor).collect();
        assert!(catalogue.products().len() >= 120 && categories.len() >= 12 && vendors.len() >= 20);
        assert!(catalogue.products().iter().all(|p| p.price >= 100 && !p.title.is_empty()));
    }

    #[test]
    fn candles_sell_before_christmas_and_not_in_summer() {
        let catalogue = Catalogue::new(3);
        let count = |month| {
            let mut dice = Dice::of(1, 1, 1);
            (0..2_000).filter(|_| catalogue.draw(&mut dice, month).unwrap().0.category == "Christmas").count()
        };
        assert!(count(12) > 100 && count(7) == 0, "{} {}", count(12), count(7));
    }
}
