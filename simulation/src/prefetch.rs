//! What a bundle will need, fetched in one batch before the EVM asks for it piece by piece.
//!
//! Senders seen before need about what they needed last time. For others the node is asked for an access list first,
//! where it makes them: two rounds in all, instead of one for each step of the execution that depends on another.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue,
};

use writ_types::handle_ops_calldata;

use crate::{node::NodeError, request::SimulationRequest, state::PinnedBlock};

/// Slot of `mapping(address => DepositInfo) deposits`, in every EntryPoint version.
const DEPOSITS: U256 = U256::ZERO;
/// Slot of `mapping(address => mapping(uint192 => uint256)) nonceSequenceNumber`, likewise.
const NONCES: U256 = U256::from_limbs([1, 0, 0, 0]);
/// Slot of the reentrancy guard before v0.8.
const GUARD: U256 = U256::from_limbs([2, 0, 0, 0]);

/// ecrecover: nearly every account calls it, and no access list names precompiles.
const ECRECOVER: Address = Address::with_last_byte(1);

/// Most slots that are taken from a node's access list: a hostile operation may touch many for little gas.
const MOST_HINTED: usize = 2_048;

/// Fetches accounts and slots named by the request, the EntryPoint's records of everybody involved,
/// and what the senders' last operations used; of senders not seen before, what the node expects.
pub(crate) async fn prefetch(
    block: &PinnedBlock,
    request: &SimulationRequest,
    gas: u64,
) -> Result<(), NodeError> {
    let entry_point = request.entry_point.address;
    let sender_creator = request.entry_point.sender_creator();
    let mut accounts = vec![entry_point, sender_creator, block.header().coinbase, ECRECOVER];
    let mut slots = vec![(entry_point, GUARD)];
    for op in &request.ops {
        accounts.push(op.sender);
        accounts.extend(op.factory_address());
        slots.extend(deposit(entry_point, op.sender));
        let key = U256::from(op.nonce_key());
        let of_sender = keccak256((op.sender, NONCES).abi_encode());
        slots.push((entry_point, number(keccak256((key, of_sender).abi_encode()))));
        if let Some(paymaster) = op.paymaster_address() {
            accounts.push(paymaster);
            slots.extend(deposit(entry_point, paymaster));
        }
        if let Some(authorization) = &op.authorization {
            accounts.push(authorization.address);
        }
        if let Some(accessed) = block.remembered(&op.sender) {
            collect(&accessed, &mut accounts, &mut slots);
        }
    }
    collect(&request.prefetch, &mut accounts, &mut slots);
    let unseen = request.ops.iter().any(|op| block.remembered(&op.sender).is_none());
    if unseen
        && !block.has(&accounts, &slots)
        && let Ok(input) = handle_ops_calldata(&request.ops, request.beneficiary)
    {
        let mut hinted = block.access_list(entry_point, &input, gas).await?;
        let mut room = MOST_HINTED;
        hinted.retain_mut(|(_, of_address)| {
            of_address.truncate(room);
            room = room.saturating_sub(1 + of_address.len());
            room > 0
        });
        collect(&hinted, &mut accounts, &mut slots);
    }
    block.prefetch(&accounts, &slots).await
}

fn collect(
    wanted: &[(Address, Vec<U256>)],
    accounts: &mut Vec<Address>,
    slots: &mut Vec<(Address, U256)>,
) {
    for (address, of_address) in wanted {
        accounts.push(*address);
        slots.extend(of_address.iter().map(|slot| (*address, *slot)));
    }
}

/// Both slots of an account's deposit and stake.
fn deposit(entry_point: Address, account: Address) -> [(Address, U256); 2] {
    let first = number(keccak256((account, DEPOSITS).abi_encode()));
    [(entry_point, first), (entry_point, first.wrapping_add(U256::from(1)))]
}

fn number(hash: B256) -> U256 {
    U256::from_be_bytes(hash.0)
}
