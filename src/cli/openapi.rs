//! `backroom openapi`: the description of the JSON API.

/// Print the OpenAPI description of the JSON API
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  backroom openapi > openapi.json")]
pub struct OpenapiArgs {}
