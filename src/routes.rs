//! Every URL on one screen: one call per feature.

use crate::access;
use crate::app::Front;
use crate::registry;
use crate::shop::{customers, desk, mail, messages, orders, outreach, sites, transfer};
use crate::web::Web;
use crate::web::routing::{Routes, Table};
use actix_web::web::{Data, ServiceConfig};

/// The addresses of all features.
pub fn table() -> Table {
    Web::table(all)
}

/// Adds the addresses of all features.
pub fn all(routes: &mut Routes) {
    // What programs call.
    routes.below("/api/v1", |api| {
        api.configure(orders::bulk::api_routes)
            .configure(orders::api_routes)
            .configure(customers::api_routes)
            .configure(outreach::api_routes)
            .configure(mail::api_routes)
            .configure(sites::api_routes)
            .configure(desk::api_routes);
    });
    // What the pages of the shop call, from other origins.
    routes.configure(messages::storefront_routes);
    // Pages.
    routes
        .configure(access::routes)
        .configure(orders::admin::routes)
        .configure(customers::admin::routes)
        .configure(transfer::routes)
        .configure(outreach::admin::routes)
        .configure(mail::admin::routes)
        .configure(sites::admin::routes)
        .configure(desk::routes);
    // What supervisors call.
    routes.configure(desk::health_routes);
}

/// Adds the parts that handlers ask for to an app.
pub fn parts(front: &Front, config: &mut ServiceConfig) {
    let app = &front.app;
    config
        .app_data(Data::new(app.store.clone()))
        .app_data(Data::new(app.search.clone()))
        .app_data(Data::from(std::sync::Arc::clone(&app.shop)))
        .app_data(Data::new(front.access.clone()))
        .app_data(Data::new(app.imports.clone()))
        .app_data(Data::new(front.downloads.clone()))
        .app_data(Data::new(front.rows.clone()))
        .app_data(Data::new(app.office.clone()))
        .app_data(Data::new(app.outreach.clone()))
        .app_data(Data::new(app.post.clone()))
        .app_data(Data::new(app.sites.clone()))
        .app_data(Data::new(registry::asides()))
        .app_data(Data::new(app.outreach.work.clone()))
        .app_data(Data::new(app.schedules.clone()))
        .app_data(Data::new(registry::tellers()))
        .app_data(Data::new(app.clone()));
}
