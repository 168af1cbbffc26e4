//! The pages of customers: the list, adding and editing. What one customer has ordered is shown by the desk, which
//! may look at orders.

mod bulk;
mod clash;
mod columns;
mod draft;
mod edit;
mod filters;
mod list;
#[cfg(test)]
mod samples;

pub use bulk::told;

use crate::web::routing;

/// The routes. `/admin/customers/{id}` itself is the desk's.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/customers").route(routing::get().to(list::list)))
        .service(routing::resource("/admin/customers/bulk").route(routing::post().to(bulk::run)))
        .service(routing::resource("/admin/customers/bulk/{key}").route(routing::get().to(bulk::result)))
        .service(
            routing::resource("/admin/customers/new")
                .route(routing::get().to(edit::new))
                .route(routing::post().to(edit::add_one)),
        )
        .service(
            routing::resource("/admin/customers/{id}/edit")
                .route(routing::get().to(edit::show))
                .route(routing::post().to(edit::save)),
        );
}

/// The words of the list's columns.
pub fn column_words() -> impl Iterator<Item = &'static str> {
    columns::COLUMNS.iter().map(|column| column.word)
}

#[cfg(test)]
mod tests {
    use crate::web::pages::testing::renders;

    #[test]
    fn every_page_renders_whole_and_in_part_and_escapes() {
        let list = renders::<super::list::ListPage>();
        assert!(list.contains("Anna Berg") && list.contains("Showing “berg” for “bergh”."));
        let form = renders::<super::edit::FormPage>();
        assert!(form.contains("name=\"addresses.1.line1\"") && form.contains("Enter an e-mail address"));
        let clash = renders::<super::edit::ClashPage>();
        assert!(clash.contains("name=\"pick_phone\"") && clash.contains("030 1"));
    }
}
