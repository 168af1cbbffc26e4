//! The first start: a link that works once makes the owner. Nobody else can, not even before there is one.

use crate::access::staff::{self, Granter, NewStaff, StaffMember};
use crate::access::token::{self, TokenHash};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{HOUR_MS, Timestamp};
use crate::store::{Actor, Read, Record, Store, Table, TableInfo, Tx};
use minicbor::{Decode, Encode};

/// How long a link works.
pub const VALID_MS: i64 = HOUR_MS;

/// The link that is out, by the hash of its token. A new one takes the place of the old one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Link {
    #[cbor(n(0), with = "minicbor::bytes")]
    hash: TokenHash,
    #[n(1)]
    expires_at: Timestamp,
}

const LINK: Table<(), Link> = Table::new("setup_link/1");

impl Record for Link {
    type Key = ();
}

pub const TABLES: &[TableInfo] = &[LINK.info("access").not_backed_up()];

/// Makes a new link and gives its token: the path is `/setup/{token}`. `None` when the shop has an owner.
/// For the start of the server and for the command line: it waits for the store.
///
/// # Errors
/// Faults of the store only.
pub fn setup_link(store: &Store) -> Result<Option<String>> {
    if store.read(staff::has_owner)? {
        return Ok(None);
    }
    let token = token::new_link_token();
    let hash = token::hash(&token);
    let made = store.write_blocking(Actor::system("setup"), move |tx| {
        if staff::has_owner(tx)? {
            return Ok(false);
        }
        let link = Link { hash, expires_at: tx.now().plus_ms(VALID_MS) };
        LINK.put(tx, &(), &link)?;
        Ok(true)
    })?;
    Ok(made.then_some(token))
}

/// Whether a token opens the set-up.
///
/// # Errors
/// `not_found` for everything else: there is no door to be seen.
pub fn check(r: &impl Read, token: &str, now: Timestamp) -> Result<()> {
    let fits = |link: Link| link.hash == token::hash(token) && now < link.expires_at;
    if !staff::has_owner(r)? && LINK.get(r, &())?.is_some_and(fits) {
        return Ok(());
    }
    Err(Error::refuse(Kind::NotFound, "not_found", "There is nothing at this address."))
}

/// Makes the owner and uses the link up. Of two at once the second finds nothing.
///
/// # Errors
/// As [`check`]; `validation` with the fields.
pub fn complete(tx: &mut Tx<'_>, token: &str, owner: &NewStaff, hash: &str) -> Result<StaffMember> {
    check(tx, token, tx.now())?;
    let member = staff::add(tx, &Granter::console(), owner, hash, false)?;
    LINK.delete(tx, &())?;
    Ok(member)
}
