//! The bounds of an input document as the list that an attestation holds the hash of.

use alloy::primitives::{Address, U256};
use writ_attestation::{Bound, Bounds};
use writ_policy::Value;
use writ_types::{Asset, AssetKind};

/// The document's bounds; `None` if they are no list that the chain can hold anybody to.
pub fn bounds_of(document: &Value) -> Option<Bounds> {
    let listed = document.get("bounds")?.as_array()?;
    let bounds = listed.iter().map(bound).collect::<Option<_>>()?;
    Bounds::new(bounds).ok()
}

fn bound(value: &Value) -> Option<Bound> {
    let word = value.get("kind")?.as_str()?;
    let kind = AssetKind::ALL.into_iter().find(|kind| kind.as_str() == word)?;
    let address = |name: &str| -> Option<Address> { value.get(name)?.as_str()?.parse().ok() };
    let number = |name: &str| -> Option<U256> { value.get(name)?.as_integer()?.to_u256() };
    let (token, spender, id) = (address("asset")?, address("spender")?, number("id")?);
    let asset = match kind {
        AssetKind::Native => Asset::Native,
        AssetKind::Erc20 => Asset::Erc20(token),
        AssetKind::Erc721 => Asset::Erc721(token),
        AssetKind::Deposit => Asset::Deposit(token),
        AssetKind::Erc1155 => Asset::Erc1155 { token, id },
        AssetKind::Allowance => Asset::Allowance { token, spender },
        AssetKind::Operator => Asset::Operator { token, operator: spender },
    };
    // Nothing else was written there than what the kind has.
    let whole = (asset.contract(), asset.grantee(), asset.id()) == (token, spender, id);
    let max_out = value.get("maxOut")?.as_integer()?.to_u128()?;
    whole.then(|| Bound::new(asset, max_out))
}
