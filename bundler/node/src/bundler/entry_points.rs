//! Which EntryPoints are served: those that are named, or all that the chain has.

use alloy::primitives::{Address, Bytes};
use writ_simulation::NodeClient;
use writ_types::{EntryPoint, EntryPointVersion};

use crate::NodeError;

/// Newest first: what clients that ask for one get.
const PREFERENCE: [EntryPointVersion; 4] = [
    EntryPointVersion::V09,
    EntryPointVersion::V08,
    EntryPointVersion::V07,
    EntryPointVersion::V06,
];

/// The canonical EntryPoints behind configured addresses.
pub(super) fn named(addresses: &[Address]) -> Result<Vec<EntryPoint>, NodeError> {
    let mut named = Vec::with_capacity(addresses.len());
    for address in addresses.iter().copied() {
        let version = EntryPointVersion::from_canonical_address(address).ok_or_else(|| {
            NodeError::start(format!("--entry-points: {address} is no canonical EntryPoint"))
        })?;
        let entry_point = EntryPoint { address, version };
        if named.contains(&entry_point) {
            return Err(NodeError::start(format!("--entry-points: {address} is named twice")));
        }
        named.push(entry_point);
    }
    Ok(named)
}

/// The EntryPoints to serve, preferred first: `named`, each of which must be deployed, or when there is none every
/// canonical one that is.
pub(super) async fn served(
    named: Vec<EntryPoint>,
    node: &NodeClient,
    chain_id: u64,
) -> Result<Vec<EntryPoint>, NodeError> {
    let all = named.is_empty();
    let wanted =
        if all { PREFERENCE.into_iter().map(EntryPoint::canonical).collect() } else { named };
    let mut served = Vec::with_capacity(wanted.len());
    for entry_point in wanted {
        let code: Bytes = node
            .request("eth_getCode", (entry_point.address, "latest"))
            .await
            .map_err(NodeError::start)?;
        if !code.is_empty() {
            served.push(entry_point);
        } else if !all {
            return Err(NodeError::start(format!(
                "--entry-points: there is no contract at EntryPoint {entry_point} on chain {chain_id}; deploy it or \
                 leave it out"
            )));
        }
    }
    if served.is_empty() {
        return Err(NodeError::start(format!(
            "chain {chain_id} has no EntryPoint (v0.6 to v0.9) at its canonical address; deploy one"
        )));
    }
    Ok(served)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical_and_stand_once_in_their_order() {
        let [v06, .., v09] = EntryPointVersion::ALL.map(EntryPointVersion::canonical_address);
        let versions: Vec<_> =
            named(&[v09, v06]).unwrap().into_iter().map(|known| known.version).collect();
        assert_eq!(versions, [EntryPointVersion::V09, EntryPointVersion::V06]);
        assert!(named(&[]).unwrap().is_empty());
        let message = named(&[v06, v06]).unwrap_err().to_string();
        assert!(message.contains("named twice"), "{message}");
        let message = named(&[Address::repeat_byte(1)]).unwrap_err().to_string();
        assert!(message.contains("no canonical EntryPoint"), "{message}");
    }
}
