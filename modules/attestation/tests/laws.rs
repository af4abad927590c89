//! Laws of the suffix, over arbitrary input.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Bytes, U256};
use common::World;
use proptest::prelude::*;
use writ_attestation::{
    AccountPolicy, Bound, Bounds, MAGIC, MAX_SUFFIX_LEN, OperatorSet, OperatorSignature, Suffix,
    attach, verify,
};
use writ_types::Asset;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(3, 5));
static ATTESTED: LazyLock<Bytes> =
    LazyLock::new(|| attach(&[0x51; 65], &WORLD.suffix(&[0, 2, 3])).unwrap());

/// An asset of any kind but the native one. Few contracts, so that kinds, ids and grantees decide about the order.
fn assets() -> impl Strategy<Value = Asset> {
    let address = prop_oneof![
        (1..4_u8).prop_map(Address::repeat_byte),
        any::<[u8; 20]>().prop_map(|bytes| Address::from(bytes) | Address::with_last_byte(1)),
    ];
    let id = prop_oneof![
        (0..4_u64).prop_map(U256::from),
        any::<[u8; 32]>().prop_map(U256::from_be_bytes)
    ];
    (1..=6_u8, address.clone(), address, id).prop_map(|(kind, token, other, id)| match kind {
        1 => Asset::Erc20(token),
        2 => Asset::Erc721(token),
        3 => Asset::Deposit(token),
        4 => Asset::Erc1155 { token, id },
        5 => Asset::Allowance { token, spender: other },
        _ => Asset::Operator { token, operator: other },
    })
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (any::<u128>(), prop::collection::btree_map(assets(), any::<u128>(), 0..8)).prop_map(
        |(native, others)| {
            let others = others.into_iter().map(|(asset, most)| {
                let most = if matches!(asset, Asset::Operator { .. }) { most & 1 } else { most };
                Bound::new(asset, most)
            });
            Bounds::new(std::iter::once(Bound::native(native)).chain(others).collect()).unwrap()
        },
    )
}

fn suffixes() -> impl Strategy<Value = Suffix> {
    let signature = (any::<u8>(), any::<[u8; 32]>(), any::<[u8; 32]>())
        .prop_map(|(index, r, vs)| OperatorSignature { index, r: r.into(), vs: vs.into() });
    (
        any::<(u8, u64, u64, u64, u64, u128)>(),
        any::<([u8; 32], [u8; 32])>(),
        (0..(1_u64 << 47) - 1).prop_flat_map(|after| (Just(after), after + 1..1 << 47)),
        bounds(),
        prop::collection::vec(signature, 1..=32),
    )
        .prop_map(
            |(
                (level, revision, epoch, sequence, block_number, max_cost),
                (hash, evidence),
                window,
                bounds,
                signatures,
            )| {
                Suffix {
                    level,
                    revision,
                    epoch,
                    sequence,
                    block_number,
                    block_hash: B256::from(hash),
                    valid_after: window.0,
                    valid_until: window.1,
                    max_cost,
                    evidence: B256::from(evidence),
                    bounds,
                    signatures,
                }
            },
        )
}

proptest! {
    #[test]
    fn a_suffix_round_trips(suffix in suffixes(), owner in prop::collection::vec(any::<u8>(), 0..200)) {
        let encoded = suffix.encode().unwrap();
        prop_assert!(encoded.len() <= MAX_SUFFIX_LEN);
        prop_assert_eq!(&Suffix::decode(&encoded).unwrap(), &suffix);
        let whole = attach(&owner, &suffix).unwrap();
        let (part, parsed) = Suffix::split(&whole).unwrap().unwrap();
        prop_assert_eq!(part, owner.as_slice());
        prop_assert_eq!(parsed, suffix);
    }

    #[test]
    fn bounds_have_one_encoding(bounds in bounds(), at in any::<prop::sample::Index>(), byte in any::<u8>(), size in any::<u8>()) {
        let packed = bounds.pack().to_vec();
        prop_assert_eq!(&Bounds::unpack(bounds.size(), &packed).unwrap(), &bounds);
        prop_assert_eq!(Bounds::packed_len(bounds.size()), Ok(packed.len()));
        // Any other size byte, any changed byte: refused, or the encoding of something else.
        prop_assert!(size == bounds.size() || Bounds::unpack(size, &packed).is_err());
        let mut changed = packed;
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(other) = Bounds::unpack(bounds.size(), &changed) {
            prop_assert_eq!(other.pack(), changed);
            prop_assert_eq!(other.size(), bounds.size());
        }
    }

    #[test]
    fn bounds_in_another_order_are_none(bounds in bounds(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let mut list = bounds.as_slice().to_vec();
        let (one, other) = (one.index(list.len()), other.index(list.len()));
        list.swap(one, other);
        prop_assert_eq!(Bounds::new(list).is_ok(), one == other);
        let mut list = bounds.as_slice().to_vec();
        list.insert(one, list[one]);
        prop_assert!(Bounds::new(list).is_err());
    }

    #[test]
    fn bounds_are_the_same_in_json(bounds in bounds()) {
        let json = serde_json::to_value(&bounds).unwrap();
        prop_assert_eq!(serde_json::from_value::<Bounds>(json).unwrap(), bounds);
    }

    #[test]
    fn one_changed_byte_never_verifies(at in 65..ATTESTED.len(), flip in 1..=u8::MAX) {
        let mut bytes = ATTESTED.to_vec();
        bytes[at] ^= flip;
        if let Ok(Some((_, suffix))) = Suffix::split(&bytes) {
            // One encoding per suffix: what decodes encodes back to the same bytes.
            let encoded = suffix.encode().unwrap();
            prop_assert!(bytes.ends_with(&encoded));
            prop_assert!(verify(&WORLD.operation, &suffix, &WORLD.context()).is_err());
        }
    }

    #[test]
    fn one_byte_more_or_less_is_refused(at in 65..ATTESTED.len(), byte in any::<u8>()) {
        let verifies = |bytes: &[u8]| {
            matches!(Suffix::split(bytes), Ok(Some((owner, suffix)))
                if owner == [0x51; 65] && verify(&WORLD.operation, &suffix, &WORLD.context()).is_ok())
        };
        prop_assert!(verifies(&ATTESTED));
        let mut longer = ATTESTED.to_vec();
        longer.insert(at, byte);
        prop_assert!(!verifies(&longer));
        let mut shorter = ATTESTED.to_vec();
        shorter.remove(at);
        prop_assert!(!verifies(&shorter));
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..3_000), length in any::<u16>()) {
        let _ = Suffix::split(&bytes);
        let _ = OperatorSet::from_code(&bytes);
        let _ = AccountPolicy::decode(&bytes);
        if let Some((size, rest)) = bytes.split_first() {
            let _ = Bounds::unpack(*size, rest);
        }
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&MAGIC);
        let _ = Suffix::split(&bytes);
        bytes.push(0);
        let _ = Suffix::split(&bytes);
    }

    #[test]
    fn almost_right_bytes_never_panic(mut bytes in suffixes().prop_map(|s| s.encode().unwrap().to_vec()), cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Some((owner, suffix))) = Suffix::split(&bytes) {
            prop_assert_eq!(&bytes[owner.len()..], &suffix.encode().unwrap()[..]);
        }
    }
}
