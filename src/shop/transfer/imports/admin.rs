//! The pages of imports: upload, what the dry run found, start, progress, result, refused rows.

use super::model::{Asked, Import, ImportId, Outcome};
use super::ops;
use super::view::{Choices, ImportPage, badge};
use super::work::Imports;
use crate::access::{Staff, may};
use crate::base::error::{Error, Kind as Refusal, Result};
use crate::base::time::Timestamp;
use crate::shop::transfer::intake::MAPPED;
use crate::shop::transfer::landing::counted;
use crate::store::Store;
use crate::web::download::attachment;
use crate::web::error::status;
use crate::web::parts::{Badge, FormErrors};
use crate::web::routing;
use crate::web::upload::{Upload, UploadedFile};
use crate::web::{Page, Pages, PathId, Shell, Toast, see_other};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

const PATH: &str = "/admin/transfer";
/// A mapping is a page of text.
const MAPPING_MAX: u64 = 64 * 1024;
/// Imports that the list shows.
const LISTED: usize = 50;
/// The input of the files, and that of the mapping.
const FILES: &str = "file";
const MAPPING: &str = "mapping";

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/transfer").route(routing::get().to(list)))
        .service(routing::resource("/admin/transfer/imports").route(routing::post().to(upload)))
        .service(routing::resource("/admin/transfer/imports/{id}").route(routing::get().to(show)))
        .service(routing::resource("/admin/transfer/imports/{id}/check").route(routing::post().to(ask_anew)))
        .service(routing::resource("/admin/transfer/imports/{id}/start").route(routing::post().to(start)))
        .service(routing::resource("/admin/transfer/imports/{id}/stop").route(routing::post().to(stop)))
        .service(routing::resource("/admin/transfer/imports/{id}/remove").route(routing::post().to(remove)))
        .service(
            routing::resource("/admin/transfer/imports/{id}/refused.csv").route(routing::get().to(refused)),
        );
}

/// One import in the list.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    files: String,
    what: String,
    badge: Badge,
    by: String,
    at: Timestamp,
    /// What it did or would do.
    text: String,
}

/// Upload and list.
#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    choices: Choices,
    asked: Asked,
    errors: Option<FormErrors>,
    rows: Vec<Row>,
    upload_max: u64,
    may_export_orders: bool,
    may_export_customers: bool,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "transfer/list.html";
    #[cfg(test)]
    fn sample() -> Self {
        let id = super::testing::id();
        let import = super::testing::import(super::model::State::Done);
        Self {
            choices: Choices::all(crate::base::money::Currency::EUR),
            asked: Asked::default(),
            errors: Some(FormErrors::of(&Error::invalid("file_missing", "Choose a file.").on("/file"))),
            rows: vec![Row::of(id, &import)],
            upload_max: 200 << 20,
            may_export_orders: true,
            may_export_customers: true,
        }
    }
}

impl Row {
    fn of(id: ImportId, import: &Import) -> Self {
        let outcome = import.result.as_ref().or(import.check.as_ref());
        Self {
            id: id.to_string(),
            files: import.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", "),
            what: import.asked.what.clone(),
            badge: badge(import),
            by: import.created_by.clone(),
            at: import.created_at,
            text: import.problem.clone().or_else(|| outcome.map(in_words)).unwrap_or_default(),
        }
    }
}

fn in_words(outcome: &Outcome) -> String {
    let counts = outcome.landed.in_words();
    counts.iter().map(|(n, what)| counted(*n, what)).collect::<Vec<_>>().join(", ")
}

/// `GET /admin/transfer`
async fn list(
    me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    (pages, shell): (web::Data<Pages>, Shell),
) -> Result<HttpResponse> {
    pages.show(&shell, &list_page(&me, &store, &imports, Asked::default(), None)?)
}

fn list_page(
    me: &Staff<may::RunImports>,
    store: &Store,
    desk: &Imports,
    asked: Asked,
    error: Option<&Error>,
) -> Result<ListPage> {
    let imports = store.read(|s| ops::newest(s, LISTED))?;
    Ok(ListPage {
        choices: Choices::all(desk.currency()),
        asked,
        errors: error.map(FormErrors::of),
        rows: imports.iter().map(|(id, import)| Row::of(*id, import)).collect(),
        upload_max: desk.upload_max(),
        may_export_orders: me.may("orders:export"),
        may_export_customers: me.may("customers:export"),
    })
}

/// `POST /admin/transfer/imports`
async fn upload(
    me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    (pages, shell): (web::Data<Pages>, Shell),
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let most = imports.upload_max();
    let (asked, added) = match Upload::read(&request, payload, imports.arrivals(), most).await {
        Ok(upload) => {
            let Sent { asked, files, problem } = sorted(upload);
            (asked.clone(), add(&me, &store, &imports, asked, files, problem).await)
        }
        Err(error) if error.code == "body_too_large" => (Asked::default(), Err(too_large(most))),
        Err(error) => (Asked::default(), Err(error)),
    };
    match added {
        Ok(id) => see_other(&format!("{PATH}/imports/{id}"), None),
        Err(error) if error.kind == Refusal::Invalid => {
            let page = list_page(&me, &store, &imports, asked, Some(&error))?;
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// The refusal of files over the limit, with what helps.
fn too_large(most: u64) -> Error {
    let size = if most < 1 << 20 { format!("{} KB", most >> 10) } else { format!("{} MB", most >> 20) };
    let text = format!(
        "The files are larger than {size}, which is the most here (server.max_upload). Send them packed with gzip or zstd, or import them with the command. They have to be chosen again."
    );
    Error::invalid("body_too_large", text).on("/file")
}

/// The choices and the files of a form.
struct Sent {
    asked: Asked,
    files: Vec<UploadedFile>,
    /// What was wrong with the mapping.
    problem: Option<Error>,
}

fn sorted(upload: Upload) -> Sent {
    let text = |name: &str| upload.fields.get(name).unwrap_or_default().trim().to_owned();
    let mut asked = Asked {
        what: text("what"),
        from: text("from"),
        mapping: Some(text("mapping_text")).filter(|t| !t.is_empty()),
        encoding: text("encoding"),
        decimal: text("decimal"),
        dates: text("dates"),
        currency: text("currency"),
        source_name: text("source_name"),
        zone: text("zone"),
    };
    let (mappings, files): (Vec<_>, Vec<_>) = upload.files.into_iter().partition(|f| f.input == MAPPING);
    let mut problem = None;
    match mappings.first().map(mapping_of) {
        Some(Ok(mapping)) => asked.mapping = Some(mapping),
        Some(Err(error)) => problem = Some(error),
        None => {}
    }
    if (asked.mapping.is_some() || problem.is_some()) && asked.from.is_empty() {
        asked.from = MAPPED.to_owned();
    }
    Sent { asked, files: files.into_iter().filter(|f| f.input == FILES).collect(), problem }
}

fn mapping_of(file: &UploadedFile) -> Result<String> {
    if file.bytes > MAPPING_MAX {
        return Err(Error::invalid("mapping_too_large", "A mapping has at most 64 KB.").on("/mapping"));
    }
    std::fs::read_to_string(&file.path).map_err(|e| {
        Error::invalid("unreadable", "The mapping is no text in UTF-8.").on("/mapping").because(e)
    })
}

async fn add(
    me: &Staff<may::RunImports>,
    store: &Store,
    imports: &Imports,
    asked: Asked,
    files: Vec<UploadedFile>,
    problem: Option<Error>,
) -> Result<ImportId> {
    let (id, sent) = imports.take_in(me.now(), files)?;
    let problem = problem.map(|e| ops::in_words(&e));
    let added = store.write(me.actor(), move |tx| ops::add(tx, id, &asked, &sent, problem.as_deref())).await;
    if added.is_err() {
        imports.forget_files(id);
    }
    added?;
    imports.wake();
    Ok(id)
}

/// `GET /admin/transfer/imports/{id}`
async fn show(
    _me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<ImportId>,
) -> Result<HttpResponse> {
    let import = store.read(|s| ops::get(s, id))?;
    pages.show(&shell, &ImportPage::of(id, import, &imports))
}

/// `POST /admin/transfer/imports/{id}/check`: reads the files with other choices.
async fn ask_anew(
    me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<ImportId>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let upload = Upload::read(&request, payload, imports.arrivals(), MAPPING_MAX).await?;
    let Sent { asked, problem, .. } = sorted(upload);
    let typed = asked.clone();
    let asked_anew = match problem {
        Some(error) => Err(error),
        None => store.write(me.actor(), move |tx| ops::ask_anew(tx, id, &asked)).await,
    };
    match asked_anew {
        Ok(()) => {
            imports.wake();
            see_other(&format!("{PATH}/imports/{id}"), None)
        }
        Err(error) if error.kind == Refusal::Invalid => {
            let import = store.read(|s| ops::get(s, id))?;
            let page = ImportPage::of(id, import, &imports).refusing(typed, FormErrors::of(&error));
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StartForm {
    /// `stop` or `skip`.
    on_error: String,
}

/// `POST /admin/transfer/imports/{id}/start`
async fn start(
    me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    PathId(id): PathId<ImportId>,
    form: crate::web::Form<StartForm>,
) -> Result<HttpResponse> {
    let stops = match form.0.on_error.as_str() {
        "stop" => true,
        "" | "skip" => false,
        _ => return Err(Error::invalid("invalid_choice", "Choose skip or stop.").on("/on_error")),
    };
    let last_event = store.last_seq();
    store.write(me.actor(), move |tx| ops::start(tx, id, stops, last_event)).await?;
    imports.wake();
    see_other(&format!("{PATH}/imports/{id}"), None)
}

/// `POST /admin/transfer/imports/{id}/stop`
async fn stop(
    me: Staff<may::RunImports>,
    store: web::Data<Store>,
    PathId(id): PathId<ImportId>,
) -> Result<HttpResponse> {
    store.write(me.actor(), move |tx| ops::stop(tx, id)).await?;
    see_other(&format!("{PATH}/imports/{id}"), None)
}

/// `POST /admin/transfer/imports/{id}/remove`
async fn remove(
    me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    PathId(id): PathId<ImportId>,
) -> Result<HttpResponse> {
    store.write(me.actor(), move |tx| ops::remove(tx, id)).await?;
    imports.forget_files(id);
    see_other(
        PATH,
        Some(Toast::ok("The import and its files are removed from this list. What it brought stays.")),
    )
}

/// `GET /admin/transfer/imports/{id}/refused.csv`
async fn refused(
    _me: Staff<may::RunImports>,
    (store, imports): (web::Data<Store>, web::Data<Imports>),
    PathId(id): PathId<ImportId>,
) -> Result<HttpResponse> {
    store.read(|s| ops::get(s, id))?;
    let path = imports.refused_rows(id).ok_or_else(|| Error::not_found("file of refused rows of", id))?;
    let file = tokio::fs::File::open(&path).await.map_err(Error::internal)?;
    let length = file.metadata().await.map_err(Error::internal)?.len();
    let stream = futures_util::stream::unfold(file, |mut file| async move {
        use tokio::io::AsyncReadExt as _;
        let mut bytes = bytes::BytesMut::with_capacity(64 * 1024);
        match file.read_buf(&mut bytes).await {
            Ok(0) => None,
            Ok(_) => Some((Ok::<_, std::io::Error>(bytes.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    });
    let body = actix_web::body::SizedStream::new(length, stream);
    Ok(attachment("text/csv; charset=utf-8", "refused.csv").body(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        assert!(renders::<ListPage>().contains("orders.csv"));
        let page = renders::<ImportPage>();
        assert!(page.contains("7 orders added") || page.contains("orders added"));
        assert!(!page.contains("<script>alert"));
    }
}
