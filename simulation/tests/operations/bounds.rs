//! What Rust makes of a bounds list, the deployed module makes of it as well: every kind, and every way to spoil it.

use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolError;
use proptest::{collection::btree_map, prelude::*, sample::Index};
use revm::primitives::hardfork::SpecId;
use writ_attestation::{
    Bound, Bounds, BoundsError, MAX_SUFFIX_LEN, OperatorSignature, Suffix, attach,
};
use writ_bindings::WritModule;
use writ_simulation::Failure;
use writ_types::{Asset, EntryPointVersion, UserOperation};

use crate::{case::EMPTY, guarded::Guarded, world::World};

/// Which bytes of a body come before the size byte of its bounds.
const FIELDS: usize = 127;

/// A world, its account, and an operation of it with the owner's signature alone.
static GUARDED: LazyLock<(World, UserOperation)> = LazyLock::new(|| {
    let mut world = World::of(EntryPointVersion::V08);
    let account = Guarded::new(&mut world.chain, world.entry_point, 1, 1);
    let mut operation = account.payment(0, EMPTY, U256::from(5));
    operation.signature = account.owner_signature(&operation);
    (world, operation)
});

/// A body with these bounds, under a signature of nobody.
fn body(size: u8, bounds: &[u8]) -> Vec<u8> {
    let suffix = Suffix {
        level: 1,
        revision: 1,
        epoch: 1,
        sequence: 0,
        block_number: 1,
        block_hash: B256::ZERO,
        valid_after: 1,
        valid_until: 2,
        max_cost: u128::MAX,
        evidence: B256::ZERO,
        bounds: Bounds::new(vec![Bound::native(0)]).expect("a list"),
        signatures: vec![OperatorSignature {
            index: 0,
            r: B256::repeat_byte(1),
            vs: B256::repeat_byte(1),
        }],
    };
    let whole = suffix.encode().expect("it fits");
    // Behind the fields one bound of 37 bytes, then the signatures.
    let signatures = &whole[FIELDS + 1 + 37..whole.len() - 10];
    [&whole[..FIELDS], &[size], bounds, signatures].concat()
}

/// The selector of the module's error, where it refuses the body for its structure.
fn refused_by_module(body: &[u8]) -> Option<[u8; 4]> {
    let (world, operation) = &*GUARDED;
    let length = u16::try_from(body.len()).expect("short").to_be_bytes();
    let signature = [&operation.signature[..], body, &length, &writ_attestation::MAGIC].concat();
    let operation = UserOperation { signature: signature.into(), ..operation.clone() };
    let simulation = world.simulate(SpecId::PRAGUE, vec![operation]);
    let Some(Failure::Op(failed)) = simulation.failure else { panic!("nobody signed it") };
    let selector = failed.inner.as_ref().and_then(|inner| inner.first_chunk::<4>().copied())?;
    let structural = [
        WritModule::MalformedAttestation::SELECTOR,
        WritModule::BoundsMissing::SELECTOR,
        WritModule::BoundsNotAscending::SELECTOR,
        WritModule::UnsupportedBoundKind::SELECTOR,
    ];
    structural.contains(&selector).then_some(selector)
}

/// The module's error for what Rust refuses first.
fn selector_of(error: &BoundsError) -> [u8; 4] {
    match error {
        BoundsError::Missing => WritModule::BoundsMissing::SELECTOR,
        BoundsError::TooMany(_) | BoundsError::Longer { .. } | BoundsError::Length { .. } => {
            WritModule::MalformedAttestation::SELECTOR
        }
        BoundsError::Kind { kind: 7.., .. } => WritModule::UnsupportedBoundKind::SELECTOR,
        _ => WritModule::BoundsNotAscending::SELECTOR,
    }
}

fn assets() -> impl Strategy<Value = Asset> {
    let address = || (1..4_u8).prop_map(Address::repeat_byte);
    (1..=6_u8, address(), address(), 0..3_u64).prop_map(|(kind, token, other, id)| match kind {
        1 => Asset::Erc20(token),
        2 => Asset::Erc721(token),
        3 => Asset::Deposit(token),
        4 => Asset::Erc1155 { token, id: U256::from(id) },
        5 => Asset::Allowance { token, spender: other },
        _ => Asset::Operator { token, operator: other },
    })
}

fn lists() -> impl Strategy<Value = Bounds> {
    btree_map(assets(), 0..2_u128, 0..8).prop_map(|assets| {
        let others = assets.into_iter().map(|(asset, most)| Bound::new(asset, most));
        Bounds::new(std::iter::once(Bound::native(9)).chain(others).collect()).expect("a list")
    })
}

/// Compares both verdicts; the names too, where only one thing is wrong.
fn same(size: u8, bytes: &[u8], names: bool) -> Result<(), TestCaseError> {
    let ours = Bounds::unpack(size, bytes);
    let theirs = refused_by_module(&body(size, bytes));
    prop_assert_eq!(ours.is_err(), theirs.is_some(), "{:?} and {:02x?}", ours, theirs);
    if let (true, Err(error), Some(theirs)) = (names, &ours, theirs) {
        prop_assert_eq!(selector_of(error), theirs, "{}", error);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_module_reads_bounds_as_they_are_written(
        bounds in lists(),
        at in any::<Index>(),
        byte in prop_oneof![0..9_u8, any::<u8>()],
        size in any::<u8>(),
    ) {
        let packed = bounds.pack().to_vec();
        same(bounds.size(), &packed, true)?;
        let mut changed = packed.clone();
        let at = at.index(changed.len());
        changed[at] = byte;
        same(bounds.size(), &changed, false)?;
        // Kinds, at the beginning of an entry.
        let shorter = usize::from(bounds.size() & 15) - usize::from(bounds.size() >> 4);
        let mut changed = packed.clone();
        let entry = at % bounds.as_slice().len();
        let start = 37 * entry.min(shorter) + 69 * entry.saturating_sub(shorter);
        changed[start] = byte;
        same(bounds.size(), &changed, false)?;
        // Another size byte over as many bytes as it says.
        let mut resized = packed.clone();
        if let Ok(length) = Bounds::packed_len(size) {
            resized.resize(length, 1);
        }
        same(size, &resized, false)?;
        same(bounds.size(), &packed[..packed.len() - 1], false)?;
        same(bounds.size(), &[&packed[..], &[0]].concat(), false)?;
    }
}

#[test]
fn every_size_byte_is_accepted_or_refused_alike() {
    for size in 0..=u8::MAX {
        let (count, longer) = (usize::from(size & 15), usize::from(size >> 4));
        let ids = (0..longer).map(|id| Asset::Erc1155 { token: EMPTY, id: U256::from(id) });
        let tokens = (1..=7_u8).map(|token| Asset::Erc20(Address::repeat_byte(token)));
        let shorter = count.saturating_sub(longer + 1);
        let list = [Asset::Native].into_iter().chain(tokens.take(shorter)).chain(ids);
        let list = list.take(8).map(Bound::widest).collect();
        let packed = Bounds::new(list).expect("a list").pack();
        let ours = Bounds::unpack(size, &packed).is_ok();
        assert_eq!(ours, refused_by_module(&body(size, &packed)).is_none(), "{size:#04x}");
    }
}

#[test]
fn a_signature_of_one_word_more_is_not_read_as_bounds() {
    let (_, operation) = &*GUARDED;
    let bounds = Bounds::new(vec![
        Bound::native(1),
        Bound::new(Asset::Allowance { token: EMPTY, spender: Address::repeat_byte(7) }, 1),
    ]);
    let bounds = bounds.expect("a list");
    let whole = body(bounds.size(), &bounds.pack());
    assert_eq!(refused_by_module(&whole), None);
    // The longer entry counted as a shorter one: its last word would be the signatures.
    let mut shorter = whole.clone();
    shorter[FIELDS] = 2;
    assert_eq!(refused_by_module(&shorter), Some(WritModule::MalformedAttestation::SELECTOR));
    let tail = [&(whole.len() as u16).to_be_bytes()[..], &writ_attestation::MAGIC].concat();
    let suffix = Suffix::decode(&[&whole[..], &tail].concat()).expect("it is one");
    let attached: Bytes = attach(&operation.signature, &suffix).expect("it fits");
    assert_eq!(suffix.bounds.hash(), keccak256(bounds.pack()));
    assert!(attached.len() <= operation.signature.len() + MAX_SUFFIX_LEN);
}
