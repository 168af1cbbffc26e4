//! Files of a shop that hold something else than what they were given for, and would be read as it all the same.

use crate::base::error::{Error, Result};
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::sheet::Sheet;

/// What no file of people has: so many of them are an order's.
const OF_ORDERS: [Field; 9] = [
    Field::PlacedAt,
    Field::OrderTotal,
    Field::OrderSubtotal,
    Field::OrderCurrency,
    Field::OrderStatus,
    Field::OrderPayment,
    Field::LineSku,
    Field::LineTitle,
    Field::LineQuantity,
];
const OF_ORDERS_MIN: usize = 3;

/// Columns of the orders report of WooCommerce Analytics, which says nothing of addresses, mail or prices.
const OF_REPORT: [&str; 4] = ["Order #", "Items sold", "Coupon(s)", "Product(s)"];

/// Refuses a file of orders that is given as one of customers, and reports that are no export.
///
/// # Errors
/// `columns_missing`.
pub fn refuse(format: Format, kind: Kind, files: &[Input], options: &Options) -> Result<()> {
    let of_people = match (format, kind) {
        (Format::Shopify | Format::Woocommerce | Format::Magento | Format::Prestashop, Kind::Customers) => {
            Some((preset(format, Kind::Customers)?, preset(format, Kind::Orders)?))
        }
        _ => None,
    };
    for file in files {
        // What cannot be opened says why when it is read.
        let Ok(sheet) = Sheet::open(file, options) else { continue };
        let text = if format == Format::Woocommerce && OF_REPORT.iter().all(|c| sheet.column(c).is_some()) {
            "is the orders report of WooCommerce Analytics, which has no e-mail addresses, addresses and prices of items. Export the orders with a plugin, such as Order Export & Order Import for WooCommerce or Advanced Order Export, and import that file."
        } else if of_people.as_ref().is_some_and(|(people, orders)| is_of_orders(&sheet, people, orders)) {
            "is a file of orders. Import it as orders: their customers come with them."
        } else {
            continue;
        };
        return Err(Error::invalid("columns_missing", format!("{} {text}", sheet.name)).on("/file"));
    }
    Ok(())
}

fn is_of_orders(sheet: &Sheet, people: &Mapping, orders: &Mapping) -> bool {
    let is_there = |name: &String| sheet.column(name).is_some_and(|c| !people.knows(sheet.title(c)));
    OF_ORDERS.iter().filter(|field| orders.columns(**field).iter().any(is_there)).count() >= OF_ORDERS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(format: Format, kind: Kind, header: &str) -> Option<String> {
        let file = Input::bytes("x.csv", format!("{header}\n").into_bytes());
        refuse(format, kind, &[file], &Options::default()).err().map(|e| e.message.into_owned())
    }

    #[test]
    fn orders_are_no_customers() {
        for (format, header) in [
            (Format::Shopify, "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem name"),
            (
                Format::Woocommerce,
                "order_id,order_date,status,order_total,billing_email,billing_first_name,line_item_1",
            ),
            (Format::Magento, "ID,Purchase Date,Bill-to Name,Grand Total (Purchased),Status,Customer Email"),
        ] {
            assert!(
                refused(format, Kind::Customers, header).is_some_and(|m| m.contains("as orders")),
                "{header}"
            );
            assert_eq!(refused(format, Kind::Orders, header), None);
        }
        for (format, header) in [
            (
                Format::Shopify,
                "First Name,Last Name,Email,Company,Address1,City,Zip,Phone,Total Spent,Total Orders,Tags",
            ),
            (
                Format::Woocommerce,
                "user_login,user_email,billing_first_name,billing_email,date_registered,Orders,Total Spend",
            ),
            (
                Format::Magento,
                "email,_website,_store,created_at,firstname,lastname,group_id,website_id,password",
            ),
            (Format::Prestashop, "id_customer;company;firstname;lastname;email;birthday;date_add;note"),
        ] {
            assert_eq!(refused(format, Kind::Customers, header), None, "{header}");
        }
    }

    #[test]
    fn the_report_of_analytics_is_named() {
        let header = "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution";
        let told = refused(Format::Woocommerce, Kind::Orders, header).unwrap();
        assert!(told.contains("WooCommerce Analytics"), "{told}");
    }
}
