//! What of orders somebody sees, by what they may do (admin.md 1B.19). Pure.

/// Whether somebody sees prices, payments and how to reach the customer. Who packs needs where it goes and nothing
/// of what it cost; who only looks sees what is there to be looked at.
pub fn sees_prices(may: impl Fn(&'static str) -> bool) -> bool {
    may("orders:edit") || !may("orders:ship")
}

/// Whether somebody sees what the shop earns in all: who may take the lists out of the house, or look behind it.
pub fn sees_sales(may: impl Fn(&'static str) -> bool) -> bool {
    sees_prices(&may) && (may("orders:export") || may("system:view"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    #[test]
    fn who_sees_what_is_as_the_table_of_roles_says() {
        let seen = |role: Role| (sees_prices(|w| role.may(w)), sees_sales(|w| role.may(w)));
        for (role, sees) in [
            (Role::Owner, (true, true)),
            (Role::Manager, (true, true)),
            (Role::Support, (true, false)),
            (Role::Packer, (false, false)),
            (Role::ReadOnly, (true, true)),
        ] {
            assert_eq!(seen(role), sees, "{}", role.word());
        }
    }
}
