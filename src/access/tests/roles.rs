//! Every role and every scope at every probe, and what staff may do with staff (cases 18, 19, 20, P21).

use super::{House, OWNER, PASSWORD, console, program};
use crate::access::key::NewKey;
use crate::access::permission::{PERMISSIONS, Rights};
use crate::access::role::Role;
use crate::access::staff::{self, Granter, NewStaff, StaffId};
use crate::base::error::{Kind, Result};
use crate::store::Actor;
use actix_web::test::TestRequest;

#[actix_web::test]
async fn the_matrix_of_routes_and_roles_is_as_agreed() {
    let house = House::open().await;
    let mut table = String::new();
    for role in Role::ALL {
        let email = format!("{}@example.com", role.word());
        house.hire(role.label(), &email, *role);
        let browser = house.signed_in(&email).await;
        let mut line = format!("{:<10}", role.word());
        for path in [
            "/admin/probe/any",
            "/admin/probe/view",
            "/admin/probe/edit",
            "/admin/account",
            "/admin/staff",
            "/admin/keys",
        ] {
            line.push_str(&format!(" {}", browser.get(path).await.status));
        }
        for path in ["/api/v1/probe/view", "/api/v1/probe/me"] {
            line.push_str(&format!(" {}", browser.get(path).await.status));
        }
        line.push_str(&format!(" {}\n", browser.post("/api/v1/probe/edit", &[]).await.status));
        table.push_str(&line);
    }
    let stranger = house.browser(9);
    let mut line = "nobody    ".to_owned();
    for path in ["/admin/probe/any", "/admin/staff", "/api/v1/probe/view", "/api/v1/probe/me", "/open"] {
        line.push_str(&format!(" {}", stranger.get(path).await.status));
    }
    table.push_str(&line);
    // any view edit account staff keys | api: view me edit
    let agreed = "\
owner      200 200 200 200 200 200 200 200 200
manager    200 200 200 200 403 403 200 200 200
support    200 200 200 200 403 403 200 200 200
packer     200 200 403 200 403 403 200 200 403
read_only  200 200 403 200 403 403 200 200 403
nobody     303 303 401 401 200";
    assert_eq!(table, agreed);
}

#[actix_web::test]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let house = House::open().await;
    for permission in PERMISSIONS {
        let new =
            NewKey { name: "x".into(), scopes: vec![permission.word.into()], days: None, origins: None };
        let (_, secret) = console::create_key(&house.store, &new).unwrap();
        let view = house.call(program(TestRequest::get(), "/api/v1/probe/view", &secret)).await;
        let edit = house.call(program(TestRequest::post(), "/api/v1/probe/edit", &secret)).await;
        // Who may change a record sees it: the answer to a change is the record.
        let sees = matches!(permission.word, "orders:edit" | "orders:ship" | "orders:export");
        let has = |word| permission.word == word || (word == "orders:view" && sees);
        let expected = |word| if has(word) { 200 } else { 403 };
        assert_eq!((view.status, edit.status), (expected("orders:view"), expected("orders:edit")));
        if view.status == 403 {
            assert_eq!(view.code(), "missing_scope");
            assert!(view.body.contains("orders:view"), "it names the scope");
        }
        // A key is no person: pages do not open for it.
        let page = house.call(program(TestRequest::get(), "/admin/probe/any", &secret)).await;
        assert_eq!(page.status, 303);
    }
}

fn on<T: Send + 'static>(
    house: &House,
    op: impl Fn(&mut crate::store::Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    house.store.write_blocking(Actor::cli(), op)
}

fn granter(id: StaffId, role: Role) -> Granter {
    Granter { staff: Some(id), rights: role.rights() }
}

#[actix_web::test]
async fn the_last_owner_stays_and_nobody_changes_his_own_role() {
    let house = House::open().await;
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let me = granter(owner.id, Role::Owner);
    let demote = move |by: Granter, id| {
        move |tx: &mut crate::store::Tx<'_>| staff::set_role(tx, &by, id, None, Role::Manager)
    };
    let error = on(&house, demote(me, owner.id)).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Conflict, "last_owner"));
    let error = on(&house, demote(Granter::console(), owner.id)).unwrap_err();
    assert_eq!(error.code, "last_owner");
    assert_eq!(console::deactivate(&house.store, OWNER).unwrap_err().code, "last_owner");

    let second = house.hire("Otto", "otto@example.com", Role::Owner);
    let error = on(&house, demote(me, owner.id)).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Forbidden, "own_role"));
    let error = on(&house, move |tx| staff::deactivate(tx, &me, owner.id)).unwrap_err();
    assert_eq!(error.code, "own_account");
    on(&house, demote(granter(second.id, Role::Owner), owner.id)).unwrap();
    assert_eq!(console::deactivate(&house.store, "otto@example.com").unwrap_err().code, "last_owner");
    // A deactivated owner is none.
    let third = house.hire("Ona", "ona@example.com", Role::Owner);
    console::deactivate(&house.store, "ona@example.com").unwrap();
    assert_eq!(console::deactivate(&house.store, "otto@example.com").unwrap_err().code, "last_owner");
    on(&house, demote(Granter::console(), third.id)).unwrap();
}

#[actix_web::test]
async fn nobody_gives_or_manages_what_he_does_not_have() {
    let house = House::open().await;
    let owner = house.store.read(|s| staff::find_by_email(s, OWNER)).unwrap().unwrap();
    let ben = house.hire("Ben", "ben@example.com", Role::Packer);
    // Somebody who manages staff without being an owner.
    let clerk =
        Granter { staff: Some(ben.id), rights: Rights::parse(&["staff:manage", "orders:view"]).unwrap() };
    let refused = |result: Result<()>| {
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::Forbidden, "cannot_grant"), "{error}");
    };
    let new = |role| NewStaff { name: "X".into(), email: "x@example.com".into(), role };
    let (a, b) = (new(Role::Manager), new(Role::Packer));
    refused(on(&house, move |tx| staff::add(tx, &clerk, &a, "hash", false).map(drop)));
    refused(on(&house, move |tx| staff::add(tx, &clerk, &b, "hash", false).map(drop)));
    refused(on(&house, move |tx| staff::set_role(tx, &clerk, owner.id, None, Role::Packer).map(drop)));
    refused(on(&house, move |tx| staff::set_password(tx, &clerk, owner.id, "hash", true, None).map(drop)));
    refused(on(&house, move |tx| staff::deactivate(tx, &clerk, owner.id).map(drop)));
    refused(on(&house, move |tx| staff::end_sessions(tx, &clerk, owner.id).map(drop)));
    let key = NewKey { name: "x".into(), scopes: vec!["all".into()], days: None, origins: None };
    refused(on(&house, move |tx| crate::access::key::create(tx, &clerk, &key, "sk").map(drop)));
}

#[actix_web::test]
async fn an_e_mail_address_is_there_once_however_it_is_written() {
    let house = House::open().await;
    let add = |email: &str| {
        let new = NewStaff { name: "X".into(), email: email.into(), role: Role::Packer };
        console::add_staff(&house.store, house.access.hasher(), &new, PASSWORD)
    };
    assert_eq!(add(" OLGA@example.com ").unwrap_err().code, "email_taken");
    add("jo\u{308}rg@example.com").unwrap();
    assert_eq!(add("JÖRG@example.com").unwrap_err().code, "email_taken");
    let new = NewStaff { name: "\u{7}".into(), email: "no".into(), role: Role::Packer };
    let error = console::add_staff(&house.store, house.access.hasher(), &new, PASSWORD).unwrap_err();
    assert_eq!((error.code, error.fields.len()), ("validation", 2));
    house.check();
}

#[actix_web::test]
async fn a_role_is_changed_only_as_it_was_seen() {
    let house = House::open().await;
    let ben = house.hire("Ben", "ben@example.com", Role::Packer);
    let browser = house.signed_in(OWNER).await;
    let path = format!("/admin/staff/{}/role", ben.id);
    browser.post(&path, &[("role", "support"), ("version", "1")]).await.expect(303);
    browser.post(&path, &[("role", "manager"), ("version", "1")]).await.expect(412);
    browser.post(&path, &[("role", "king"), ("version", "2")]).await.expect(422);
    assert_eq!(house.store.read(|s| staff::get(s, ben.id)).unwrap().role, Role::Support);
}
