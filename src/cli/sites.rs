//! `backroom sites`: addresses whose certificates are watched.

use crate::app::App;
use crate::base::error::Result;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::shop::sites::SiteOut;

/// List, add, check and remove sites whose certificates are watched
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SitesArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) verb: SitesVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum SitesVerb {
    /// List all sites, the most urgent first
    #[command(after_help = "\
Example:
  backroom sites list --json

With --json, one line a site, as GET /api/v1/sites has it: {\"id\", \"address\", \"state\", \"problems\", \"days_left\", …}.")]
    List {
        /// JSON, one line a site
        #[arg(long)]
        json: bool,
    },
    /// Watch an address from now on; prints its id
    #[command(after_help = "\
Example:
  backroom sites add shop.example.com --note 'The web shop'

With --json, the site as POST /api/v1/sites answers it.")]
    Add {
        /// A host, with a port where it is not 443
        address: String,
        /// What it is, for the list
        #[arg(long, default_value = "")]
        note: String,
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at a site now and say what was seen; exit code 5 when something is wrong
    #[command(after_help = "\
Example:
  backroom sites check shop.example.com

With --json, the site as GET /api/v1/sites/{id} answers it.")]
    Check {
        /// The id or the address
        site: String,
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Watch a site no longer
    #[command(after_help = "Example:\n  backroom sites remove shop.example.com")]
    Remove {
        /// The id or the address
        site: String,
    },
}

/// Lists, adds, checks or removes sites.
pub(super) fn run(args: SitesArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    match args.verb {
        SitesVerb::List { json } => {
            for site in app.sites.all()? {
                tell(&site, json, answer)?;
            }
        }
        SitesVerb::Add { address, note, json } => {
            let site = app.sites.watch(app.actor(), &address, &note)?;
            app.outreach.work.wake();
            if json { answer.json(&site)? } else { answer.line(&site.id)? }
        }
        SitesVerb::Check { site, json } => {
            let seen = app.sites.look_now(app.actor(), &site)?;
            tell(&seen, json, answer)?;
            if !seen.problems.is_empty() {
                return Ok(Exit::Problems);
            }
        }
        SitesVerb::Remove { site } => {
            let was = app.sites.forget(app.actor(), &site)?;
            answer.remark(format_args!("{} is not watched any more", was.address))?;
        }
    }
    Ok(Exit::Ok)
}

/// One line about a site.
fn tell(site: &SiteOut, json: bool, answer: &mut Answer) -> Result<()> {
    if json {
        return answer.json(site);
    }
    let more = match (site.problems.as_slice(), site.days_left) {
        ([], Some(days)) => format!("{days} days left"),
        ([], None) => "not looked at yet".to_owned(),
        (problems, _) => problems.join(", "),
    };
    answer.line(format_args!("{}  {}  {}  {more}", site.id, site.state, site.address))
}
