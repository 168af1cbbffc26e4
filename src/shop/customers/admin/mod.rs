//! The pages of customers: the list, adding and editing. What one customer has ordered is shown by the desk, which
//! may look at orders.

mod clash;
mod draft;
mod edit;
mod filters;
mod list;
#[cfg(test)]
mod samples;

use actix_web::web;

/// The routes below `/admin`. `/customers/{id}` itself is the desk's.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/customers").route(web::get().to(list::list)))
        .service(
            web::resource("/customers/new").route(web::get().to(edit::new)).route(web::post().to(edit::add_one)),
        )
        .service(
            web::resource("/customers/{id}/edit").route(web::get().to(edit::show)).route(web::post().to(edit::save)),
        );
}
