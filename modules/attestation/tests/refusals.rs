//! Every check of an attestation, with the name it fails under, beside the control that passes.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use alloy::primitives::{Address, B256, U256};
use common::{NOW, World};
use writ_attestation::{
    AttestationError, Bound, Bounds, CODE_EXPIRED, CODE_INVALID, Domain, MAGIC, Mismatch,
    OperatorKey, OperatorSet, Record, Subject, Suffix, ThrowawayQuorum, ThrowawayRequest,
    action_of, attach, carries_suffix, diagnose, largest_suffix, max_cost_of, other_chain,
    suffix_len, verify,
};
use writ_types::Asset;

fn refused(world: &World, suffix: &Suffix) -> AttestationError {
    let error = verify(&world.operation, suffix, &world.context()).unwrap_err();
    assert_eq!(error.data()["check"], error.check());
    error
}

#[test]
fn a_quorum_verifies() {
    let world = World::new(3, 5);
    let suffix = world.suffix(&[4, 0, 2]);
    let verified = verify(&world.operation, &suffix, &world.context()).unwrap();
    assert_eq!(verified.attestation, world.attestation());
    let expected: Vec<_> = [0, 2, 4].map(|i| world.set.get(i).unwrap()).into();
    assert_eq!(verified.signers, expected);

    // Fees within the attested cost need no new decision.
    let mut bumped = world.operation.clone();
    bumped.max_fee_per_gas = bumped.max_fee_per_gas * 121 / 100;
    assert!(verify(&bumped, &suffix, &world.context()).is_ok());
}

#[test]
fn staleness_is_named() {
    type Change = fn(&mut World);
    let cases: [(&str, Change); 7] = [
        ("revision", |w| w.policy.state.revision += 1),
        ("epoch", |w| w.policy.configuration.epoch += 1),
        ("sequence", |w| w.policy.state.sequence += 1),
        ("level", |w| w.policy.configuration.level = 2),
        ("entryPoint", |w| w.policy.configuration.entry_point = Address::repeat_byte(9)),
        ("operatorSet", |w| w.policy.configuration.operator_set_code_hash = B256::ZERO),
        ("maxCost", |w| w.operation.max_fee_per_gas *= 2),
    ];
    for (check, change) in cases {
        let mut world = World::new(2, 3);
        let suffix = world.suffix(&[0, 1]);
        let entry_point = world.policy.configuration.entry_point;
        change(&mut world);
        let mut context = world.context();
        context.entry_point = entry_point;
        let error = verify(&world.operation, &suffix, &context).unwrap_err();
        assert_eq!((error.check(), error.code()), (check, CODE_INVALID), "{error}");
    }
}

#[test]
fn levels_that_are_not_built_are_refused_by_name() {
    let mut world = World::new(2, 3);
    world.policy.configuration.level = 2;
    let mut suffix = world.suffix(&[0, 1]);
    suffix.level = 2;
    assert_eq!(refused(&world, &suffix), AttestationError::UnsupportedLevel(2));
}

#[test]
fn the_window_is_checked_at_both_ends() {
    let world = World::new(2, 3);
    let suffix = world.suffix(&[0, 1]);
    let at = |now| {
        let mut context = world.context();
        context.now = now;
        verify(&world.operation, &suffix, &context)
    };
    assert!(at(suffix.valid_until).is_ok());
    let expired = at(suffix.valid_until + 1).unwrap_err();
    assert_eq!((expired.check(), expired.code()), ("expired", CODE_EXPIRED));
    assert!(at(suffix.valid_after + 1).is_ok());
    let early = at(suffix.valid_after).unwrap_err();
    assert_eq!((early.check(), early.code()), ("notYetValid", CODE_INVALID));

    for (valid_after, valid_until) in [(5, 5), (6, 5), (0, 1 << 47)] {
        let bad = Suffix { valid_after, valid_until, ..suffix.clone() };
        assert_eq!(bad.encode(), Err(AttestationError::Validity { valid_after, valid_until }));
    }
}

#[test]
fn signer_lists_are_exact_and_ordered() {
    let world = World::new(2, 3);
    let good = world.suffix(&[0, 1]);
    let check = |change: &dyn Fn(&mut Suffix)| {
        let mut suffix = good.clone();
        change(&mut suffix);
        refused(&world, &suffix)
    };
    let third = world.suffix(&[2]).signatures[0];
    assert_eq!(
        check(&|s| {
            s.signatures.pop();
        }),
        AttestationError::TooFewSignatures { given: 1, required: 2 }
    );
    assert_eq!(
        check(&|s| s.signatures.push(third)),
        AttestationError::TooManySignatures { given: 3, required: 2 }
    );
    assert_eq!(check(&|s| s.signatures[1] = s.signatures[0]), AttestationError::RepeatedSigner(0));
    assert_eq!(
        check(&|s| s.signatures.swap(0, 1)),
        AttestationError::UnorderedSigners { index: 0, after: 1 }
    );
    assert_eq!(
        check(&|s| s.signatures[1].index = 3),
        AttestationError::UnknownSigner { index: 3, operators: 3 }
    );
    // A genuine signature under somebody else's index.
    assert!(matches!(
        check(&|s| s.signatures[1].index = 2),
        AttestationError::Signature { index: 2, .. }
    ));
    // A stranger's signature.
    let digest = world.attestation().digest(&world.domain).unwrap();
    let stranger = OperatorKey::random();
    let error = check(&|s| s.signatures[1] = stranger.sign(digest, 1));
    assert_eq!(
        error,
        AttestationError::Signature {
            index: 1,
            operator: world.set.get(1).unwrap(),
            recovered: Some(stranger.address())
        }
    );
}

#[test]
fn an_attestation_moved_elsewhere_is_named_by_its_record() {
    let world = World::new(2, 3);
    let suffix = world.suffix(&[0, 1]);
    let entry_point = world.policy.configuration.entry_point;
    let action = |w: &World| action_of(&w.operation, entry_point, w.account_code, suffix.max_cost);
    let recorded = Subject {
        domain: world.domain,
        action: action(&world),
        attestation: world.attestation(),
        bounds: world.bounds.clone(),
    };
    type Change = fn(&mut World);
    let cases: [(Mismatch, Change); 10] = [
        (Mismatch::Chain, |w| w.domain.chain_id += 1),
        (Mismatch::Module, |w| w.domain.module = Address::ZERO),
        (Mismatch::Account, |w| w.operation.sender = Address::ZERO),
        (Mismatch::Nonce, |w| w.operation.nonce += U256::ONE),
        (Mismatch::CallData, |w| w.operation.call_data = vec![1].into()),
        (Mismatch::InitCode, |w| {
            w.operation.factory = Some(writ_types::Factory {
                address: Address::repeat_byte(1),
                data: Default::default(),
            });
        }),
        (Mismatch::AccountCode, |w| w.account_code = B256::ZERO),
        (Mismatch::CallGasLimit, |w| w.operation.call_gas_limit -= 1),
        (Mismatch::Policy, |w| w.policy.configuration.policy = B256::ZERO),
        (Mismatch::PaymasterAndData, |w| {
            w.operation.paymaster = Some(writ_types::Paymaster {
                address: Address::repeat_byte(2),
                verification_gas_limit: 0,
                post_op_gas_limit: 0,
                data: Default::default(),
                signature: None,
            });
        }),
    ];
    for (field, change) in cases {
        let mut moved = World::new(2, 3);
        change(&mut moved);
        let error = verify(&moved.operation, &suffix, &moved.context()).unwrap_err();
        assert_eq!(error.check(), "signature", "{field:?}");
        let policy = moved.policy.configuration.policy;
        let named = diagnose(&suffix, &action(&moved), policy, moved.domain, &recorded);
        assert_eq!(named, AttestationError::Moved(vec![field]));
        assert_eq!((named.check(), named.code()), (field.name(), CODE_INVALID));
    }
    // Nothing moved, and the suffix itself edited.
    let edited = Suffix { valid_until: suffix.valid_until + 60, ..suffix.clone() };
    let diagnosed = |suffix| {
        diagnose(
            suffix,
            &action(&world),
            world.policy.configuration.policy,
            world.domain,
            &recorded,
        )
    };
    assert_eq!(diagnosed(&edited), AttestationError::Moved(vec![Mismatch::Validity]));
    assert_eq!(diagnosed(&suffix), AttestationError::Moved(vec![Mismatch::Signature]));
}

#[test]
fn a_quorum_of_another_well_known_chain_is_recognised_without_a_record() {
    let world = World::new(2, 3);
    let suffix = world.suffix(&[0, 1]);
    let action = |w: &World| {
        let entry_point = w.policy.configuration.entry_point;
        action_of(&w.operation, entry_point, w.account_code, suffix.max_cost)
    };
    let policy = world.policy.configuration.policy;
    let seen_on = |chain_id, w: &World| {
        let domain = Domain { chain_id, ..w.domain };
        other_chain(&suffix, &action(w), policy, domain, &w.set)
    };
    let signed_on = world.domain.chain_id;
    assert_eq!(seen_on(signed_on, &world), None, "its own chain is no other");
    let elsewhere = if signed_on == 10 { 1 } else { 10 };
    assert_eq!(seen_on(elsewhere, &world), Some(signed_on));
    let mut moved = World::new(2, 3);
    moved.operation.nonce += U256::ONE;
    assert_eq!(seen_on(elsewhere, &moved), None, "another nonce is signed on no chain");
}

#[test]
fn structure_is_strict() {
    let world = World::new(2, 3);
    let suffix = world.suffix(&[0, 1]);
    let owner = vec![0x51; 65];
    let whole = attach(&owner, &suffix).unwrap();
    assert_eq!(whole.len(), 65 + suffix_len(2, 2, 0));
    let (part, parsed) = Suffix::split(&whole).unwrap().unwrap();
    assert_eq!((part, &parsed), (owner.as_slice(), &suffix));
    assert!(carries_suffix(&whole));

    assert_eq!(Suffix::split(&owner), Ok(None));
    assert!(!carries_suffix(&owner));

    let trailing = [&whole[..], &[0]].concat();
    assert_eq!(Suffix::split(&trailing), Err(AttestationError::TrailingBytes(1)));
    assert!(carries_suffix(&trailing));

    assert_eq!(attach(&whole, &suffix), Err(AttestationError::TwoSuffixes));
    let twice = [&whole[..], &suffix.encode().unwrap()].concat();
    assert_eq!(Suffix::split(&twice), Err(AttestationError::TwoSuffixes));
    let parted = [&whole[..], &[0], &suffix.encode().unwrap()].concat();
    assert_eq!(Suffix::split(&parted), Err(AttestationError::TwoSuffixes));

    // The bare magic, without and with an impossible length.
    assert_eq!(Suffix::split(&MAGIC).unwrap_err().check(), "truncated");
    assert_eq!(
        Suffix::split(&[&[0xff, 0xff], &MAGIC[..]].concat()).unwrap_err().check(),
        "truncated"
    );

    let body = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = suffix.encode().unwrap().to_vec();
        bytes.truncate(bytes.len() - 10);
        change(&mut bytes);
        let length = (bytes.len() as u16).to_be_bytes();
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&MAGIC);
        Suffix::decode(&bytes).unwrap_err()
    };
    assert_eq!(body(&|b| b[0] = 2), AttestationError::UnsupportedVersion(2));
    assert_eq!(body(&|b| b[1] = 0), AttestationError::UnsupportedScheme(0));
    assert_eq!(body(&|b| b[127] = 0).check(), "boundsMissing");
    assert_eq!(body(&|b| b[127] = 9).check(), "bounds");
    // Longer entries: as many as there are entries, and one that is not there.
    assert_eq!(body(&|b| b[127] = 0x22).check(), "bounds");
    assert_eq!(body(&|b| b[127] = 0x12).check(), "bounds");
    assert_eq!(body(&|b| b[128] = 1).check(), "bounds");
    assert_eq!(body(&|b| b.push(0)).check(), "length");
    assert_eq!(
        body(&|b| {
            b.pop();
        })
        .check(),
        "truncated"
    );
    assert_eq!(body(&|b| b[128 + 2 * 37] = 0).check(), "tooFewSignatures");
    assert_eq!(body(&|b| b[128 + 2 * 37] = 33).check(), "tooManySignatures");

    // A length that reaches into the owner's part.
    let mut longer = whole.to_vec();
    let at = longer.len() - 9;
    longer[at] += 1;
    assert!(Suffix::split(&longer).is_err());
}

#[test]
fn the_largest_suffix_is_what_estimates_leave_room_for() {
    let mut world = World::new(2, 3);
    let token = Address::repeat_byte(0x20);
    let ids = (1..=7).map(|id| Asset::Erc1155 { token, id: U256::from(id) });
    let list = std::iter::once(Asset::Native).chain(ids).map(Bound::widest).collect();
    world.bounds = Bounds::new(list).unwrap();
    let suffix = world.suffix(&[0, 1]);
    let encoded = suffix.encode().unwrap();
    assert_eq!(encoded.len(), largest_suffix(2));
    assert_eq!(encoded.len(), suffix_len(2, 8, 7));
    assert_eq!(Suffix::decode(&encoded).unwrap(), suffix);
    assert!(verify(&world.operation, &suffix, &world.context()).is_ok());
}

#[test]
fn the_throw_away_quorum_verifies_under_its_own_set_only() {
    let mut world = World::new(3, 5);
    world.policy.configuration.threshold = 3;
    let quorum = ThrowawayQuorum::new(5).unwrap();
    // The record stays where it is and as long as it is, and only the operators are others.
    let (module, configuration) = (world.domain.module, &world.policy.configuration);
    let real = Record::of(module, configuration, &world.set);
    let pretended = quorum.record(module, configuration, &world.set);
    let operators = 1 + 14 * 32;
    assert_eq!(pretended.address, real.address);
    assert_eq!(pretended.code[..operators], real.code[..operators]);
    assert_eq!(pretended.code[operators..], quorum.set().code());
    assert_eq!(pretended.code.len(), real.code.len());
    let suffix = quorum
        .attest(&ThrowawayRequest {
            operation: &world.operation,
            entry_point: world.policy.configuration.entry_point,
            domain: world.domain,
            policy: &world.policy,
            account_code: world.account_code,
            sequence: world.policy.next_sequence(0),
            block: (10, B256::repeat_byte(1), NOW),
            max_cost: max_cost_of(&world.operation),
            bounds: &world.bounds,
        })
        .unwrap();
    assert!(suffix.encode().unwrap().len() <= largest_suffix(3));
    assert_eq!(refused(&world, &suffix).check(), "signature");
    let mut overridden = world.policy.clone();
    overridden.configuration.operator_set_code_hash = quorum.set().code_hash();
    let mut context = world.context();
    context.policy = &overridden;
    context.operators = quorum.set();
    assert!(verify(&world.operation, &suffix, &context).is_ok());

    // Another process's quorum is another quorum.
    assert_ne!(ThrowawayQuorum::new(5).unwrap().set(), quorum.set());
    assert!(ThrowawayQuorum::new(0).is_err());
    assert!(ThrowawayQuorum::new(256).is_err());
    // An impossible threshold is refused, not cut.
    world.policy.configuration.threshold = 6;
    let request = ThrowawayRequest {
        operation: &world.operation,
        entry_point: world.policy.configuration.entry_point,
        domain: world.domain,
        policy: &world.policy,
        account_code: world.account_code,
        sequence: 0,
        block: (10, B256::ZERO, NOW),
        max_cost: 1,
        bounds: &world.bounds,
    };
    assert_eq!(quorum.attest(&request).unwrap_err().check(), "tooFewSignatures");
}

#[test]
fn another_set_in_another_order_is_another_set() {
    let world = World::new(2, 3);
    let mut operators = world.set.operators().to_vec();
    operators.swap(0, 1);
    let other = OperatorSet::new(operators).unwrap();
    assert_ne!(other.address(), world.set.address());
    assert_ne!(
        Domain::new(1, Address::ZERO).separator(),
        Domain::new(2, Address::ZERO).separator()
    );
}
