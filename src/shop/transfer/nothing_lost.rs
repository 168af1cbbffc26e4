//! What a file says is kept, told or given back: second choices, rows without use, rows that are refused.

use crate::base::money::Currency;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Refused, Report};
use crate::shop::transfer::parts;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::refusals::RefusedCsv;
use crate::shop::transfer::run::run;

fn read(format: Format, kind: Kind, files: &[(&str, &str)]) -> (Kept, Report) {
    let files = files.iter().map(|(name, text)| Input::bytes(name, text.as_bytes())).collect();
    let files = parts::of_all(files).unwrap();
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let mut kept = Kept::default();
    let report = run(&preset(format, kind).unwrap(), &files, &options, &mut kept).unwrap();
    (kept, report)
}
fn file_of<'a>(rows: impl Iterator<Item = &'a Refused>) -> String {
    let mut csv = RefusedCsv::new(Vec::new(), std::path::Path::new("."));
    rows.for_each(|row| csv.write(row).unwrap());
    String::from_utf8(csv.finish().unwrap()).unwrap()
}
fn told(rows: &[Refused]) -> Vec<(&str, u64, &str)> {
    rows.iter().map(|r| (r.file.as_ref(), r.line, r.code)).collect()
}

#[test]
fn rows_of_no_use_are_given_back_with_the_reason() {
    let customers = "Customer ID;Active (0/1);Titles ID (Mr = 1, Ms = 2, else 0);Email *;Last Name *;First Name *\n\
1;1;1;anna@example.com;Berg;Anna\n2;1;1;;;\n";
    let addresses = "Adress ID;Customer e-mail*;Lastname*;Firstname*;Address 1*;Zipcode*;City*;Country*\n\
7;nobody@example.com;No;Body;Way 1;3000;Bern;Switzerland\n8;anna@example.com;Berg;Anna;Way 2;3000;Bern;Switzerland\n9;;Ano;Nym;Way 3;3000;Bern;Switzerland\n";
    let (kept, report) =
        read(Format::Prestashop, Kind::Customers, &[("c.csv", customers), ("a.csv", addresses)]);
    assert_eq!((kept.customers.len(), kept.refused.len()), (1, 0));
    let rows = [
        ("c.csv", 3, "customer_empty"),
        ("a.csv", 2, "row_without_record"),
        ("a.csv", 4, "row_without_record"),
    ];
    assert_eq!(told(&kept.left_out), rows);
    assert_eq!(
        (report.warnings.count("customer_empty"), report.warnings.count("row_without_record")),
        (1, 2)
    );
    let file = file_of(kept.left_out.iter());
    assert!(file.contains(
        "\r\n7,nobody@example.com,No,Body,Way 1,3000,Bern,Switzerland,a.csv,2,,,row_without_record,"
    ));

    let orders = "order_id,order_date,status,order_total,order_currency,billing_email,line_item_1\n\
1,2025-01-03,checkout-draft,8.00,EUR,a@example.com,name:Cup|quantity:1|total:8.00\n2,2025-01-03,completed,8.00,EUR,a@example.com,name:Cup|quantity:1|total:8.00\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, &[("o.csv", orders)]);
    assert_eq!((kept.orders.len(), report.tallies.skipped), (1, 1));
    let draft = &kept.left_out[0];
    assert_eq!(
        (draft.line, draft.code, draft.column.as_str(), draft.value.as_str()),
        (2, "no_order", "status", "checkout-draft")
    );
    assert_eq!(draft.cells[5], "a@example.com");
}

#[test]
fn rows_without_a_key_belong_to_nobody() {
    let orders =
        "order_id,customer_id,order_status,order_purchase_timestamp\na,c1,delivered,2018-01-01 10:00:00\n";
    let items = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n\
a,1,p,s,2018-01-01,10.00,1.00\n,1,q,s,2018-01-01,20.00,1.00\n";
    let payments =
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\na,1,card,1,11.00\n";
    let people = "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\nc1,u1,1,Town,SP\n,u2,1,Town,SP\n";
    let (kept, _) = read(
        Format::Olist,
        Kind::Orders,
        &[
            ("orders.csv", orders),
            ("items.csv", items),
            ("payments.csv", payments),
            ("customers.csv", people),
        ],
    );
    assert_eq!((kept.orders.len(), kept.orders[0].lines.len()), (1, 1));
    assert_eq!(
        told(&kept.left_out),
        [("customers.csv", 3, "key_missing"), ("items.csv", 3, "row_without_record")]
    );
}

#[test]
fn refused_rows_stand_in_the_order_of_their_file_and_as_they_stood() {
    let header =
        "Name,Email,Currency,Total,Created at,Lineitem name,Lineitem quantity,Billing Zip,Phone,Notes";
    let text = format!(
        "{header}\n\
#1,a@example.com,EUR,1.00,2024-03-01,A,x,'0812,+49 30 1,=1+1\n\
#2,b@example.com,EUR,-1.00,2024-03-01,B,1,01067,+49 30 2, padded \n\
#3,c@example.com,EUR,1.00,nonsense,C,1,\"'0813\",-,\"two\nlines; \"\"quoted\"\"\"\n\
#1,a@example.com,EUR,1.00,2024-03-01,D,1,'0812,+49 30 1,@x\n\
#4,d@example.com,ZZZ,1.00,2024-03-01,E,1,'0814,'+49 30 4,''\n"
    );
    let (kept, _) = read(Format::Shopify, Kind::Orders, &[("s.csv", &text)]);
    let lines: Vec<u64> = kept.refused.iter().map(|r| r.line).collect();
    assert_eq!(lines, [4, 2, 6, 7], "they are not refused in their order");
    let file = file_of(kept.refused.iter());
    let rows: Vec<&str> = file.split("\r\n").collect();
    assert_eq!(
        rows[0],
        format!(
            "{header},refused_file,refused_line,refused_column,refused_value,refused_code,refused_reason"
        )
    );
    let begins = [
        "#1,a@example.com,EUR,1.00,2024-03-01,A,x,'0812,+49 30 1,=1+1,s.csv,2,Lineitem quantity,x,invalid_number,",
        "#3,c@example.com,EUR,1.00,nonsense,C,1,'0813,-,\"two\nlines; \"\"quoted\"\"\",s.csv,4,Created at,nonsense,invalid_date,",
        "#1,a@example.com,EUR,1.00,2024-03-01,D,1,'0812,+49 30 1,@x,s.csv,6,,,invalid_number,#1 is refused because of line 2: ",
        "#4,d@example.com,ZZZ,1.00,2024-03-01,E,1,'0814,'+49 30 4,'',s.csv,7,Currency,ZZZ,",
    ];
    for (row, begin) in rows[1..].iter().zip(begins) {
        assert!(row.starts_with(begin), "{row}");
    }
    let mended =
        file.replace(",A,x,", ",A,2,").replace(",nonsense,C", ",2024-03-02,C").replacen("ZZZ", "EUR", 1);
    let (kept, report) = read(Format::Shopify, Kind::Orders, &[("refused.csv", &mended)]);
    assert_eq!(kept.refused, []);
    let order =
        |name: &str| kept.orders.iter().find(|o| o.source_name == name || o.lines[0].title == name).unwrap();
    assert_eq!(
        (order("A").lines.len(), order("A").note.as_str(), order("A").phone.as_str()),
        (2, "=1+1", "+49 30 1")
    );
    assert_eq!(order("C").billing.as_ref().unwrap().postcode, "0813");
    assert_eq!(report.files[0].unknown_columns, Vec::<String>::new());
}

#[test]
fn refused_rows_of_several_files_come_in_again_from_one() {
    let orders = "order_id,customer_id,order_status,order_purchase_timestamp\n\
a,c1,delivered,2018-01-01 10:00:00\nb,c2,delivered,nonsense\nc,c1,delivered,2018-01-03 10:00:00\n";
    let items = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n\
b,1,p,s,2018-01-01,10.00,1.00\na,1,q,s,2018-01-01,20.00,1.00\nc,1,q,s,2018-01-01,many,1.00\nb,2,r,s,2018-01-01,5.00,1.00\n";
    let payments = "order_id,payment_sequential,payment_type,payment_installments,payment_value\n\
a,1,card,1,21.00\nb,1,card,1,17.00\nc,1,card,1,21.00\n";
    let people = "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\nc1,u1,1,Town,SP\nc2,u2,2,Town,SP\n";
    let files =
        [("orders.csv", orders), ("items.csv", items), ("payments.csv", payments), ("customers.csv", people)];
    let (kept, _) = read(Format::Olist, Kind::Orders, &files);
    assert_eq!((kept.orders.len(), kept.refused.len()), (1, 7));
    let file = file_of(kept.refused.iter());
    assert_eq!(file.matches("refused_reason").count(), 3, "a header for each kind of file: {file}");
    assert!(
        file.contains(",payments.csv,3,,,invalid_date,b is refused because of orders.csv line 3: "),
        "{file}"
    );
    let mended = file.replacen(",nonsense,", ",2018-01-02 10:00:00,", 1).replacen(",many,", ",20.00,", 1);
    let (kept, _) = read(Format::Olist, Kind::Orders, &[("refused.csv", &mended), ("customers.csv", people)]);
    assert_eq!(kept.refused, [], "{mended}");
    let lines: Vec<(usize, usize)> = kept.orders.iter().map(|o| (o.lines.len(), o.payments.len())).collect();
    assert_eq!(lines, [(2, 1), (1, 1)]);
    // As a spreadsheet saves it: every row as wide as the widest, separated by semicolons.
    let wide: String = mended.lines().map(|l| format!("{};\r\n", l.replace(',', ";"))).collect();
    let (kept, _) = read(Format::Olist, Kind::Orders, &[("refused.csv", &wide), ("customers.csv", people)]);
    assert_eq!((kept.orders.len(), kept.refused.len()), (2, 0), "{wide}");
}

#[test]
fn a_second_choice_is_kept_where_it_says_something_else() {
    let people = "customer_id,first_name,last_name,email,billing_first_name,billing_email,billing_phone\n\
5,Eva,M,eva@example.com,Eva,bill@example.com,030 1\n6,Bo,L,bo@example.com,Bo,BO@example.com,\n7,,,,Cy,cy@example.com,\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Customers, &[("c.csv", people)]);
    let extra: Vec<Option<&String>> =
        kept.customers.iter().map(|c| c.metadata.get("billing_email")).collect();
    assert_eq!(extra, [Some(&"bill@example.com".to_owned()), None, None]);
    assert_eq!(kept.customers[2].email.as_deref(), Some("cy@example.com"));

    let orders = "order_id,order_number_formatted,order_number,date,status,order_total,order_item_1\n\
4001,SO-4001,17,2013-03-01 12:00,completed,30,product_id:4959|1|30\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Orders, &[("o.csv", orders)]);
    assert_eq!(kept.orders[0].metadata["order_number_formatted"], "SO-4001");

    let customers = "Customer ID;Titles ID;Email *;Last Name *;First Name *\n1;1;anna@example.com;Berg;Anna\n2;1;bo@example.com;Li;Bo\n";
    let addresses = "Customer e-mail*;Lastname*;Firstname*;Address 1*;City*;Country*;Phone;Mobile Phone\n\
anna@example.com;Berg;Anna;Way 2;Bern;Switzerland;031 1;079 1\nanna@example.com;Berg;Anna;Way 3;Bern;Switzerland;031 2;079 2\n\
bo@example.com;Li;Bo;Way 4;Bern;Switzerland;;079 3\n";
    let (kept, _) = read(Format::Prestashop, Kind::Customers, &[("c.csv", customers), ("a.csv", addresses)]);
    let anna = &kept.customers[0];
    assert_eq!((anna.phone.as_str(), anna.addresses[0].phone.as_str()), ("079 1", "031 1"));
    assert_eq!(anna.addresses[1].phone, "031 2");
    assert!(anna.metadata["Mobile Phone"].contains("079 2"), "{:?}", anna.metadata);
    let bo = &kept.customers[1];
    assert_eq!((bo.phone.as_str(), bo.addresses[0].phone.as_str(), bo.metadata.len()), ("079 3", "079 3", 0));
}

#[test]
fn different_values_of_the_rows_of_an_order_are_all_kept() {
    let text = "Name,Email,Currency,Total,Created at,Lineitem name,Lineitem price,Vendor note\n\
#1,a@example.com,EUR,3.00,2024-03-01,A,1.00,red\n#1,,,,2024-03-01,B,1.00,blue\n#1,,,,2024-03-01,C,1.00,red\n";
    let (kept, _) = read(Format::Shopify, Kind::Orders, &[("s.csv", text)]);
    assert_eq!(kept.orders[0].metadata["Vendor note"], "red; blue");
}

#[test]
fn passwords_are_kept_by_no_import_and_what_is_used_is_not_called_left_out() {
    let people = "First Name,Last Name,Email,Password *,user_pass,Shoe size\nAnna,Berg,anna@example.com,secret1,secret2,38\n";
    let (kept, report) = read(Format::Shopify, Kind::Customers, &[("c.csv", people)]);
    assert_eq!(kept.customers[0].metadata.len(), 1);
    assert!(!format!("{:?}", kept.customers).contains("secret"));
    assert_eq!(report.files[0].ignored_columns, ["Password *", "user_pass"]);
    let orders = "order_id,date,status,order_total,customer_user,wt_import_key,order_item_1\n1,2025-01-03,trash,30,7,x,a|1|30\n2,2025-01-03,completed,30,7,x,a|1|30\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, &[("o.csv", orders)]);
    assert_eq!((kept.orders.len(), told(&kept.left_out)), (1, vec![("o.csv", 2, "no_order")]));
    assert_eq!(report.files[0].ignored_columns, ["wt_import_key"]);
}

#[test]
fn prestashops_words_are_known_in_the_language_of_the_shop() {
    let text = "ID;Reference;New client;Delivery;Customer;Total;Payment;Status;Date\n\
1;A;1;France;J. DOE;20,90 €;Carte;Paiement accepté;2025-01-05 10:00:00\n2;B;1;France;J. DOE;20,90 €;Carte;Livré;2025-01-05 10:00:00\n\
3;C;1;France;J. DOE;20,90 €;Carte;Remboursé;2025-01-05 10:00:00\n4;D;1;Deutschland;J. DOE;20,90 €;Karte;Storniert;2025-01-05 10:00:00\n";
    let (kept, report) = read(Format::Prestashop, Kind::Orders, &[("p.csv", text)]);
    assert_eq!(report.warnings.count("unknown_status"), 0);
    let words: Vec<_> = kept.orders.iter().map(|o| (o.status.word(), o.payment.word())).collect();
    assert_eq!(words[..3], [("open", "paid"), ("completed", "paid"), ("completed", "refunded")]);
    assert_eq!(words[3].0, "cancelled");
}

#[test]
fn taxes_and_discounts_of_older_woocommerce_files_are_found() {
    let header = "order_id,date,status,order_shipping,order_shipping_tax,order_fees,order_fee_tax,order_tax,cart_discount,order_discount,order_total,billing_email,order_item_1";
    let order = |amounts: &str, item: &str| {
        let text = format!("{header}\n1,2013-03-01 12:00,completed,{amounts},a@example.com,{item}\n");
        let (mut kept, report) = read(Format::Woocommerce, Kind::Orders, &[("o.csv", &text)]);
        assert_eq!(kept.refused, []);
        (kept.orders.remove(0), report.warnings.count("total_unexplained"))
    };
    // 60 + 5 + 0.95 + 11.40 - 5.00 = 72.35.
    let (woo, unexplained) = order("5,0.95,0,0,11.40,0,5.00,72.35", "product_id:4959|2|60|size: Medium");
    assert_eq!((woo.tax, woo.tax_included, woo.discount, woo.shipping), (Some(1235), false, 500, 500));
    assert_eq!((woo.stated_total, unexplained), (Some(7235), 0));
    // The discount of the cart is in the line, that of the order is not; the fee has a tax of its own.
    let (woo, unexplained) = order("0,0,2,0.38,5.70,10.00,1.00,37.08", "product_id:4959|1|30");
    assert_eq!((woo.tax, woo.discount, unexplained), (Some(608), 100, 0));
    assert_eq!(woo.metadata["cart_discount"], "10.00");
    // Both are left out of the line.
    let (woo, unexplained) = order("0,0,0,0,5.70,10.00,1.00,24.70", "product_id:4959|1|30");
    assert_eq!((woo.tax, woo.discount, unexplained), (Some(570), 1100, 0));
    assert!(!woo.metadata.contains_key("cart_discount"));
    // What nothing explains is told; the tax of these files is never in the prices.
    let (woo, unexplained) = order("0,0,0,0,5.70,0,0,99.00", "product_id:4959|1|30");
    assert_eq!((woo.tax_included, unexplained), (false, 1));
    // A discount that the lines tell of themselves is said once.
    let (woo, _) = order("0,0,0,0,0,5.00,0,25.00", "name:Mug|quantity:1|total:25.00|sub_total:30.00");
    assert_eq!((woo.lines[0].discount, woo.discount, woo.metadata.len()), (500, 0, 0));
}

#[test]
fn what_was_taken_for_given_is_known() {
    let given = |text: &str, options: Options| {
        let mut kept = Kept::default();
        let files = [Input::bytes("x.csv", text.as_bytes())];
        run(&preset(Format::Shopify, Kind::Orders).unwrap(), &files, &options, &mut kept).unwrap();
        kept.orders.remove(0).given
    };
    let plain = "Name,Email,Total,Created at,Paid at\n#1,a@example.com,1.00,2024-03-01 10:00:00,2024-03-01 11:00:00\n";
    let own = |zone: &str| Options {
        usual_currency: Some(Currency::EUR),
        zone: crate::base::time::Zone::named(zone).unwrap(),
        ..Options::default()
    };
    let berlin = given(plain, own("Europe/Berlin"));
    assert!(berlin.currency && berlin.local.is_some());
    assert_eq!(berlin, given(plain, own("America/New_York")), "the file says the same");
    assert_ne!(berlin, given(&plain.replace("10:00:00", "10:00:01"), own("Europe/Berlin")));
    let said = Options { zone_is_said: true, currency: Some(Currency::EUR), ..own("Europe/Berlin") };
    let said = given(plain, said);
    assert!(said.is_said && said.local == berlin.local && said.currency);
    let offset = plain
        .replace(":00:00,", ":00:00 +0100,")
        .replace("Total,", "Total,Currency,")
        .replace("1.00,", "1.00,EUR,");
    assert_eq!(given(&offset, own("Europe/Berlin")), crate::shop::orders::Given::default());
    assert!(!given(&plain.replace(",1.00,", ",€1.00,"), own("Europe/Berlin")).currency, "a sign says it");
}
