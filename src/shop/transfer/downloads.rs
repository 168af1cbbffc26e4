//! Exports from the pages: what a list shows, or whole records that come in again, streamed while they are read.

use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind as ErrorKind, Result};
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::search::query::parse;
use crate::search::{Count, Request, Search, Sort};
use crate::shop::transfer::export::OrderShape;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::outgoing::{Export, FileFormat, Shape, Wanted, kind_word, needs_index, not_whole};
use crate::shop::transfer::writer::Style;
use crate::store::{Actor, Event, Store, Subject};
use crate::web::download::{Pieces, attachment, streamed};
use crate::web::listing::{self, COUNT_ON_PAGES, total_words};
use crate::web::parts::FormErrors;
use crate::web::routing;
use crate::web::{Form, Page, Pages, Query, Shell};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::io::BufWriter;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Exports under way at once; each has a thread and reads as fast as its reader takes.
const AT_ONCE: usize = 4;

/// The shape that is a kind of its own.
const NOTES: &str = "credit_notes";

crate::id!(
    /// An export: `exp_…`.
    ExportId, "exp"
);

/// Every kind of event of this part with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] =
    &[("export.made", "Records were exported from a page: which, by whom, how many.")];

/// The exports under way. Cheap to clone.
#[derive(Clone)]
pub struct Downloads(Arc<Semaphore>);

impl Default for Downloads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/admin/exports/orders")
                .route(routing::get().to(orders_page))
                .route(routing::post().to(orders_file)),
        )
        .service(
            routing::resource("/admin/exports/customers")
                .route(routing::get().to(customers_page))
                .route(routing::post().to(customers_file)),
        );
}

/// `export.made`
#[derive(Serialize)]
struct Made<'a> {
    kind: &'static str,
    query: &'a str,
    shape: &'a str,
    format: &'static str,
    records: u64,
    /// False when the reader left before the end.
    whole: bool,
}
impl Event for Made<'_> {
    fn kind(&self) -> &'static str {
        "export.made"
    }
}

/// What is exported and how; the address of the page and the fields of its form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    q: String,
    sort: String,
    /// Customers who spent in this currency, most first; then `q` and `sort` stay empty.
    spent_in: String,
    /// Words of columns with commas; empty are all.
    cols: String,
    /// `list`, `shown` (the list with `cols` alone), `records`, or with orders `credit_notes`; empty is `list`.
    shape: String,
    /// `csv`, `xlsx`, or `jsonl`, which is always whole records; empty is `csv`.
    format: String,
    /// `;`, `,` or `tab`; empty is the comma.
    delimiter: String,
    /// `yes`: with the byte order mark by which Excel knows UTF-8.
    mark: String,
}

impl Asked {
    /// Credit notes are exported beside the orders, whose page has no list of them.
    fn kind(&self, page: Kind) -> Kind {
        if page == Kind::Orders && self.shape == NOTES { Kind::CreditNotes } else { page }
    }
    fn style(&self) -> Result<Style> {
        let delimiter = match self.delimiter.as_str() {
            "" | "," => b',',
            ";" => b';',
            "tab" => b'\t',
            _ => return Err(wrong("delimiter", "a comma, a semicolon or tab")),
        };
        let mark = match self.mark.as_str() {
            "" => false,
            "yes" => true,
            _ => return Err(wrong("mark", "yes, or leave it out")),
        };
        Ok(Style { delimiter, mark })
    }
    /// The one list that no query has: who spent most in a currency.
    fn spent_in(&self, kind: Kind) -> Result<Option<Currency>> {
        if self.spent_in.is_empty() {
            return Ok(None);
        }
        if kind != Kind::Customers || !self.q.trim().is_empty() {
            let message = "Who spent most in a currency is exported as a whole. Leave the words away.";
            return Err(Error::invalid("invalid_choice", message).on("/q"));
        }
        Currency::parse(&self.spent_in).map(Some).map_err(|e| e.on("/spent_in"))
    }
    fn format(&self) -> Result<FileFormat> {
        Ok(match self.format.as_str() {
            "" | "csv" => FileFormat::Csv(self.style()?),
            "xlsx" => FileFormat::Xlsx,
            "jsonl" => FileFormat::JsonLines,
            _ => return Err(wrong("format", "csv, xlsx or jsonl")),
        })
    }
    fn shape(&self) -> Result<Shape> {
        let columns =
            || self.cols.split(',').map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned).collect();
        Ok(match self.shape.as_str() {
            "" | "list" => Shape::List { columns: Vec::new() },
            "shown" => Shape::List { columns: columns() },
            "records" | NOTES => Shape::Records { columns: Vec::new(), orders: OrderShape::PerLine },
            _ => return Err(wrong("shape", "list, shown, records or credit_notes")),
        })
    }
}

fn wrong(field: &str, right: &str) -> Error {
    Error::invalid("invalid_choice", format!("Choose {right}.")).on(format!("/{field}"))
}

/// The choices, and how many records they are about.
#[derive(Debug, Serialize)]
struct ExportPage {
    kind: &'static str,
    /// What is counted, in words.
    noun: &'static str,
    asked: Asked,
    total: String,
    errors: Option<FormErrors>,
}

impl Page for ExportPage {
    const TEMPLATE: &'static str = "transfer/export.html";
    #[cfg(test)]
    fn sample() -> Self {
        let asked =
            Asked { q: "<script>alert(1)</script>".into(), cols: "number,total".into(), ..Asked::default() };
        let error = Error::invalid("invalid_query", "There is no field “colur”.").on("/q");
        Self {
            kind: "orders",
            noun: "orders",
            asked,
            total: "42".into(),
            errors: Some(FormErrors::of(&error)),
        }
    }
}

/// What is asked, as the export takes it, and how many records it is about in words.
struct Understood {
    /// As programs write it.
    query: String,
    sort: Option<Sort>,
    spent_in: Option<Currency>,
    shape: Shape,
    format: FileFormat,
    total: String,
}

/// The parts that reading the records takes.
struct Desk {
    store: web::Data<Store>,
    search: web::Data<Search>,
    shop: web::Data<Shop>,
}

impl Desk {
    /// What is asked, understood: the order of the list, and how many records there are.
    fn understood(&self, kind: Kind, asked: &Asked, now: Timestamp) -> Result<Understood> {
        let parsed = parse(&asked.q, self.search.schema(), now, &self.shop.zone(), None);
        if let Some(problem) = parsed.problems.first() {
            return Err(listing::refusal(problem).on("/q"));
        }
        let kind = asked.kind(kind);
        let sort = match asked.sort.as_str() {
            // The order of a list is that of its own kind.
            "" => None,
            _ if kind == Kind::CreditNotes => None,
            text => Some(listing::sort(&self.search, kind_word(kind), text)?),
        };
        let spent_in = asked.spent_in(kind)?;
        let (shape, format) = (asked.shape()?, asked.format()?);
        // With the star behind a beginning that stood last while it was typed.
        let query = parsed.canonical;
        if spent_in.is_some() {
            return Ok(Understood { query, sort, spent_in, shape, format, total: String::new() });
        }
        let needs_index = needs_index(&parsed.query, sort.as_ref());
        let counted = self.search.find(&Request {
            limit: 1,
            count: Count::UpTo(COUNT_ON_PAGES),
            ..Request::list(parsed.query, kind_word(kind))
        })?;
        if counted.degraded && needs_index && !self.search.has_index() {
            return Err(not_whole());
        }
        let total = counted.total.as_ref().filter(|_| !counted.degraded).map(total_words).unwrap_or_default();
        Ok(Understood { query, sort, spent_in, shape, format, total })
    }

    fn page(&self, kind: Kind, asked: Asked, now: Timestamp) -> (ExportPage, StatusCode) {
        let (total, errors, status) = match self.understood(kind, &asked, now) {
            Ok(understood) => (understood.total, None, StatusCode::OK),
            Err(error) => {
                let status = match error.kind {
                    ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => crate::web::error::status(&error),
                };
                (String::new(), Some(FormErrors::of(&error)), status)
            }
        };
        let noun = asked.kind(kind).label();
        (ExportPage { kind: kind.word(), noun, asked, total, errors }, status)
    }

    /// Starts the thread that writes the file, and gives the answer it writes to.
    fn file(
        &self,
        kind: Kind,
        asked: Asked,
        actor: Actor,
        place: OwnedSemaphorePermit,
    ) -> Result<HttpResponse> {
        let now = self.store.clock().now();
        let Understood { query, sort, spent_in, shape, format, .. } = self.understood(kind, &asked, now)?;
        let kind = asked.kind(kind);
        let zone = self.shop.zone();
        let day = now.in_zone(&zone).strftime("%Y-%m-%d").to_string();
        let name = format!("{}-{day}.{}", kind.word(), format.ending());
        let (pieces, answer) = streamed(attachment(format.content_type(), &name));
        let (store, search) = (Store::clone(&self.store), Search::clone(&self.search));
        let run = move || {
            let _place = place;
            let wanted = Wanted { kind, query: &query, shape, format, sort, spent_in, now, zone: &zone };
            let mut out = BufWriter::with_capacity(64 * 1024, pieces);
            let written = Export::begin(&store, &search, &wanted).and_then(|export| export.write(&mut out));
            let query = match spent_in {
                Some(currency) => format!("most spent in {currency}"),
                None => query.clone(),
            };
            let made = Made {
                kind: kind.word(),
                query: &query,
                shape: if asked.shape.is_empty() { "list" } else { &asked.shape },
                format: format.ending(),
                records: written.as_ref().copied().unwrap_or(0),
                whole: written.is_ok(),
            };
            note(&store, actor, &made);
            finish(out, written);
        };
        std::thread::Builder::new().name("export".into()).spawn(run).map_err(Error::internal)?;
        Ok(answer)
    }
}

/// Ends the body, or breaks it off where the file is not whole.
fn finish(out: BufWriter<Pieces>, written: Result<u64>) {
    if let Err(error) = written {
        if error.code != "file_unwritable" {
            tracing::error!(error = %error.cause_chain(), "an export ended early");
        }
        let (pieces, _unsent) = out.into_parts();
        pieces.fail();
    }
}

/// Writes down who took which records out of the house.
fn note(store: &Store, actor: Actor, made: &Made<'_>) {
    let data = serde_json::to_value(made).unwrap_or_default();
    let noted = store.write_blocking(actor, move |tx| {
        let id: ExportId = tx.new_id();
        tx.publish(Subject::of(&id), &Noted(data.clone()))
    });
    if let Err(error) = noted {
        tracing::error!(error = %error.cause_chain(), "an export could not be noted");
    }
}

/// [`Made`] on its way to the writer's thread.
#[derive(Serialize)]
#[serde(transparent)]
struct Noted(serde_json::Value);
impl Event for Noted {
    fn kind(&self) -> &'static str {
        "export.made"
    }
}

type Parts = (web::Data<Store>, web::Data<Search>, web::Data<Shop>);

fn show(kind: Kind, parts: Parts, pages: &Pages, shell: &Shell, asked: Asked) -> Result<HttpResponse> {
    let desk = Desk { store: parts.0, search: parts.1, shop: parts.2 };
    let (page, status) = desk.page(kind, asked, shell.now);
    pages.show_as(status, shell, &page)
}

fn send(
    kind: Kind,
    parts: Parts,
    downloads: &Downloads,
    (pages, shell): (&Pages, &Shell),
    actor: Actor,
    asked: Asked,
) -> Result<HttpResponse> {
    let busy = |e| {
        Error::unavailable("busy", "Several exports are being written. Try again in a moment.", 10).because(e)
    };
    let place = Arc::clone(&downloads.0).try_acquire_owned().map_err(busy)?;
    let desk = Desk { store: parts.0, search: parts.1, shop: parts.2 };
    match desk.file(kind, asked.clone(), actor, place) {
        Err(error) if error.kind == ErrorKind::Invalid => {
            let page = ExportPage {
                kind: kind.word(),
                noun: kind.label(),
                asked,
                total: String::new(),
                errors: Some(FormErrors::of(&error)),
            };
            pages.show_as(StatusCode::UNPROCESSABLE_ENTITY, shell, &page)
        }
        other => other,
    }
}

/// `GET /admin/exports/orders`
async fn orders_page(
    _me: Staff<may::ExportOrders>,
    parts: Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    Query(asked): Query<Asked>,
) -> Result<HttpResponse> {
    show(Kind::Orders, parts, &pages, &shell, asked)
}

/// `GET /admin/exports/customers`
async fn customers_page(
    _me: Staff<may::ExportCustomers>,
    parts: Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    Query(asked): Query<Asked>,
) -> Result<HttpResponse> {
    show(Kind::Customers, parts, &pages, &shell, asked)
}

/// `POST /admin/exports/orders`
async fn orders_file(
    me: Staff<may::ExportOrders>,
    parts: Parts,
    downloads: web::Data<Downloads>,
    (pages, shell): (web::Data<Pages>, Shell),
    Form(asked): Form<Asked>,
) -> Result<HttpResponse> {
    send(Kind::Orders, parts, &downloads, (&pages, &shell), me.actor(), asked)
}

/// `POST /admin/exports/customers`
async fn customers_file(
    me: Staff<may::ExportCustomers>,
    parts: Parts,
    downloads: web::Data<Downloads>,
    (pages, shell): (web::Data<Pages>, Shell),
    Form(asked): Form<Asked>,
) -> Result<HttpResponse> {
    send(Kind::Customers, parts, &downloads, (&pages, &shell), me.actor(), asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Clock;
    use crate::search::{self, Change, Doc, Schema, Source};
    use crate::shop::customers;
    use crate::shop::orders;
    use crate::store::{self, TableInfo};
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders_and_escapes() {
        let page = renders::<ExportPage>();
        assert!(page.contains("Export orders") && !page.contains("<script>alert"));
    }

    #[test]
    fn choices_are_understood_or_refused_by_name() {
        let asked = |shape: &str, delimiter: &str| Asked {
            shape: shape.into(),
            delimiter: delimiter.into(),
            cols: "number, total".into(),
            ..Asked::default()
        };
        let shown = asked("shown", ";");
        assert_eq!(shown.shape().unwrap(), Shape::List { columns: vec!["number".into(), "total".into()] });
        let style = Style { delimiter: b';', mark: false };
        assert_eq!(shown.format().unwrap(), FileFormat::Csv(style));
        assert_eq!(asked("pdf", "").shape().unwrap_err().fields[0].pointer, "/shape");
        assert_eq!(asked("", "x").format().unwrap_err().fields[0].pointer, "/delimiter");
    }

    /// A shop without records, whose index nobody builds.
    struct Nothing;

    impl Source for Nothing {
        fn doc(&self, _: &str, _: &[u8; 16]) -> Result<Option<Doc>> {
            Ok(None)
        }
        fn ids(&self, _: &str, _: Option<[u8; 16]>, _: usize) -> Result<Vec<[u8; 16]>> {
            Ok(Vec::new())
        }
        fn changes(&self, _: u64, _: usize) -> Result<Vec<Change>> {
            Ok(Vec::new())
        }
        fn last_seq(&self) -> u64 {
            0
        }
        fn epoch(&self) -> [u8; 16] {
            [7; 16]
        }
    }

    /// While the index is rebuilt only the newest records are looked through: the file would end there and be noted as whole.
    #[test]
    fn without_a_whole_index_nothing_is_exported_but_everything() {
        let dir = tempfile::tempdir().unwrap();
        let tables: Vec<TableInfo> = [customers::TABLES, orders::TABLES].concat();
        let tables: &'static [TableInfo] = Box::leak(tables.into_boxed_slice());
        let clock = Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
        let keep = store::Settings { reserve_mb: 0, ballast_mb: 0, ..store::Settings::default() };
        let store = Store::open(dir.path(), &keep, clock.clone(), tables).unwrap();
        let mut kinds = orders::KINDS.to_vec();
        kinds.push(customers::KIND);
        let fields = customers::FIELDS.iter().chain(orders::FIELDS).copied().collect();
        let schema = Schema::new(kinds, fields).unwrap();
        let (source, settings) = (Arc::new(Nothing), search::Settings::default());
        let search = Search::open(&dir.path().join("index"), schema, source, settings).unwrap();
        let shop = web::Data::new(Shop::new(store.clone()));
        let desk = Desk { store: web::Data::new(store), search: web::Data::new(search), shop };
        let now = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let begun = |asked: &Asked| -> Result<u64> {
            let Understood { query, sort, spent_in, shape, format, .. } =
                desk.understood(Kind::Orders, asked, now)?;
            let zone = desk.shop.zone();
            let wanted =
                Wanted { kind: Kind::Orders, query: &query, shape, format, sort, spent_in, now, zone: &zone };
            Export::begin(&desk.store, &desk.search, &wanted)?.write(std::io::sink())
        };
        let (everything, some, sorted) = (
            Asked::default(),
            Asked { q: "is:held".into(), ..Asked::default() },
            Asked { sort: "-total".into(), ..Asked::default() },
        );
        for asked in [&some, &sorted] {
            assert_eq!(begun(asked).unwrap_err().code, "index_rebuilding");
            let zone = desk.shop.zone();
            let wanted = Wanted {
                kind: Kind::Orders,
                query: &asked.q,
                shape: asked.shape().unwrap(),
                format: asked.format().unwrap(),
                sort: (!asked.sort.is_empty()).then_some(Sort::Newest),
                spent_in: None,
                now,
                zone: &zone,
            };
            let refused = Export::begin(&desk.store, &desk.search, &wanted).map(drop).unwrap_err();
            assert_eq!(refused.code, "index_rebuilding", "also by the command");
            let (page, status) = desk.page(Kind::Orders, asked.clone(), now);
            assert_eq!((page.total.as_str(), status), ("", StatusCode::SERVICE_UNAVAILABLE));
            assert!(page.errors.is_some());
        }
        assert_eq!(begun(&everything).unwrap(), 0);
        let (page, status) = desk.page(Kind::Orders, everything, now);
        assert_eq!((page.total.as_str(), status, page.errors.is_none()), ("", StatusCode::OK, true));
        desk.search.flush().unwrap();
        assert_eq!((begun(&some).unwrap(), begun(&sorted).unwrap()), (0, 0));
    }
}
