//! LOC-020: operations of one bundle keep to themselves.

use std::collections::HashMap;

use alloy::primitives::Address;
use writ_types::{Entity, EntityKind, RuleId, Violation};

use crate::Findings;

/// The first operation whose validation accessed the sender of another one, or an address that the validation of one
/// before it created. Operations of one sender are no strangers to each other: they run in order.
pub(crate) fn intruder(members: &[(Address, &Findings)]) -> Option<(usize, Violation)> {
    let senders: HashMap<Address, usize> =
        members.iter().enumerate().rev().map(|(index, (sender, _))| (*sender, index)).collect();
    let mut created: HashMap<Address, Address> = HashMap::new();
    for (index, (sender, findings)) in members.iter().enumerate() {
        for address in &findings.visited {
            let is_sender = *address != *sender && senders.contains_key(address);
            let by_other = created.get(address).is_some_and(|creator| creator != sender);
            if !is_sender && !by_other {
                continue;
            }
            let what = if is_sender {
                "accesses the sender of another operation in the bundle"
            } else {
                "accesses an address that another operation in the bundle creates"
            };
            let entity = Entity::new(EntityKind::Account, *sender);
            let violation = Violation::new(RuleId::Loc020, entity, what).at(*address);
            return Some((index, violation));
        }
        created.extend(findings.created.iter().map(|address| (*address, *sender)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(sender: u8, visited: &[u8], created: &[u8]) -> (Address, Findings) {
        let addresses =
            |tags: &[u8]| tags.iter().map(|tag| Address::repeat_byte(*tag)).collect::<Vec<_>>();
        let findings = Findings {
            visited: addresses(visited),
            created: addresses(created),
            ..Findings::default()
        };
        (Address::repeat_byte(sender), findings)
    }

    fn found(members: &[(Address, Findings)]) -> Option<(usize, Address)> {
        let members: Vec<_> =
            members.iter().map(|(sender, findings)| (*sender, findings)).collect();
        let (index, violation) = intruder(&members)?;
        assert_eq!(violation.rule, RuleId::Loc020);
        Some((index, violation.address?))
    }

    #[test]
    fn loc_020_a_foreign_sender_is_an_intrusion_in_either_order() {
        let address = Address::repeat_byte;
        assert_eq!(found(&[member(1, &[1], &[]), member(2, &[1, 2], &[])]), Some((1, address(1))));
        assert_eq!(found(&[member(1, &[1, 2], &[]), member(2, &[2], &[])]), Some((0, address(2))));
    }

    #[test]
    fn loc_020_so_is_what_another_creates() {
        let address = Address::repeat_byte;
        let creator = member(1, &[1, 7], &[7]);
        assert_eq!(found(&[creator.clone(), member(2, &[2, 7], &[])]), Some((1, address(7))));
        // Before it is created nothing of it was accessed but that it is not there, which OP-041 refuses.
        assert_eq!(found(&[member(2, &[2, 7], &[]), creator]), None);
    }

    #[test]
    fn loc_020_one_sender_and_shared_contracts_are_fine() {
        assert_eq!(found(&[member(1, &[1, 9], &[1]), member(1, &[1, 9], &[])]), None);
        assert_eq!(found(&[member(1, &[1, 9], &[]), member(2, &[2, 9], &[])]), None);
        assert_eq!(found(&[]), None);
    }
}
