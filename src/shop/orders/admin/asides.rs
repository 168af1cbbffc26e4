//! Cards of other features on the page of an order, which know this feature and are not known by it.

use crate::access::Rights;
use crate::base::error::Result;
use crate::shop::orders::OrderId;
use crate::store::Snapshot;
use crate::web::parts::Slips;

/// Gives a card of an order for somebody with these rights; none when there is nothing to show.
pub type Aside = fn(&Snapshot, OrderId, Rights) -> Result<Option<Slips>>;

/// All of them, in their order.
#[derive(Clone, Debug, Default)]
pub struct Asides(pub Vec<Aside>);

impl Asides {
    /// The cards of an order.
    pub(super) fn of(&self, s: &Snapshot, order: OrderId, rights: Rights) -> Result<Vec<Slips>> {
        self.0.iter().filter_map(|aside| aside(s, order, rights).transpose()).collect()
    }
}
