//! A chain of one block in memory, and a gate on it.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256};
use writ_attestation::{AccountPolicy, OperatorSet};
use writ_gateway::{AccountReader, Gate, GateMode, GateOptions, GateRequest, Gateway};
use writ_simulation::{BlockHeader, MemoryState, NodeClient, NodeOptions, PinnedBlock, Simulator};
use writ_types::{EntryPoint, UserOperation};

use super::{ACCOUNT, CHAIN, MODULE, NOW, VERSION, account_code, block};

/// A contract that returns `data` to every call.
pub fn returns(data: &[u8]) -> Bytes {
    // PUSH2 length, PUSH1 12, PUSH0, CODECOPY, PUSH2 length, PUSH0, RETURN.
    let length = (data.len() as u16).to_be_bytes();
    let mut code = vec![
        0x61, length[0], length[1], 0x60, 12, 0x5f, 0x39, 0x61, length[0], length[1], 0x5f, 0xf3,
    ];
    code.extend_from_slice(data);
    code.into()
}

/// A contract that answers each of these functions with these bytes, and reverts otherwise.
pub fn answers(functions: &[([u8; 4], Vec<u8>)]) -> Bytes {
    const HEAD: [u8; 5] = [0x5f, 0x35, 0x60, 0xe0, 0x1c];
    let word = |value: usize| (value as u16).to_be_bytes();
    let branches = HEAD.len() + 11 * functions.len() + 3;
    let mut code = HEAD.to_vec();
    for (index, (selector, _)) in functions.iter().enumerate() {
        // DUP1, PUSH4, EQ, PUSH2, JUMPI.
        code.extend([&[0x80, 0x63][..], selector, &[0x14, 0x61]].concat());
        code.extend([&word(branches + 14 * index)[..], &[0x57]].concat());
    }
    code.extend([0x5f, 0x5f, 0xfd]);
    let mut at = branches + 14 * functions.len();
    for (_, data) in functions {
        let length = word(data.len());
        // JUMPDEST, CODECOPY, RETURN.
        code.extend([&[0x5b, 0x61][..], &length, &[0x61], &word(at), &[0x5f, 0x39]].concat());
        code.extend([&[0x61][..], &length, &[0x5f, 0xf3]].concat());
        at += data.len();
    }
    code.extend(functions.iter().flat_map(|(_, data)| data.clone()));
    code.into()
}

/// Block `number` on which the account is configured as `policy` says.
pub fn pinned(
    number: u64,
    policy: &AccountPolicy,
    set: &OperatorSet,
    deployed: bool,
) -> PinnedBlock {
    pinned_as(number, policy, set, deployed.then(account_code))
}

/// The same with an account of this code, if any.
pub fn pinned_as(
    number: u64,
    policy: &AccountPolicy,
    set: &OperatorSet,
    account: Option<Bytes>,
) -> PinnedBlock {
    let account = account.map(|code| (ACCOUNT, code));
    pinned_with(number, policy, set, &account.into_iter().collect::<Vec<_>>())
}

/// The same with these contracts beside module and operators.
pub fn pinned_with(
    number: u64,
    policy: &AccountPolicy,
    set: &OperatorSet,
    contracts: &[(Address, Bytes)],
) -> PinnedBlock {
    let mut state = MemoryState::new();
    state.set_account(MODULE, U256::ZERO, 1, returns(&policy.encode()));
    state.set_account(policy.configuration.operator_set, U256::ZERO, 1, set.code());
    for (address, code) in contracts {
        state.set_account(*address, U256::ZERO, 1, code.clone());
    }
    let header = BlockHeader {
        number,
        hash: block(number).hash,
        parent_hash: block(number - 1).hash,
        timestamp: NOW,
        base_fee: 1,
        gas_limit: 30_000_000,
        coinbase: Address::ZERO,
        prevrandao: B256::ZERO,
        excess_blob_gas: 0,
    };
    PinnedBlock::in_memory(header, CHAIN, state)
}

pub fn gate(mode: GateMode, gateway: Option<Arc<Gateway>>) -> Gate {
    let accounts = AccountReader::new(Simulator::default(), vec![MODULE]);
    // Nothing listens: whatever asks the node fails.
    let node =
        NodeClient::new("http://127.0.0.1:9", NodeOptions { retries: 0, ..Default::default() })
            .unwrap();
    Gate::new(GateOptions { mode, margin: 12 }, accounts, node, gateway)
}

pub fn request<'a>(block: &'a PinnedBlock, operation: &'a UserOperation) -> GateRequest<'a> {
    GateRequest {
        block,
        operation,
        entry_point: EntryPoint::canonical(VERSION),
        user_op_hash: operation.hash(VERSION.canonical_address(), CHAIN, None).unwrap(),
        predecessors: &[],
        now: NOW,
        facts: writ_types::PresentedFacts::none(),
    }
}
