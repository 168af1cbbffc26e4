//! The shop's own address: watched from the first start on, and wherever the configuration moves it.

use super::model::Site;
use super::{ops, take};
use crate::base::error::Result;
use crate::outbound::certificates::Address;
use crate::store::Tx;
use crate::work::subscriptions;

/// The address of `server.public_url`; `None` where it has no certificate.
pub(super) fn address(public_url: Option<&str>) -> Option<Address> {
    let url = public_url?.trim();
    let is_tls = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
    if is_tls { Address::parse(url).ok() } else { None }
}

/// Sets the subscriptions of sites going and has the shop's own address watched. They send nothing, so they go on in a
/// restored shop too; the mails that follow them wait as all mails do.
///
/// # Errors
/// Faults of the store only.
pub(super) fn settle(tx: &mut Tx<'_>, own: Option<&Address>, last_seq: u64, epoch: [u8; 16]) -> Result<()> {
    for (name, kind) in take::ALL {
        match subscriptions::get(tx, name) {
            Err(_none) => subscriptions::add(tx, name, vec![(*kind).to_owned()], last_seq, epoch)?,
            Ok(there) if there.epoch != epoch => subscriptions::resume(tx, name, epoch)?,
            Ok(_) => {}
        }
    }
    let before = ops::of_the_shop(tx)?;
    if before.as_ref().map(|(_, site)| site.address()).as_ref() == own {
        return Ok(());
    }
    if let Some((id, site)) = before {
        // What somebody added as well stays, as any other site.
        if site.created_by.is_empty() {
            ops::forget(tx, id)?;
        } else {
            ops::put(tx, id, &Site { is_own: false, ..site })?;
        }
    }
    let Some(own) = own else { return Ok(()) };
    if let Some((id, site)) = ops::at(tx, own)? {
        return ops::put(tx, id, &Site { is_own: true, ..site });
    }
    let site = Site {
        host: own.host().to_owned(),
        port: own.port(),
        note: String::new(),
        email: None,
        consent: None,
        is_own: true,
        created_at: tx.now(),
        created_by: String::new(),
        checks: 0,
        latest: None,
        shown: None,
        failing_since: None,
        listed: None,
    };
    match ops::insert(tx, &site) {
        Err(error) if error.code == "too_many_sites" => {
            tracing::warn!("the shop's own address is not watched: {}", error.message);
            Ok(())
        }
        other => other.map(drop),
    }
}
