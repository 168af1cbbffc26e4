//! The operations as the command line calls them: they wait for the store, and act for whoever is on the server.

use crate::access::hasher::Hasher;
use crate::access::key::{self, ApiKey, KeyId, NewKey};
use crate::access::password::Password;
use crate::access::profile;
use crate::access::staff::{self, Granter, NewStaff, StaffId, StaffMember};
use crate::access::token;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::store::{Actor, Store};

pub(super) fn add_staff(
    store: &Store,
    hasher: &Hasher,
    new: &NewStaff,
    password: &str,
) -> Result<StaffMember> {
    let hash = hashed(store, hasher, password, &[&new.name, &new.email])?;
    let new = new.clone();
    store.write_blocking(Actor::cli(), move |tx| staff::add(tx, &Granter::console(), &new, &hash, false))
}

pub(super) fn list_staff(store: &Store) -> Result<Vec<StaffMember>> {
    store.read(staff::list)
}

pub(super) fn deactivate(store: &Store, email: &str) -> Result<StaffMember> {
    let id = id_of(store, email)?;
    store.write_blocking(Actor::cli(), move |tx| staff::deactivate(tx, &Granter::console(), id))
}

pub(super) fn activate(store: &Store, email: &str) -> Result<StaffMember> {
    let id = id_of(store, email)?;
    store.write_blocking(Actor::cli(), move |tx| staff::activate(tx, &Granter::console(), id))
}

pub(super) fn reset_password(
    store: &Store,
    hasher: &Hasher,
    email: &str,
    password: &str,
) -> Result<StaffMember> {
    let id = id_of(store, email)?;
    let person = store.read(|s| staff::get(s, id))?;
    let hash = hashed(store, hasher, password, &[&person.name, &person.email])?;
    store.write_blocking(Actor::cli(), move |tx| {
        staff::set_password(tx, &Granter::console(), id, &hash, false, None)
    })
}

pub(super) fn end_sessions(store: &Store, email: &str) -> Result<u32> {
    let id = id_of(store, email)?;
    store.write_blocking(Actor::cli(), move |tx| staff::end_sessions(tx, &Granter::console(), id))
}

pub(super) fn create_key(store: &Store, new: &NewKey) -> Result<(ApiKey, String)> {
    let (new, secret) = (new.clone(), token::new_key());
    let kept = secret.clone();
    let key =
        store.write_blocking(Actor::cli(), move |tx| key::create(tx, &Granter::console(), &new, &kept))?;
    Ok((key, secret))
}

pub(super) fn revoke_key(store: &Store, id: &str) -> Result<ApiKey> {
    let id = KeyId::parse(id)?;
    store.write_blocking(Actor::cli(), move |tx| key::revoke(tx, &Granter::console(), id))
}

fn hashed(store: &Store, hasher: &Hasher, password: &str, words: &[&str]) -> Result<String> {
    let shop = store.read(profile::get)?.name;
    let words = words.iter().map(|w| (*w).to_owned()).chain([shop]).collect();
    hasher.hash_blocking(Password::new(password)?, words)
}

fn id_of(store: &Store, email: &str) -> Result<StaffId> {
    let found = store.read(|s| staff::find_by_email(s, email))?;
    found.map(|person| person.id).ok_or_else(|| Error::not_found("member of staff", email.trim()))
}
