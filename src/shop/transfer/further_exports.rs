//! Exports as shops write them beside the plain ones: in other languages, with addresses below their customer, with the
//! words of databases, and with less said than elsewhere.

use crate::base::money::Currency;
use crate::shop::orders::{Fulfilment, NewOrder, NewOrderCustomer, Payment, Status};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::intake::{self, Source};
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::Format;
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

fn options() -> Options {
    Options { usual_currency: Some(Currency::EUR), ..Options::default() }
}
fn read(format: Format, kind: Kind, text: &str) -> (Kept, Report) {
    let mut kept = Kept::default();
    let file = [Input::bytes("x.csv", text.as_bytes())];
    let report = intake::read(kind, &Source::Known(format), &file, &options(), &mut kept).unwrap();
    (kept, report)
}
fn mapped(mapping: &str, text: &str) -> (Kept, Report) {
    let mut kept = Kept::default();
    let mapping = Mapping::parse(&format!("source = \"old\"\n{mapping}")).unwrap();
    let report = run(&mapping, &[Input::bytes("x.csv", text.as_bytes())], &options(), &mut kept).unwrap();
    (kept, report)
}
fn axes(order: &NewOrder) -> (Status, Payment, Fulfilment) {
    (order.status, order.payment, order.fulfilment)
}

const ORDER: &str = "[order]\nkey = \"No\"\nplaced_at = \"Date\"\ntotal = \"Total\"\n";

#[test]
fn what_an_orders_file_says_of_its_customer_is_theirs_or_a_custom_field() {
    let mapping = format!(
        "{ORDER}[customer]\nemail = \"Mail\"\nvat_id = \"VAT\"\nlanguage = \"Lang\"\nbirthday = \"Born\"\nnote = \"Note\"\ntags = \"Tags\"\ncreated_at = \"Since\"\n[billing]\nline1 = \"Street\"\nvat_id = \"BVAT\"\n"
    );
    let header = "No,Date,Total,Mail,VAT,Lang,Born,Note,Tags,Since,Street,BVAT\n";
    let row = |mail: &str, vat: &str| {
        format!("1,2024-03-05,10.00,{mail},{vat},de,1980-02-03,VIP,\"a,b\",2020-01-01,Main 1,DE987654321\n")
    };
    for (vat, wanted) in [("DE123456789", "DE123456789"), ("", "DE987654321")] {
        let (kept, _) = mapped(&mapping, &format!("{header}{}", row("a@x.de", vat)));
        let NewOrderCustomer::Described(person) = &kept.orders[0].customer else { panic!() };
        assert_eq!(
            (person.vat_id.as_str(), person.language.as_str(), person.note.as_str()),
            (wanted, "de", "VIP")
        );
        assert_eq!(
            (person.birthday.as_str(), person.tags.len(), person.created_at.is_some()),
            ("1980-02-03", 2, true)
        );
    }
    // Who says something else in a further order says it with that order.
    let more = row("a@x.de", "DE111111111").replacen('1', "2", 1);
    let same = row("a@x.de", "DE123456789").replacen('1', "3", 1);
    let (kept, _) = mapped(&mapping, &format!("{header}{}{more}{same}", row("a@x.de", "DE123456789")));
    let told: Vec<_> =
        kept.orders.iter().map(|o| o.metadata.get("customer_vat_id").map(String::as_str)).collect();
    assert_eq!(told, [None, Some("DE111111111"), None]);
    let (kept, _) = mapped(&mapping, &format!("{header}{}", row("", "DE123456789")));
    let told = &kept.orders[0].metadata;
    assert_eq!((told["customer_vat_id"].as_str(), told["customer_note"].as_str()), ("DE123456789", "VIP"));
    assert_eq!((told["billing_vat_id"].as_str(), told.len()), ("DE987654321", 7));
}

#[test]
fn a_carrier_without_a_parcel_and_a_reason_without_a_cancellation_are_custom_fields() {
    let mapping = format!("{ORDER}carrier = \"Carrier\"\ncancel_reason = \"Why\"\ntracking = \"Code\"\n");
    let (kept, _) = mapped(
        &mapping,
        "No,Date,Total,Carrier,Why,Code\n1,2024-03-05,1,UPS,too late,\n2,2024-03-05,1,UPS,,1Z\n",
    );
    assert_eq!(
        (kept.orders[0].metadata["carrier"].as_str(), kept.orders[0].metadata["cancel_reason"].as_str()),
        ("UPS", "too late")
    );
    assert_eq!((kept.orders[1].parcels[0].carrier.as_str(), kept.orders[1].metadata.len()), ("UPS", 0));
}

#[test]
fn the_list_of_prestashop_is_read_in_its_languages() {
    for text in [
        "ID;Référence;Nouveau client;Livraison;Client;Total;Paiement;État;Date\n12;XK;Non;France;J. DOE;\"1 052,00 €\";Chèque;Paiement accepté;2024-03-25 10:11:12\n",
        "ID;Referencia;Nuevo cliente;Entrega;Cliente;Total;Pago;Estado;Fecha\n12;XK;No;Francia;J. DOE;\"1.052,00 €\";Cheque;Pago aceptado;2024-03-25 10:11:12\n",
        "ID;Bestell-Nr.;Neuer Kunde;Lieferung;Kunde;Gesamt;Zahlung;Status;Datum\n12;XK;Nein;Frankreich;J. DOE;\"1.052,00 €\";Scheck;Zahlung eingegangen;2024-03-25 10:11:12\n",
        "ID;Riferimento;Nuovo cliente;Consegna;Cliente;Totale;Pagamento;Stato;Data\n12;XK;No;Francia;J. DOE;\"1.052,00 €\";Assegno;Pagamento accettato;2024-03-25 10:11:12\n",
    ] {
        let (kept, report) = read(Format::Prestashop, Kind::Orders, text);
        assert!(kept.refused.is_empty(), "{:?}", kept.refused);
        let order = &kept.orders[0];
        assert_eq!(axes(order), (Status::Open, Payment::Paid, Fulfilment::Unfulfilled));
        let to = order.shipping_address.as_ref().unwrap();
        assert_eq!(
            (order.stated_total, to.country.as_str(), to.name.as_str()),
            (Some(105_200), "FR", "J. DOE")
        );
        assert_eq!(report.files[0].unknown_columns.len(), 2);
    }
    // Where no heading is known, those that were not read are named.
    let (kept, _) =
        read(Format::Prestashop, Kind::Orders, "ID;Celkem;Stav;Vytvořeno\n12;10,00;Zaplaceno;2024-03-25\n");
    let reason = &kept.refused[0].reason;
    assert!(reason.contains("Celkem, Stav, Vytvořeno") && reason.contains("--mapping"), "{reason}");
}

#[test]
fn customers_of_prestashops_list_and_table_are_read() {
    let list = "ID;Social title;First name;Last name;Email address;Sales;Enabled;Newsletter;Partner offers;Registration;Last visit\n2;Mr.;John;DOE;pub@x.fr;--;1;1;0;2024-01-05 10:11:12;--\n";
    let table = "id_customer;id_gender;company;firstname;lastname;email;birthday;newsletter;optin;date_add;active;note\n2;1;ACME;John;DOE;pub@x.fr;0000-00-00;1;0;2024-01-05 10:11:12;1;VIP\n";
    for text in [list, table] {
        let (kept, _) = read(Format::Prestashop, Kind::Customers, text);
        let person = &kept.customers[0];
        assert_eq!(
            (person.email.as_deref(), person.last_name.as_str(), person.accepts_marketing),
            (Some("pub@x.fr"), "DOE", Some(true))
        );
        assert!(person.created_at.is_some() && person.external[0].id == "2");
    }
    // One that is none of them is told of as such.
    let file = [Input::bytes("y.csv", &b"Colour;Weight\nred;5\n"[..])];
    let source = Source::Known(Format::Prestashop);
    let error = intake::read(Kind::Customers, &source, &file, &options(), &mut Kept::default()).unwrap_err();
    assert!(
        error.message.contains("y.csv is like none") && error.message.contains("Colour, Weight"),
        "{}",
        error.message
    );
}

#[test]
fn further_addresses_stand_below_their_customer() {
    let header = "email,_website,firstname,lastname,_address_city,_address_country_id,_address_firstname,_address_lastname,_address_postcode,_address_street,_address_fax\n";
    let rows = "ann@x.de,base,Ann,Lee,Boston,US,Ann,Lee,02101,1 Main St,1\n,,,,Köln,DE,Bo,Ek,50667,Domstr. 1,2\nbob@x.de,base,Bob,Ray,,,,,,,\n";
    let (kept, report) = read(Format::Magento, Kind::Customers, &format!("{header}{rows}"));
    assert!(
        kept.refused.is_empty() && report.warnings.0.is_empty(),
        "{:?} {:?}",
        kept.refused,
        report.warnings
    );
    let told = |n: usize| {
        let person = &kept.customers[n];
        let places = person.addresses.iter().map(|a| format!("{} {}", a.name, a.city)).collect::<Vec<_>>();
        (person.last_name.clone(), places.join("; "))
    };
    assert_eq!(told(0), ("Lee".to_owned(), "Ann Lee Boston; Bo Ek Köln".to_owned()));
    assert_eq!(kept.customers[0].metadata["_address_fax"], "1; 2");
    // Of whom no more is known than the name there is no address.
    assert_eq!(told(1), ("Ray".to_owned(), String::new()));
    // Who is named and has no e-mail address is no address of somebody else.
    let (kept, _) =
        read(Format::Magento, Kind::Customers, &format!("{header}{}", rows.replace("bob@x.de", "")));
    assert_eq!((kept.customers.len(), kept.refused[0].code), (0, "key_missing"));
}

#[test]
fn magentos_older_grid_has_its_names_and_keeps_its_signs() {
    let text = "Order #,Purchased On,Bill to Name,Ship to Name,G.T. (Purchased),Status\n1,2014-03-05 14:13:44,V Costello,V Costello,€30.39,Processing\n2,2014-03-06 14:13:44,V Costello,A Berg,$36.39,Complete\n";
    let mut kept = Kept::default();
    let file = [Input::bytes("x.csv", text.as_bytes())];
    let options = Options { currency: Some(Currency::USD), ..options() };
    intake::read(Kind::Orders, &Source::Known(Format::Magento), &file, &options, &mut kept).unwrap();
    let currencies: Vec<_> = kept.orders.iter().map(|o| o.currency).collect();
    assert_eq!(currencies, [Currency::EUR, Currency::USD]);
    let names = |o: &NewOrder| {
        let name = |a: &Option<crate::shop::customers::Address>| a.as_ref().map(|a| a.name.clone());
        (name(&o.billing), name(&o.shipping_address))
    };
    // The payer's name alone is no place to send to; another one is.
    assert_eq!(names(&kept.orders[0]), (Some("V Costello".into()), None));
    assert_eq!(names(&kept.orders[1]), (Some("V Costello".into()), Some("A Berg".into())));
}

#[test]
fn null_of_a_database_is_nothing_and_a_person_of_that_name_is_somebody() {
    let header = "increment_id,created_at,status,grand_total,order_currency_code,customer_email,customer_firstname,customer_lastname,customer_id,coupon_code\n";
    let dump = "1,2024-03-05 14:13:44,complete,10.00,USD,a@x.com,NULL,NULL,NULL,NULL\n";
    let person = "2,2024-03-05 14:13:44,complete,10.00,USD,b@x.com,NULL,NULL,,ten\n";
    let (kept, report) = read(Format::Magento, Kind::Orders, &format!("{header}{dump}{person}"));
    let last = |n: usize| match &kept.orders[n].customer {
        NewOrderCustomer::Described(person) => person.last_name.clone(),
        _ => panic!(),
    };
    assert_eq!((last(0).as_str(), last(1).as_str()), ("", "NULL"));
    assert_eq!((kept.orders[0].discount_code.as_str(), report.warnings.count("damaged_id")), ("", 0));
}

#[test]
fn what_is_due_is_not_paid_and_what_was_paid_is_not_unpaid() {
    let header = "increment_id,created_at,status,grand_total,order_currency_code,customer_email,total_due\n";
    let rows = "1,2024-03-05,processing,36.00,USD,a@x.com,36.00\n2,2024-03-05,processing,36.00,USD,a@x.com,6.00\n3,2024-03-05,complete,36.00,USD,a@x.com,0.00\n";
    let (kept, report) = read(Format::Magento, Kind::Orders, &format!("{header}{rows}"));
    let payments: Vec<_> = kept.orders.iter().map(|o| o.payment).collect();
    assert_eq!(payments, [Payment::Unpaid, Payment::PartPaid, Payment::Paid]);
    assert_eq!((kept.orders[1].payments[0].amount, report.warnings.count("paid_but_due")), (3000, 2));

    let header =
        "order_id,order_date,paid_date,status,order_total,refunded_total,order_currency,billing_email\n";
    let rows = "1,2023-11-05,2023-11-05,wc-cancelled,65.00,65.00,EUR,a@x.de\n2,2023-11-05,2023-11-05,on-hold,65.00,0,EUR,a@x.de\n3,2023-11-05,,odd,65.00,5.00,EUR,a@x.de\n4,2023-11-05,,pending,65.00,0,EUR,a@x.de\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, &format!("{header}{rows}"));
    let told: Vec<_> = kept.orders.iter().map(|o| (o.status, o.payment)).collect();
    assert_eq!(
        told,
        [
            (Status::Cancelled, Payment::Refunded),
            (Status::Open, Payment::Paid),
            (Status::Open, Payment::PartRefunded),
            (Status::Open, Payment::Unpaid)
        ]
    );
    assert_eq!(report.warnings.count("paid_beside_unpaid"), 3);
}

#[test]
fn woocommerces_labels_are_read_in_their_languages() {
    let words = [
        ("Abgeschlossen", Status::Completed, Payment::Paid),
        ("In Bearbeitung", Status::Open, Payment::Paid),
        ("Terminée", Status::Completed, Payment::Paid),
        ("Pending payment", Status::Open, Payment::Unpaid),
        ("Storniert", Status::Cancelled, Payment::Unpaid),
    ];
    let rows =
        words.iter().zip(1..).map(|((word, ..), n)| format!("{n},2023-11-05,{word},65.00,EUR,a@x.de\n"));
    let text = format!(
        "order_id,order_date,status,order_total,order_currency,billing_email\n{}",
        rows.collect::<String>()
    );
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, &text);
    let told: Vec<_> = kept.orders.iter().map(|o| (o.status, o.payment)).collect();
    assert_eq!(told, words.map(|(_, status, payment)| (status, payment)));
    assert_eq!(report.warnings.count("unknown_status"), 0);
}

#[test]
fn rows_of_items_go_on_with_the_order_above_and_a_row_of_sums_does_not() {
    let text = "Order Number,Order Status,Order Date,Order Total Amount,Email (Billing),SKU,Item Name,Quantity,Item Cost,Coupon Code\n701,Completed,2023-11-05,50.00,a@x.de,A1,Mug,2,15.00,id:4|code:ten|amount:3.00;code:five|amount:2.00\n,,,,,B1,Tee,1,20.00,\n702,Completed,2023-11-05,50.00,b@x.de,A1,Mug,1,50.00,TEN\n,,,100.00,,,,4,,\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Orders, text);
    let told: Vec<_> = kept.orders.iter().map(|o| (o.lines.len(), o.discount_code.as_str())).collect();
    assert_eq!(told, [(2, "ten, five"), (1, "TEN")]);
    assert_eq!(kept.refused.iter().map(|r| (r.line, r.code)).collect::<Vec<_>>(), [(5, "key_missing")]);
}

#[test]
fn items_whose_price_no_column_has_are_warned_of() {
    let text = "Order Number,Order Status,Order Date,Order Total,Billing Email Address,Item Name,Item Quantity\n1001,completed,2026-01-15,149.00,j@x.de,Mini,1\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, text);
    assert_eq!(
        (kept.orders[0].email.as_deref(), report.warnings.count("line_without_price")),
        (Some("j@x.de"), 1)
    );
    // A price without the tax leaves the rest of the total to be told of.
    let text = "id_order;date_add;email;osname;current_state;total_paid;total_wrapping;product_reference;product_quantity;product_price\n201;2022-08-01 12:13:14;j@x.fr;Remboursement partiel;14;45.000000;2.00;demo_1;2;16.666667\n";
    let (kept, report) = read(Format::Prestashop, Kind::Orders, text);
    let order = &kept.orders[0];
    assert_eq!(
        (order.payment, order.lines.len(), report.warnings.count("total_unexplained")),
        (Payment::PartRefunded, 2, 1)
    );
}

#[test]
fn what_a_mapping_names_and_no_file_has_is_told() {
    let (_, report) =
        mapped(&format!("{ORDER}shipping = \"Versand\"\n"), "No,Date,Total\n1,2024-03-05,1.00\n");
    assert!(
        report.assumptions.iter().any(|told| told.contains("Versand (order.shipping)")),
        "{:?}",
        report.assumptions
    );
    let (kept, _) = mapped(ORDER, "No,Date,Total\n1,1709648024,1.00\n");
    assert!(kept.refused[0].reason.contains("seconds since 1970"), "{}", kept.refused[0].reason);
}

#[test]
fn files_that_are_missing_are_named_as_people_know_them() {
    let file = [Input::bytes("c.csv", &b"customer_id,customer_unique_id,customer_city\n1,2,x\n"[..])];
    let source = Source::Known(Format::Olist);
    let error = intake::read(Kind::Orders, &source, &file, &options(), &mut Kept::default()).unwrap_err();
    assert!(error.code == "file_missing" && !error.message.contains("translation."), "{}", error.message);
}

#[test]
fn a_page_and_an_xml_table_are_not_taken_for_text() {
    let source = Source::Known(Format::Magento);
    for text in
        ["<html><table><tr><td>ID</td></tr></table></html>", "<?xml version=\"1.0\"?><Workbook></Workbook>"]
    {
        let file = [Input::bytes("m.xls", text.as_bytes())];
        let error = intake::read(Kind::Orders, &source, &file, &options(), &mut Kept::default()).unwrap_err();
        assert!(error.code == "file_not_text" && error.message.contains("CSV"), "{}", error.message);
    }
}
