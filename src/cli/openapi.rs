//! `backroom openapi`: the description of the JSON API.

use crate::base::error::Result;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::shop::desk::docs;

/// Print the OpenAPI description of the JSON API
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom openapi > openapi.json")]
pub(super) struct OpenapiArgs {}

/// Prints the document.
pub(super) fn run(_args: &OpenapiArgs, answer: &mut Answer) -> Result<Exit> {
    answer.bytes(docs::document(None)?.as_bytes())?;
    Ok(Exit::Ok)
}
