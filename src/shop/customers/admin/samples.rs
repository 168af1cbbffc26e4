//! A life-like customer for the tests of pages.

use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, Customer, CustomerId, ExternalRef};
use std::collections::BTreeMap;

/// Anna Berg, with everything a customer can have.
pub(super) fn customer() -> Customer {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let home = Address {
        name: "Anna Berg".into(),
        line1: "Torstraße 1".into(),
        postcode: "10119".into(),
        city: "Berlin".into(),
        country: "DE".into(),
        ..Address::default()
    };
    let work = Address {
        company: "Berg & Sons <script>alert(1)</script>".into(),
        line1: "Bahnhofstrasse 7".into(),
        city: "Zürich".into(),
        country: "CH".into(),
        ..Address::default()
    };
    Customer {
        id: CustomerId::from_bytes([2; 16]),
        version: 3,
        created_at: at("2025-03-02T09:00:00Z"),
        updated_at: at("2026-11-19T10:42:00Z"),
        email: Some("anna@example.com".into()),
        first_name: "Anna".into(),
        last_name: "Berg".into(),
        company: String::new(),
        phone: "+49 30 1234567".into(),
        addresses: vec![home, work],
        note: "Prefers neutral packaging.\nCalls before noon.".into(),
        tags: vec!["VIP".into(), "gift".into()],
        metadata: BTreeMap::from([("locker".to_owned(), "DE-1234".to_owned())]),
        external: vec![ExternalRef { source: "shopify".into(), id: "5123".into() }],
        accepts_marketing: true,
        tax_exempt: false,
        vat_id: "DE123456789".into(),
        language: "de".into(),
        birthday: "1990-05-17".into(),
        imported: None,
        old_emails: vec!["anna.old@example.com".into()],
    }
}
