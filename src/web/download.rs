//! Files that a browser saves: named safely, and sent piece by piece while they are being made.

use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use std::io;
use tokio::sync::mpsc;

/// Pieces that wait for a slow reader before who makes them waits too.
const WAITING_MAX: usize = 4;
/// The largest of them.
const PIECE_BYTES: usize = 64 << 10;

/// The answer's headers for a file to be saved under this name.
pub fn attachment(content_type: &str, name: &str) -> HttpResponseBuilder {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !"\"\\/".contains(c) { c } else { '_' }).collect();
    let mut parameters = vec![DispositionParam::Filename(plain.clone())];
    if plain != name {
        parameters.push(DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        }));
    }
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header(ContentDisposition { disposition: DispositionType::Attachment, parameters })
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

/// Where the pieces of a file are put by a thread that may wait.
pub struct Pieces(mpsc::Sender<Result<Bytes, io::Error>>);

impl Pieces {
    /// Breaks the answer off, so that half a file is not taken for a whole one.
    pub fn fail(self) {
        // A reader who is gone needs no telling.
        let _gone = self.0.blocking_send(Err(io::Error::other("the file could not be finished")));
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..PIECE_BYTES).unwrap_or(bytes);
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(piece)));
        sent.map_err(|_closed| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer whose body is written by a thread.
pub fn streamed(mut answer: HttpResponseBuilder) -> (Pieces, HttpResponse) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    (Pieces(sender), answer.streaming(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[actix_web::test]
    async fn a_name_cannot_break_out_of_its_header() {
        let answer = attachment("text/csv", "ö\"\r\nx: y/..csv").finish();
        let value = answer.headers().get(header::CONTENT_DISPOSITION).unwrap().to_str().unwrap();
        assert!(value.starts_with("attachment; filename=\"____x:_y_..csv\""), "{value}");
        assert!(value.contains("filename*=UTF-8''%C3%B6%22%0D%0Ax"), "{value}");
    }

    #[actix_web::test]
    async fn pieces_arrive_in_order_and_a_failure_breaks_the_body() {
        let (mut pieces, answer) = streamed(attachment("text/csv", "a.csv"));
        let maker = std::thread::spawn(move || {
            for n in 0..20 {
                writeln!(pieces, "{n}").unwrap();
            }
        });
        let body = actix_web::body::to_bytes(answer.into_body()).await.ok().unwrap();
        maker.join().unwrap();
        assert!(body.starts_with(b"0\n1\n") && body.ends_with(b"19\n"));
        let (pieces, answer) = streamed(attachment("text/csv", "a.csv"));
        std::thread::spawn(|| pieces.fail());
        assert!(actix_web::body::to_bytes(answer.into_body()).await.is_err());
    }
}
