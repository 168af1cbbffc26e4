//! Schedules: what is to be done again and again, by the clocks of the shop. Each writes a job down when it is due, in
//! the transaction that names the next time, so that a crash neither doubles nor loses one.

mod cron;
mod model;
mod tick;

pub use cron::Cron;
pub use model::{Missed, Schedule, ScheduleId, TABLES, Trouble, trouble_of};
pub use tick::{Due, Moment, Plan, Running, Schedules, Set};
