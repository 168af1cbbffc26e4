//! `backroom demo` at work: makes the shop, fills it, and serves it.

use super::{Demo, DemoArgs, letters};
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
use crate::cli::reach::require_owner;
use crate::cli::{Place, serve, start_log};
use crate::config::{Flag, Settings};
use crate::registry;
use crate::shop::customers::CustomerId;
use crate::shop::orders::{self, NewOrder, NewOrderCustomer};
use crate::store::FILE;
use crate::store::{Actor, ActorKind, Store};
use crate::workers;
use serde_json::json;
use std::path::{Path, PathBuf};
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
    // A demo is no shop to keep: backups are made when somebody presses the button.
    settings.backup.enabled = false;
    settings.log.level = "warn".to_owned();
    start_log(&settings.log, answer.log_level())?;
    require_owner(&dir)?;
    let is_new = !dir.join(FILE).exists();
    if is_new {
        fill(args, &settings, &dir, answer)?;
    }
    let app = App::open(&settings, Clock::system())?;
    if !is_new && app.store.read(|s| staff::find_by_email(s, EMAIL))?.is_none() {
        let text = format!(
            "The shop in {} was not made by `backroom demo`, so nobody is let into it: use `backroom serve`.",
            dir.display()
        );
        return Err(Error::conflict("not_a_demo", text));
    }
    let behind = workers::start(&app);
    let served = let_in(&app).and_then(|(password, api_key)| {
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

fn actor() -> Actor {
    Actor::new(ActorKind::System, "demo", "Demo")
}

/// Makes the shop and its orders, before there is an index: building one of everything is many times faster than
/// following every order.
fn fill(args: &DemoArgs, settings: &Settings, dir: &Path, answer: &mut Answer) -> Result<()> {
    let clock = Clock::system();
    let store = Store::open(dir, &settings.store, clock.clone(), registry::tables())?;
    store.write_blocking(actor(), |tx| {
        let shop = profile::Wanted { name: SHOP, zone: ZONE, currency: "EUR", country: "DE", seen: None };
        profile::set(tx, &shop)
    })?;
    let demo = Demo::new(args.plan(clock.now(), Zone::named(ZONE)?))?;
    if !args.json && demo.len() >= 20_000 {
        answer.remark(format_args!("Making a shop of {} orders …", demo.len()))?;
        answer.finish()?;
    }
    place(&Arc::new(demo), &store)?;
    store.close()?;
    // Messages bring no time of their own: they come when they come.
    let then = Clock::manual(clock.now());
    let store = Store::open(dir, &settings.store, then.clone(), registry::tables())?;
    letters::write(&store, &then, clock.now())?;
    store.close()
}

/// Waits for the index, and makes an account and a key.
fn let_in(app: &App) -> Result<(String, String)> {
    let actor = actor();
    app.search.flush()?;
    app.search.settle()?;
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
        let new =
            NewKey { name: "Demo".to_owned(), scopes: vec!["all".to_owned()], days: Some(30), origins: None };
        key::create(tx, &by, &new, &kept)
    })?;
    Ok((password, secret))
}

fn place(demo: &Arc<Demo>, store: &Store) -> Result<()> {
    // A customer's number first appears with their first order, so a list of ids is all that has to be kept.
    let mut ids: Vec<CustomerId> = Vec::new();
    let mut n = 0;
    while n < demo.len() {
        let first = n;
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
        land((store, demo), (first, group), &mut ids)?;
    }
    Ok(())
}

/// Places a group in one commit and learns the ids of new customers.
fn land(
    (store, demo): (&Store, &Arc<Demo>),
    (first, group): (u64, Vec<(Option<u64>, NewOrder)>),
    ids: &mut Vec<CustomerId>,
) -> Result<()> {
    let (demo, group) = (Arc::clone(demo), Arc::new(group));
    let new = store.write_blocking(actor(), move |tx| {
        let mut new = Vec::new();
        for (n, (is_first, order)) in (first..).zip(group.iter()) {
            let placed = orders::place(tx, order)?;
            if let Some(credit) = demo.credit_of(n, &placed) {
                orders::import_credit_note(tx, &credit)?;
            }
            if is_first.is_some()
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
