//! Forms with files: the fields in memory, the files on disk, both within limits and gone again unless somebody keeps them.

use crate::base::error::{Error, Kind, Result};
use crate::base::unseen::shown;
use crate::web::error::too_large;
use crate::web::form::Fields;
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use std::path::Path;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt as _;

/// All fields that are no files together, in bytes.
const FIELDS_MAX: usize = 64 * 1024;
/// Fields and files of one form.
const PARTS_MAX: usize = 100;
/// Bytes of files that are read past to reach the fields behind them.
const PASSED_MAX: usize = 512 * 1024 * 1024;
/// Characters kept of the name a browser gives for a file.
const NAME_MAX: usize = 200;

/// A form as it came in. What is not kept of it is deleted when this is dropped.
#[derive(Debug)]
pub struct Upload {
    pub fields: Fields,
    /// In the order of the form; file inputs that were left empty are not among them.
    pub files: Vec<UploadedFile>,
}

/// A file of a form, on disk.
#[derive(Debug)]
pub struct UploadedFile {
    /// The name of the input it was chosen in.
    pub input: String,
    /// What the sender calls it: for people to read, never for a path.
    pub name: String,
    pub bytes: u64,
    pub path: TempPath,
}

impl Upload {
    /// Reads a `multipart/form-data` body; files are written to `folder`.
    ///
    /// # Errors
    /// `unsupported_media_type`, `body_too_large` over `limit` bytes of files, `unreadable` for a broken form,
    /// `body_too_slow`, `storage_low` when the disk is full.
    pub async fn read(request: &HttpRequest, payload: Payload, folder: &Path, limit: u64) -> Result<Self> {
        let mut parts = Multipart::new(request.headers(), payload);
        let mut upload = Self { fields: Fields(Vec::new()), files: Vec::new() };
        let (mut room, mut text_room, mut count) = (limit, FIELDS_MAX, 0);
        while let Some(part) = parts.next().await {
            let part = part.map_err(of_multipart)?;
            count += 1;
            if count > PARTS_MAX {
                return Err(Error::invalid("unreadable", format!("A form has at most {PARTS_MAX} fields.")));
            }
            let input = part.name().unwrap_or_default().to_owned();
            let given = part.content_disposition().and_then(|d| d.get_filename().map(str::to_owned));
            match given {
                None => {
                    let value = text(part, &mut text_room).await?;
                    upload.fields.0.push((input, value));
                }
                Some(given) => {
                    let (path, bytes) = file(part, folder, &mut room, limit).await?;
                    if bytes > 0 || !given.is_empty() {
                        upload.files.push(UploadedFile { input, name: plain_name(&given), bytes, path });
                    }
                }
            }
        }
        Ok(upload)
    }
}

impl Upload {
    /// Whether the request brings a form with files.
    pub fn is_one(request: &HttpRequest) -> bool {
        let kind = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data")
    }

    /// The fields of such a form, and of its files only input and name: their bytes are read past and kept nowhere.
    ///
    /// # Errors
    /// As [`Upload::read`]; the fields that came before more than `PASSED_MAX` bytes of files are given.
    pub async fn named(request: &HttpRequest, payload: Payload) -> Result<(Fields, Vec<(String, String)>)> {
        let mut parts = Multipart::new(request.headers(), payload);
        let (mut fields, mut files) = (Fields(Vec::new()), Vec::new());
        let (mut passed, mut text_room) = (0_usize, FIELDS_MAX);
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(of_multipart)?;
            if fields.0.len() + files.len() >= PARTS_MAX {
                return Err(Error::invalid("unreadable", format!("A form has at most {PARTS_MAX} fields.")));
            }
            let input = part.name().unwrap_or_default().to_owned();
            let given = part.content_disposition().and_then(|d| d.get_filename().map(str::to_owned));
            let Some(given) = given else {
                let value = text(part, &mut text_room).await?;
                fields.0.push((input, value));
                continue;
            };
            if !given.is_empty() {
                files.push((input, plain_name(&given)));
            }
            while let Some(piece) = part.next().await {
                passed = passed.saturating_add(piece.map_err(of_multipart)?.len());
                if passed > PASSED_MAX {
                    return Ok((fields, files));
                }
            }
        }
        Ok((fields, files))
    }
}

async fn text(mut part: Field, room: &mut usize) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(of_multipart)?;
        *room = room.checked_sub(piece.len()).ok_or_else(|| too_large(Some(FIELDS_MAX)))?;
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|e| Error::invalid("unreadable", "The form is not UTF-8.").because(e))
}

async fn file(mut part: Field, folder: &Path, room: &mut u64, limit: u64) -> Result<(TempPath, u64)> {
    let (file, path) =
        tempfile::Builder::new().prefix("upload-").tempfile_in(folder).map_err(of_disk)?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut written = 0;
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(of_multipart)?;
        let bytes = piece.len() as u64;
        *room = room.checked_sub(bytes).ok_or_else(|| too_large(usize::try_from(limit).ok()))?;
        file.write_all(&piece).await.map_err(of_disk)?;
        written += bytes;
    }
    file.flush().await.map_err(of_disk)?;
    Ok((path, written))
}

/// The last part of a path of any system, without what cannot be shown.
fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = shown(last, NAME_MAX);
    match shown.trim() {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

fn of_disk(error: std::io::Error) -> Error {
    if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
        let text = "There is not enough space on the server for this file. Free some and try again.";
        return Error::refuse(Kind::Unavailable, "storage_low", text).because(error);
    }
    Error::internal(error)
}

fn of_multipart(error: MultipartError) -> Error {
    match error {
        // Only what is buffered between parts can overflow: files are counted as they are written.
        MultipartError::Payload(PayloadError::Overflow) => {
            Error::invalid("unreadable", "A part of the form begins with a head that is too long.")
        }
        MultipartError::Payload(error) => crate::web::body::of_payload(&error),
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible
        | MultipartError::BoundaryMissing => {
            Error::invalid("unsupported_media_type", "Send the form as multipart/form-data with a boundary.")
                .because(error.to_string())
        }
        other => Error::invalid("unreadable", "The form is broken or ended early. Send it again.")
            .because(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;

    async fn read(body: &str, limit: u64) -> Result<(Upload, tempfile::TempDir)> {
        let folder = tempfile::tempdir().unwrap();
        let (request, mut payload) = TestRequest::post()
            .insert_header(("content-type", "multipart/form-data; boundary=XX"))
            .set_payload(body.replace('\n', "\r\n"))
            .to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        Upload::read(&request, payload, folder.path(), limit).await.map(|upload| (upload, folder))
    }
    fn part(head: &str, body: &str) -> String {
        format!("--XX\nContent-Disposition: form-data; {head}\n\n{body}\n")
    }

    #[actix_web::test]
    async fn fields_and_files_are_told_apart_and_files_go_when_nobody_keeps_them() {
        let body = [
            part("name=\"what\"", "orders"),
            part("name=\"file\"; filename=\"../../etc/cron.d/ö.csv\"", "a,b"),
            part("name=\"file\"; filename=\"\"", ""),
            "--XX--\n".to_owned(),
        ];
        let (upload, folder) = read(&body.concat(), 100).await.unwrap();
        assert_eq!(upload.fields.get("what"), Some("orders"));
        let [file] = upload.files.as_slice() else { panic!("{upload:?}") };
        assert_eq!((file.name.as_str(), file.input.as_str(), file.bytes), ("ö.csv", "file", 3));
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "a,b");
        drop(upload);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[actix_web::test]
    async fn of_files_that_are_not_taken_the_names_are_known() {
        let body = [
            part("name=\"file\"; filename=\"a.csv\"", "a,b"),
            part("name=\"mapping\"; filename=\"\"", ""),
            part("name=\"what\"", "orders"),
            "--XX--\n".to_owned(),
        ];
        let (request, mut payload) = TestRequest::post()
            .insert_header(("content-type", "multipart/form-data; boundary=XX"))
            .set_payload(body.concat().replace('\n', "\r\n"))
            .to_http_parts();
        assert!(Upload::is_one(&request));
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        let (fields, files) = Upload::named(&request, payload).await.unwrap();
        assert_eq!(fields.0, [("what".to_owned(), "orders".to_owned())]);
        assert_eq!(files, [("file".to_owned(), "a.csv".to_owned())]);
    }

    #[actix_web::test]
    async fn what_is_broken_or_too_large_is_refused_and_leaves_nothing() {
        let whole = part("name=\"file\"; filename=\"a.csv\"", "0123456789") + "--XX--\n";
        assert_eq!(read(&whole, 9).await.unwrap_err().code, "body_too_large");
        assert!(read(&whole, 10).await.is_ok());
        assert_eq!(read(&whole[..whole.len() - 12], 100).await.unwrap_err().code, "unreadable");
        assert_eq!(
            read(&part("name=\"a\"", &"x".repeat(70_000)), 100).await.unwrap_err().code,
            "body_too_large"
        );
        assert_eq!(read(&part("name=\"a\"", "x").repeat(200), 100).await.unwrap_err().code, "unreadable");
        let long = part(&format!("name=\"{}\"", "x".repeat(200_000)), "x");
        assert_eq!(read(&long, 100).await.unwrap_err().code, "unreadable", "a head is no file");
        let (request, mut payload) = TestRequest::post().set_payload("x").to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        let refused = Upload::read(&request, payload, Path::new("/nowhere"), 1).await.unwrap_err();
        assert_eq!(refused.code, "unsupported_media_type");
    }
}
