//! The desk: what shows several features together. Home, the one box, the customer page, the inbox, the change feed, the
//! backups, the documentation of the API; and what the index holds of them.

pub mod backups;
#[cfg(test)]
mod clocks;
pub mod customer;
pub mod docs;
pub mod feed;
pub mod find;
mod health;
pub mod home;
pub mod inbox;
pub mod index;
pub mod jobs;
pub mod retention;
pub mod schedules;
pub mod subscriptions;
#[cfg(test)]
mod trial;

pub use health::routes as health_routes;

use crate::web::routing::Routes;

/// The pages, and the documentation.
pub fn routes(config: &mut Routes) {
    config
        .configure(home::routes)
        .configure(find::pages)
        .configure(customer::routes)
        .configure(inbox::routes)
        .configure(backups::routes)
        .configure(jobs::routes)
        .configure(schedules::routes)
        .configure(subscriptions::routes)
        .configure(docs::routes);
}

/// The routes below `/api/v1`.
pub fn api_routes(config: &mut Routes) {
    config
        .configure(feed::routes)
        .configure(find::routes)
        .configure(inbox::api_routes)
        .configure(jobs::api_routes)
        .configure(subscriptions::api_routes);
}
