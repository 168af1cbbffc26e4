//! Credit notes out and in again: CSV with a row a line of the note, and JSON lines, both with everything there is.

use crate::base::country;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::shop::customers::{Customer, ExternalRef, one_line};
use crate::shop::orders::{
    CreditKind, CreditNote, CreditNoteId, Given, Line, NewCreditNote, NewLine, NewOrder, NewOrderCustomer,
};
use crate::shop::transfer::document::{BuyerDocument, LineDocument};
use crate::shop::transfer::export::{header, json_line};
use crate::shop::transfer::put::{List, Shown};
use crate::shop::transfer::writer::Rows;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// A credit note with everything it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNoteDocument {
    #[serde(default)]
    pub id: Option<CreditNoteId>,
    #[serde(default)]
    pub number: String,
    #[serde(default = "credit")]
    pub kind: CreditKind,
    pub issued_at: Timestamp,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub source: Option<ExternalRef>,
    #[serde(default)]
    pub customer: Option<BuyerDocument>,
    pub currency: Currency,
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub lines: Vec<LineDocument>,
    pub total: i64,
}

fn credit() -> CreditKind {
    CreditKind::Credit
}

impl CreditNoteDocument {
    pub fn of(note: &CreditNote, customer: Option<&Customer>) -> Self {
        let n = note.clone();
        Self {
            id: Some(n.id),
            number: n.number,
            kind: n.kind,
            issued_at: n.issued_at,
            created_at: Some(n.created_at),
            source: n.source,
            customer: BuyerDocument::of(n.customer, customer),
            currency: n.currency,
            country: n.country,
            lines: n.lines.iter().map(LineDocument::from).collect(),
            total: n.total,
        }
    }

    /// The credit note as an import hands it in; one without a source is named by our own id.
    ///
    /// # Errors
    /// `id_missing`, `unknown_country`, and the rules of the lines of orders.
    pub fn into_new(self) -> Result<NewCreditNote> {
        let own = || self.id.map(ExternalRef::own);
        let Some(source) = self.source.clone().or_else(own) else {
            let text = "A credit note needs its id, or its source and its id there.";
            return Err(Error::invalid("id_missing", text).on("/id"));
        };
        let country = match self.country.trim() {
            "" => String::new(),
            text => country::parse(text).map_err(|e| e.on("/country"))?,
        };
        // The rules of lines are those of orders.
        let order = NewOrder {
            lines: self.lines.into_iter().map(NewLine::from).collect(),
            stated_total: Some(self.total),
            is_import: true,
            ..NewOrder::new(self.currency)
        };
        let nobody = crate::shop::orders::OrderId::from_bytes([0; 16]);
        let lines: Vec<Line> = order.checked(nobody, Timestamp(0))?.lines;
        Ok(NewCreditNote {
            wished_id: self.id,
            number: one_line(&self.number).map_err(|e| e.on("/number"))?,
            source: Some(source),
            issued_at: self.issued_at,
            created_at: self.created_at,
            customer: self
                .customer
                .map_or(NewOrderCustomer::Guest, |c| NewOrderCustomer::Described(Box::new(c.into_new()))),
            currency: self.currency,
            lines,
            total: self.total,
            kind: self.kind,
            country,
            given: Given::default(),
        })
    }
}

/// What a row of a file of credit notes is about.
pub struct NoteRow<'a> {
    note: &'a CreditNote,
    /// Whose it is; without the record only the id is known.
    buyer: Option<&'a Customer>,
    /// Its place from 1, and the line; `None` for a note without lines.
    line: Option<(usize, &'a Line)>,
}

/// A column of a file of credit notes.
pub struct NoteColumn {
    /// The name in the header, stable.
    pub name: &'static str,
    is_text: bool,
    value: for<'a> fn(&'a NoteRow<'a>, &'a mut String) -> &'a str,
}

fn of_line<'a>(row: &NoteRow<'a>, of: fn(&Line) -> &String) -> Option<&'a str> {
    row.line.map(|(_, l)| of(l).as_str())
}
fn line_money(row: &NoteRow<'_>, of: fn(&Line) -> i64) -> Option<Money> {
    row.line.map(|(_, l)| Money::new(of(l), row.note.currency))
}
fn of_buyer<'a>(row: &NoteRow<'a>, of: fn(&Customer) -> &String) -> Option<&'a str> {
    row.buyer.map(|b| of(b).as_str())
}

/// The word of a kind in files.
pub fn kind_word(kind: CreditKind) -> &'static str {
    match kind {
        CreditKind::Credit => "credit",
        CreditKind::Adjustment => "adjustment",
    }
}
/// The kind of a word in a file.
pub fn kind_from_word(word: &str) -> Option<CreditKind> {
    [CreditKind::Credit, CreditKind::Adjustment].into_iter().find(|kind| kind_word(*kind) == word)
}

crate::shop::transfer::export::columns! {
    /// All columns of a file of credit notes: the note's own on every row, then the line's.
    NOTE_COLUMNS: NoteColumn of r {
        text "number" => r.note.number.as_str(),
        plain "id" => Shown(r.note.id),
        plain "kind" => kind_word(r.note.kind),
        plain "issued_at" => r.note.issued_at,
        plain "created_at" => r.note.created_at,
        text "source" => r.note.source.as_ref().map(|s| s.source.as_str()),
        text "source_id" => r.note.source.as_ref().map(|s| s.id.as_str()),
        plain "customer_id" => r.note.customer.map(Shown),
        text "customer_email" => r.buyer.and_then(|b| b.email.as_deref()),
        text "customer_first_name" => of_buyer(r, |b| &b.first_name),
        text "customer_last_name" => of_buyer(r, |b| &b.last_name),
        text "customer_company" => of_buyer(r, |b| &b.company),
        text "customer_phone" => of_buyer(r, |b| &b.phone),
        text "customer_external" => r.buyer.map(|b| List(&b.external)),
        plain "country" => r.note.country.as_str(),
        plain "currency" => r.note.currency.code(),
        plain "total" => Money::new(r.note.total, r.note.currency),
        plain "line" => r.line.map(|(place, _)| place),
        text "line_sku" => of_line(r, |l| &l.sku),
        text "line_barcode" => of_line(r, |l| &l.barcode),
        text "line_title" => of_line(r, |l| &l.title),
        text "line_category" => of_line(r, |l| &l.category),
        text "line_size" => of_line(r, |l| &l.size),
        text "line_colour" => of_line(r, |l| &l.colour),
        text "line_vendor" => of_line(r, |l| &l.vendor),
        plain "line_quantity" => r.line.map(|(_, l)| l.quantity),
        plain "line_unit_price" => r.line.map(|(_, l)| l.unit_price),
        plain "line_discount" => line_money(r, |l| l.discount),
        plain "line_tax" => line_money(r, |l| l.tax),
        plain "line_total" => line_money(r, |l| l.total),
    }
}

/// Writes credit notes one after another.
pub struct NoteRows<R: Rows> {
    rows: R,
}

impl<R: Rows> NoteRows<R> {
    /// Writes the header.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub fn new(mut rows: R) -> Result<Self> {
        header(&mut rows, NOTE_COLUMNS.iter().map(|column| column.name))?;
        Ok(Self { rows })
    }
    /// # Errors
    /// `file_unwritable`.
    pub fn write(&mut self, note: &CreditNote, customer: Option<&Customer>) -> Result<()> {
        let buyer = customer.filter(|c| Some(c.id) == note.customer);
        let mut cell = String::new();
        for place in 0..note.lines.len().max(1) {
            let row = NoteRow { note, buyer, line: note.lines.get(place).map(|line| (place + 1, line)) };
            for column in NOTE_COLUMNS {
                let value = (column.value)(&row, &mut cell);
                if column.is_text { self.rows.text(value)? } else { self.rows.plain(value)? }
            }
            self.rows.end_row()?;
        }
        Ok(())
    }
    /// The rows, to look at what was written.
    pub fn rows_mut(&mut self) -> &mut R {
        &mut self.rows
    }
    /// Gives the writer back.
    pub fn into_rows(self) -> R {
        self.rows
    }
}

/// Writes a credit note as one line of JSON.
///
/// # Errors
/// `file_unwritable`.
pub fn note_json(out: &mut dyn Write, note: &CreditNote, customer: Option<&Customer>) -> Result<()> {
    json_line(out, &CreditNoteDocument::of(note, customer))
}
