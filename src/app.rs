//! Opens everything in order, hands out the parts, closes in order.

use crate::access::{Access, Shop, shells};
use crate::base::error::{Error, Result};
use crate::base::time::Clock;
use crate::config::Settings;
use crate::outbound::webhooks::Guard;
use crate::registry;
use crate::search::Search;
use crate::shop::desk::backups::{self, BackupWork, Office};
use crate::shop::desk::feed;
use crate::shop::desk::find::Rows;
use crate::shop::desk::index::{StoreSource, note, schema};
use crate::shop::desk::retention::{self, Retention};
use crate::shop::desk::schedules::{TidyUp, tidy_plan};
use crate::shop::desk::subscriptions;
use crate::shop::mail::{self, Post};
use crate::shop::messages;
use crate::shop::orders::{self, BulkWork};
use crate::shop::outreach::{self, Kinds, Outreach};
use crate::shop::sites::{self, Sites};
use crate::shop::transfer::downloads::Downloads;
use crate::shop::transfer::imports::Imports;
use crate::store::backup::{self, Files, Made, Shelf};
use crate::store::{Actor, Store};
use crate::web::{Metrics, Nav, ShellMaker, Web};
use crate::work::Work;
use crate::work::jobs::Worker;
use crate::work::schedules::Schedules;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The open shop: each part is taken by name.
#[derive(Clone)]
pub struct App {
    pub dir: PathBuf,
    pub settings: Arc<Settings>,
    pub store: Store,
    pub search: Search,
    pub shop: Arc<Shop>,
    pub imports: Imports,
    /// The shelf of backups, and who makes them.
    pub office: Office,
    /// Webhooks, and the work behind.
    pub outreach: Outreach,
    /// Mail: its server, and what pages need of it.
    pub post: Post,
    /// Addresses whose certificates are watched.
    pub sites: Sites,
    pub schedules: Schedules,
}

/// What answering requests needs beside the open shop.
#[derive(Clone)]
pub struct Front {
    pub app: App,
    pub access: Access,
    pub web: Web,
    pub shells: ShellMaker,
    pub downloads: Downloads,
    /// What the box has found lately.
    pub rows: Rows,
}

impl App {
    /// Opens store and index in the data directory; what the log has beyond the index is pending at once.
    ///
    /// # Errors
    /// `store_locked` while another program has the directory, `store_format_newer`, `store_damaged`.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self> {
        let dir = settings.data.dir.clone().ok_or_else(|| {
            Error::invalid("config_invalid", "Say where the data is kept: data.dir or --data.")
        })?;
        let shelf = Shelf::of(&dir);
        // Before the first backup nobody needs what the journal held.
        let open = if settings.backup.ships() && shelf.list().is_ok_and(|all| !all.is_empty()) {
            Store::open_shipping
        } else {
            Store::open
        };
        let store = open(&dir, &settings.store, clock.clone(), registry::tables())?;
        let source = Arc::new(StoreSource(store.clone()));
        let search = Search::open(&dir.join("index"), schema()?, source, settings.search.clone())?;
        search.leave_free(settings.store.reserve());
        let (noting, reading) = (search.clone(), store.clone());
        // Before anything can be written: what is answered has to be pending already.
        store.on_commit(Box::new(move |committed| note(&noting, &reading, committed)));
        let shop = Arc::new(Shop::new(store.clone()));
        let imports = Imports::new(
            store.clone(),
            search.clone(),
            Arc::clone(&shop),
            dir.join("files/imports"),
            dir.join("tmp/uploads"),
            settings.server.max_upload.0,
        )?;
        let office = Office::new(shelf);
        let (mail, base) = (&settings.mail, settings.server.public_url.as_deref());
        let post = Post::new(&store, mail.server()?, mail.hold_seconds, base).reading(mail.mailbox()?);
        let bulk = BulkWork::new(store.clone(), search.clone(), Arc::clone(&shop));
        let feed_days = settings.events.feed_days;
        let guard = Guard::new(settings.webhooks.networks()?);
        let sites = Sites::new(&store, &settings.sites, guard, base)?;
        let mut workers: Vec<Arc<dyn Worker>> = vec![
            Arc::new(bulk),
            Arc::new(BackupWork::new(office.clone())),
            Arc::new(TidyUp::new(store.clone())),
            Arc::new(Retention::new(store.clone(), feed_days)),
        ];
        workers.extend(post.workers());
        workers.extend(sites.workers());
        let mut subscribers = sites.subscribers();
        subscribers.push(post.subscriber());
        let others = (workers, subscribers);
        let outreach = Outreach::new(&store, &settings.webhooks, Kinds(feed::kinds()), others)?;
        outreach.work.jobs().call_long(i64::from(settings.mail.long_job_seconds) * 1_000);
        let schedules = scheduled(settings, (&store, &shop), &office, &post, &outreach);
        let settings = Arc::new(settings.clone());
        Ok(Self { dir, settings, store, search, shop, imports, office, outreach, post, sites, schedules })
    }

    /// The parts that answer requests.
    ///
    /// # Errors
    /// `invalid_setting`; `Internal` for a broken template.
    pub fn front(&self) -> Result<Front> {
        let server = &self.settings.server;
        let metrics = Metrics::new();
        self.measure(&metrics);
        let web = Web::new(server.clone(), self.store.clock().clone(), metrics)?;
        let access = Access::new(self.store.clone(), self.settings.access.clone(), server.is_https())?;
        let (store, schedules, work) =
            (self.store.clone(), self.schedules.clone(), self.outreach.work.clone());
        let badge = move |door: &Nav| work_behind(&store, &schedules, &work, door);
        let jobs = self.outreach.work.jobs().clone();
        let working = move |by: Option<&str>| jobs.running_for(by) as u64;
        let shells = shells(access.clone(), Arc::clone(&self.shop), registry::doors(), badge, working);
        Ok(Front {
            app: self.clone(),
            access,
            web,
            shells,
            downloads: Downloads::default(),
            rows: Rows::default(),
        })
    }

    /// The backups of this shop.
    pub fn shelf(&self) -> Shelf {
        Shelf::of(&self.dir)
    }

    /// Writes a backup of this moment.
    ///
    /// # Errors
    /// As [`backup::create`].
    pub fn back_up(&self) -> Result<Made> {
        // Uploads of imports are left out as the table of imports is: what they brought is in the records.
        let files = Files { root: self.dir.join("files"), skipped: &["imports"] };
        let reserve = self.settings.store.reserve();
        backup::create(&self.store, &self.shelf(), &files, reserve, self.settings.backup.key())
    }

    fn measure(&self, metrics: &Metrics) {
        metrics.built(&[("version", env!("CARGO_PKG_VERSION"))]);
        let search = self.search.clone();
        metrics.gauge("search_index_pending", "Changes that the index does not have yet", move || {
            search.pending_len() as f64
        });
        let store = self.store.clone();
        metrics.gauge("store_file_bytes", "Bytes the database takes on disk", move || {
            store.health().file_bytes as f64
        });
        let store = self.store.clone();
        metrics
            .gauge("events_last_seq", "Sequence number of the last event", move || store.last_seq() as f64);
        let (store, shelf) = (self.store.clone(), self.shelf());
        metrics.gauge(
            "backup_last_verified_age_seconds",
            "Age of the newest backup that was restored on trial; of the shop while there is none",
            move || {
                let now = store.clock().now();
                let since = shelf.last_verified(now).or_else(|| store.created_at().ok());
                since.map_or(f64::NAN, |since| now.since_ms(since).max(0) as f64 / 1_000.0)
            },
        );
        let (store, office) = (self.store.clone(), self.office.clone());
        metrics.gauge(
            "backup_shipped_age_seconds",
            "Age of the newest moment that can be restored without this machine; of the shop while there is none",
            move || {
                let age = office.away().age_ms(store.clock().now(), store.created_at().ok());
                age.map_or(f64::NAN, |ms| ms as f64 / 1_000.0)
            },
        );
    }

    /// Who a command acts as.
    pub fn actor(&self) -> Actor {
        Actor::cli()
    }

    /// A directory of the shop, made where it is missing.
    ///
    /// # Errors
    /// `Internal` when it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(Path::new(name));
        std::fs::create_dir_all(&path).map_err(Error::internal)?;
        Ok(path)
    }

    /// Tells the loops behind to end. The index commits what waits before its loop ends.
    pub fn stop(&self) {
        self.imports.close();
        self.search.close();
    }
}

/// What is done again and again.
fn scheduled(
    settings: &Settings,
    (store, shop): (&Store, &Arc<Shop>),
    office: &Office,
    post: &Post,
    outreach: &Outreach,
) -> Schedules {
    let backup = &settings.backup;
    let delay = Duration::from_secs(backup.delay_seconds.into());
    let mut plans = vec![
        backups::plan(office, backup.enabled, backup.hour, delay),
        tidy_plan(),
        retention::plan(settings.events.feed_days),
        sites::plan(),
    ];
    plans.extend(post.plan());
    let shop = Arc::clone(shop);
    Schedules::new(store.clone(), outreach.work.jobs().clone(), plans, move || shop.zone())
}

/// The number of things to do behind a door of the navigation.
fn work_behind(store: &Store, schedules: &Schedules, work: &Work, door: &Nav) -> Option<u64> {
    let view = match door.href {
        "/admin/webhooks" => return store.read(outreach::failing).ok(),
        "/admin/schedules" => {
            return store.read(|s| schedules.in_trouble(s)).ok().map(|all| all.len() as u64);
        }
        "/admin/subscriptions" => return store.read(|s| subscriptions::standing_still(s, work)).ok(),
        "/admin/sites" => return store.read(sites::failing).ok(),
        "/admin/mail" => return store.read(|s| mail::failed_lately(s, store.clock().now())).ok(),
        "/admin/messages" => return store.read(|s| messages::waiting(s, messages::Folder::Open)).ok(),
        "/admin/orders" => orders::VIEWS.iter().find(|v| v.word == "to_ship")?,
        _ => return None,
    };
    // A badge that cannot be read is left out; the page itself will say what is wrong.
    let count = store.read(|s| orders::count(s, view)).ok()?;
    u64::try_from(count).ok()
}
