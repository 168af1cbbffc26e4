//! `backroom demo` at work: makes the shop, fills it, and serves it.

use super::{Demo, DemoArgs};
use crate::access::hasher::Hasher;
use crate::access::key::{self, NewKey};
use crate::access::password::Password;
use crate::access::staff::{self, Granter, NewStaff};
use crate::access::{Role, profile, token};
use crate::app::App;
use crate::base::error::{Error, Result};
use crate::base::time::{Clock, Zone};
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::{Place, serve, start_log};
use crate::config::Flag;
use crate::shop::customers::CustomerId;
use crate::shop::orders::{self, NewOrder, NewOrderCustomer};
use crate::store::{Actor, ActorKind};
use crate::workers;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

const EMAIL: &str = "demo@example.com";
const SHOP: &str = "Lumo Shop";
const ZONE: &str = "Europe/Berlin";
/// Orders of one commit.
const GROUP: usize = 250;
/// Words of the password; five of them are far beyond guessing through a form.
const WORDS: &[&str] = &[
    "amber", "anchor", "basil", "beacon", "birch", "candle", "cedar", "clover", "copper", "coral", "crane",
    "dune", "ember", "falcon", "fern", "garnet", "ginger", "harbour", "hazel", "heron", "indigo", "ivory",
    "juniper", "kestrel", "lantern", "larch", "linen", "maple", "meadow", "mosaic", "nettle", "olive",
    "orchard", "otter", "pebble", "pepper", "plover", "poppy", "quartz", "quill", "raven", "river",
    "saffron", "sparrow", "spruce", "teal", "thistle", "timber", "velvet", "violet", "walnut", "willow",
    "winter", "yarrow",
];

/// Serves a filled shop.
pub(in crate::cli) fn run(args: &DemoArgs, answer: &mut Answer) -> Result<Exit> {
    let (dir, kept) = match &args.data {
        Some(dir) => (dir.clone(), None),
        None => {
            let made = scratch()?;
            (made.0.clone(), Some(made))
        }
    };
    let place = Place { config: None, data: Some(dir.clone()) };
    let listen = Flag { name: "--listen", path: "server.listen", value: args.listen.clone() };
    let mut settings = place.load(vec![listen])?.settings;
    if kept.is_some() {
        // Nothing of it is to survive, so a nearly full disk may show a demo too.
        settings.store.reserve_mb = settings.store.reserve_mb.min(64);
        settings.store.ballast_mb = 0;
    }
    settings.log.level = "warn".to_owned();
    start_log(&settings.log, answer.log_level())?;
    let app = App::open(&settings, Clock::system())?;
    let behind = workers::start(&app);
    let served = fill(args, &app, answer).and_then(|(password, api_key)| {
        serve::serve(&app, answer, |address, answer| {
            let url = format!("http://{address}");
            if args.json {
                answer
                    .json(&json!({"url": url, "email": EMAIL, "password": password, "api_key": api_key}))?;
            } else {
                answer.line(format_args!("  {url}/admin      {EMAIL} / {password}"))?;
                answer.line(format_args!("  {url}/api/docs   key {api_key}"))?;
                answer.line("Stop: Ctrl C")?;
            }
            answer.finish()
        })
    });
    let closed = behind.close(&app);
    drop(kept);
    served?;
    closed?;
    Ok(Exit::Ok)
}

/// A directory that goes away with the demo.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is the temporary directory's to tidy.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

fn scratch() -> Result<Scratch> {
    let name = format!("backroom-demo-{}", crate::base::id::to_text(&rand::random()));
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir(&dir).map_err(Error::internal)?;
    Ok(Scratch(dir))
}

/// Makes the shop's profile, account and key, and as many orders as are missing.
fn fill(args: &DemoArgs, app: &App, answer: &mut Answer) -> Result<(String, String)> {
    let actor = Actor::new(ActorKind::System, "demo", "Demo");
    app.store.write_blocking(actor.clone(), |tx| profile::set(tx, SHOP, ZONE, "EUR", "DE"))?;
    let password = password();
    let hash = Hasher::start()?.hash_blocking(Password::new(&password)?, vec![SHOP.to_owned()])?;
    let secret = token::new_key();
    let kept = secret.clone();
    app.store.write_blocking(actor.clone(), move |tx| {
        let by = Granter::console();
        match staff::find_by_email(tx, EMAIL)? {
            Some(known) => staff::set_password(tx, &by, known.id, &hash, false, None)?,
            None => {
                let new =
                    NewStaff { name: "Dana Demo".to_owned(), email: EMAIL.to_owned(), role: Role::Owner };
                staff::add(tx, &by, &new, &hash, false)?
            }
        };
        let new = NewKey { name: "Demo".to_owned(), scopes: vec!["all".to_owned()], days: Some(30) };
        key::create(tx, &by, &new, &kept)
    })?;
    let has_orders = app.store.read(|s| Ok(!orders::ids(s, None, 1)?.is_empty()))?;
    if !has_orders {
        place(args, app, &actor, answer)?;
    }
    Ok((password, secret))
}

fn place(args: &DemoArgs, app: &App, actor: &Actor, answer: &mut Answer) -> Result<()> {
    let zone = Zone::named(ZONE)?;
    let demo = Demo::new(args.plan(app.store.clock().now(), zone))?;
    if !args.json && demo.len() >= 20_000 {
        answer.remark(format_args!("Making a shop of {} orders …", demo.len()))?;
        answer.finish()?;
    }
    // A customer's number first appears with their first order, so a list of ids is all that has to be kept.
    let mut ids: Vec<CustomerId> = Vec::new();
    let mut n = 0;
    while n < demo.len() {
        let mut group: Vec<(Option<u64>, NewOrder)> = Vec::with_capacity(GROUP);
        let mut firsts = 0;
        while group.len() < GROUP && n < demo.len() {
            let customer = demo.customer_of(n);
            let known = customer.and_then(|c| ids.get(usize::try_from(c).ok()?).copied());
            let is_first_here = customer.is_some_and(|c| c == ids.len() as u64 + firsts);
            if customer.is_some() && known.is_none() && !is_first_here {
                // Their first order is in this very group: it has to land before.
                break;
            }
            firsts += u64::from(is_first_here);
            let order = match known {
                Some(id) => demo.order_of(n, NewOrderCustomer::Known(id)),
                None => demo.order(n),
            };
            group.push((customer.filter(|_| is_first_here), order));
            n += 1;
        }
        land(app, actor, group, &mut ids)?;
    }
    app.search.flush()
}

/// Places a group in one commit and learns the ids of new customers.
fn land(
    app: &App,
    actor: &Actor,
    group: Vec<(Option<u64>, NewOrder)>,
    ids: &mut Vec<CustomerId>,
) -> Result<()> {
    while !app.search.has_room() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let group = Arc::new(group);
    let new = app.store.write_blocking(actor.clone(), move |tx| {
        let mut new = Vec::new();
        for (first, order) in group.iter() {
            let placed = orders::place(tx, order)?;
            if first.is_some()
                && let Some(customer) = placed.customer
            {
                new.push(customer);
            }
        }
        Ok(new)
    })?;
    ids.extend(new);
    Ok(())
}

/// Words that are easy to type from a terminal.
fn password() -> String {
    let word = |n: u32| WORDS.get(n as usize % WORDS.len()).copied().unwrap_or("otter");
    let words: Vec<&str> = (0..4).map(|_| word(rand::random())).collect();
    format!("{}-{}", words.join("-"), rand::random::<u32>() % 90 + 10)
}
