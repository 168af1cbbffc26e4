//! What a template may use of the work behind: a job that is over, a schedule that failed. Both as their event tells of them.

use super::moments::{Matter, Moment};
use super::scene::{ShopValues, Writer};
use crate::base::error::{Error, Result};
use crate::store::StoredEvent;
use crate::web::progress::lasting;
use serde::Serialize;
use serde_json::Value;

/// A job.
#[derive(Clone, Debug, Default, Serialize)]
struct JobValues {
    title: String,
    /// `done`, `failed` or `cancelled`.
    status: String,
    /// What came of it, or why it failed; may be empty.
    said: String,
    /// How long it ran, such as `4 min`.
    took: String,
    /// Its page.
    link: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfJob {
    shop: ShopValues,
    job: JobValues,
}

/// A schedule.
#[derive(Clone, Debug, Default, Serialize)]
struct ScheduleValues {
    title: String,
    /// Its time went by while the program did not run.
    missed: bool,
    reason: String,
    /// Its page.
    link: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfSchedule {
    shop: ShopValues,
    schedule: ScheduleValues,
}

fn word(event: &StoredEvent, name: &str) -> String {
    event.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Writer<'_> {
    /// The values of a job that is over.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn of_job(&self, event: &StoredEvent) -> Result<Value> {
        let seconds = event.data.get("took_seconds").and_then(Value::as_u64).unwrap_or(0);
        let job = JobValues {
            title: word(event, "title"),
            status: word(event, "status"),
            said: word(event, "said"),
            took: lasting(seconds),
            link: self.link(&format!("/admin/jobs/{}", event.subject)),
        };
        serde_json::to_value(OfJob { shop: self.shop(), job }).map_err(Error::internal)
    }

    /// The values of a schedule that failed or missed its time.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn of_schedule(&self, event: &StoredEvent) -> Result<Value> {
        let schedule = ScheduleValues {
            title: word(event, "title"),
            missed: event.data.get("missed").and_then(Value::as_bool).unwrap_or(false),
            reason: word(event, "reason"),
            link: self.link(&format!("/admin/schedules/{}", word(event, "name"))),
        };
        serde_json::to_value(OfSchedule { shop: self.shop(), schedule }).map_err(Error::internal)
    }
}

/// Two scenes that a template of a moment has to fit: one with everything, one with nothing.
///
/// # Errors
/// None in practice.
pub(super) fn samples(moment: Moment, shop: ShopValues) -> Result<[Value; 2]> {
    let text = |text: &str| text.to_owned();
    if moment.matter() == Matter::Job {
        let job = JobValues {
            title: text("Tag 412 orders"),
            status: text("done"),
            said: text("412 orders were changed."),
            took: text("4 min"),
            link: text("https://shop.example.com/admin/jobs/job_1"),
        };
        let value = |of: &OfJob| serde_json::to_value(of).map_err(Error::internal);
        return Ok([value(&OfJob { shop, job })?, value(&OfJob::default())?]);
    }
    let schedule = ScheduleValues {
        title: text("Daily backup"),
        missed: false,
        reason: text("No space left on the disk."),
        link: text("https://shop.example.com/admin/schedules/backup"),
    };
    let value = |of: &OfSchedule| serde_json::to_value(of).map_err(Error::internal);
    Ok([value(&OfSchedule { shop, schedule })?, value(&OfSchedule::default())?])
}
