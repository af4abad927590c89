use alloy::primitives::{B256, Bytes, U256};
use writ_pool::{Counters, PoolConfig};
use writ_types::{EntryPoint, EntryPointVersion, Paymaster, UserOperation};

use super::*;

const PAYMASTER: Address = Address::repeat_byte(0x9a);

/// An operation of sender `sender` whose validation accesses `visited` and creates `created`.
fn member(sender: u8, visited: &[u8], created: &[u8]) -> PoolOperation {
    let addresses = |tags: &[u8]| tags.iter().map(|tag| Address::repeat_byte(*tag)).collect();
    let operation = UserOperation {
        version: EntryPointVersion::V08,
        sender: Address::repeat_byte(sender),
        nonce: U256::ZERO,
        factory: None,
        call_data: Bytes::new(),
        call_gas_limit: 0,
        verification_gas_limit: 0,
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 1,
        max_priority_fee_per_gas: 1,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    };
    let entry_point = EntryPoint::canonical(EntryPointVersion::V08);
    let mut pooled = PoolOperation::new(operation, entry_point, B256::repeat_byte(sender));
    pooled.facts.visited = addresses(visited);
    pooled.facts.created = addresses(created);
    pooled
}

fn sponsored(sender: u8, context: usize) -> PoolOperation {
    let mut pooled = member(sender, &[sender], &[]);
    pooled.operation.paymaster = Some(Paymaster {
        address: PAYMASTER,
        verification_gas_limit: 0,
        post_op_gas_limit: 0,
        data: Bytes::new(),
        signature: None,
    });
    pooled.facts.context_length = context;
    pooled
}

/// Which of the operations join, one after another, with the paymaster's reputation.
fn joined(members: &[PoolOperation], paymaster: Counters) -> Vec<bool> {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = Pool::open(folder.path(), PoolConfig::new(1)).expect("a pool");
    let at = EntryPoint::canonical(EntryPointVersion::V08).address;
    pool.set_reputations(at, &[(PAYMASTER, paymaster)]).expect("sets");
    let mut company = Company::new(&Constants::TEXT, &pool);
    members.iter().map(|member| company.join(member)).collect()
}

fn apart(members: &[PoolOperation]) -> Vec<bool> {
    joined(members, Counters::default())
}

#[test]
fn loc_020_who_accesses_another_sender_waits_whoever_was_first() {
    assert_eq!(apart(&[member(1, &[1], &[]), member(2, &[1, 2], &[])]), [true, false]);
    assert_eq!(apart(&[member(2, &[1, 2], &[]), member(1, &[1], &[])]), [true, false]);
}

#[test]
fn loc_020_who_accesses_what_another_creates_waits_whoever_was_first() {
    let creator = member(1, &[1, 7], &[1, 7]);
    assert_eq!(apart(&[creator.clone(), member(2, &[2, 7], &[])]), [true, false]);
    assert_eq!(apart(&[member(2, &[2, 7], &[]), creator]), [true, false]);
}

#[test]
fn loc_020_shared_contracts_and_one_senders_queue_go_together() {
    assert_eq!(apart(&[member(1, &[1, 9], &[]), member(2, &[2, 9], &[])]), [true, true]);
    assert_eq!(apart(&[member(1, &[1, 9], &[1]), member(1, &[1, 9], &[])]), [true, true]);
    // One that waits does not keep others out.
    let members = [member(1, &[1], &[]), member(2, &[1, 2, 3], &[]), member(3, &[3], &[])];
    assert_eq!(apart(&members), [true, false, true]);
}

#[test]
fn grep_020_a_throttled_entity_has_four_places_in_a_bundle() {
    let members: Vec<_> = (1..=6).map(|sender| sponsored(sender, 0)).collect();
    let throttled = Counters { seen: 120, included: 1 };
    assert_eq!(joined(&members, throttled), [true, true, true, true, false, false]);
    assert_eq!(apart(&members), [true; 6], "the control");
}

#[test]
fn grep_020_an_entity_with_two_parts_in_an_operation_takes_one_place() {
    // The paymaster pays for its own operations.
    let members = vec![sponsored(0x9a, 0); 5];
    let throttled = Counters { seen: 120, included: 1 };
    assert_eq!(joined(&members, throttled), [true, true, true, true, false]);
}

#[test]
fn grep_010_a_banned_entity_has_none() {
    let members = [sponsored(1, 0), member(2, &[2], &[])];
    assert_eq!(joined(&members, Counters { seen: 10_000, included: 0 }), [false, true]);
}

#[test]
fn lim_050_contexts_of_a_bundle_are_bounded_together() {
    let most = Constants::TEXT.max_bundle_context_size;
    let members = [sponsored(1, most - 10), sponsored(2, 11), sponsored(3, 10), sponsored(4, 1)];
    assert_eq!(apart(&members), [true, false, true, false]);
}
