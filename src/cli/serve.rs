//! `backroom serve`: run the shop.

use crate::cli::Place;
use crate::config::Flag;

/// Run the shop
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom serve
  backroom serve --listen 0.0.0.0:8080 --data /var/lib/backroom

The first start prints a link that creates the owner's account; it works once and for an hour.
Ctrl C or SIGTERM stops: running requests get 30 seconds to finish, a second signal ends at once.")]
pub struct ServeArgs {
    #[command(flatten)]
    pub place: Place,
    /// Address and port to listen on (setting server.listen)
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

impl ServeArgs {
    /// The flags that stand for settings.
    pub fn flags(&self) -> Vec<Flag> {
        self.listen
            .iter()
            .map(|listen| Flag { name: "--listen", path: "server.listen", value: listen.clone() })
            .collect()
    }
}
