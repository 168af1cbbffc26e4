//! `backroom recover`: open a shop whose journal is lost, knowing what that means.

use crate::base::error::Result;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::reach::require_owner;
use crate::registry;
use crate::store::recover;

/// Say what is missing without a journal that is lost or damaged, and open the shop without it
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom recover --data /var/lib/backroom
  backroom recover --data /var/lib/backroom --accept-loss

The directory journal holds what the last second brought. When it is lost or damaged the shop does not start. Without
--accept-loss this command changes nothing and says what there is; it ends with 5 when something may be missing, and with
0 when the journal is whole. With --accept-loss the shop is what there is; what is left of the journal is put aside.
With --json, one line: {\"why\", \"seq\", \"at\", \"shipped_until\"}, and null where nothing is missing.")]
pub(super) struct RecoverArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Go on without what is missing
    #[arg(long)]
    pub(super) accept_loss: bool,
    /// One line of JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Says what is missing, and goes on without it where that is wanted.
pub(super) fn run(args: &RecoverArgs, answer: &mut Answer) -> Result<Exit> {
    let settings = args.place.load_beside()?.settings;
    let data = settings.data.dir.unwrap_or_default();
    require_owner(&data)?;
    let Some(rest) = recover(&data, registry::tables(), args.accept_loss)? else {
        if args.json {
            answer.json(&serde_json::Value::Null)?;
        } else {
            answer
                .remark("The journal is whole and nothing is missing. `backroom serve` starts the shop.")?;
        }
        return Ok(Exit::Ok);
    };
    if args.json {
        answer.json(&rest)?;
    } else {
        answer.line(&rest.why)?;
        let at = rest.at.map_or_else(|| "none".to_owned(), |at| at.to_string());
        answer.line(format_args!(
            "The shop is whole up to event {} of {at}. What was saved behind it may be missing: the database is at most about \
             a second behind the journal, so one second or two before the shop ended.",
            rest.seq
        ))?;
        if let Some(until) = rest.shipped_until {
            answer.line(format_args!(
                "The backups and the journal beside them go on to {until}: `backroom backup restore` brings that back."
            ))?;
        }
    }
    if args.accept_loss {
        answer.remark(
            "The shop is that now. The index is built when the server starts; check what was lost by hand.",
        )?;
        return Ok(Exit::Ok);
    }
    answer.remark("Nothing was changed. --accept-loss goes on without what is missing.")?;
    Ok(Exit::Problems)
}
