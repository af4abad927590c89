//! Stakes and deposits at the EntryPoint, read at a pinned block without asking the node to execute anything.

use alloy::{
    primitives::{Address, U256, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};
use writ_simulation::{Overrides, PinnedBlock, Simulator};
use writ_types::{EntryPoint, StakeInfo};

use crate::AdmissionError;

sol! {
    /// `IStakeManager` of every EntryPoint version. v0.6 has a narrower deposit, which reads the same.
    struct DepositInfo {
        uint256 deposit;
        bool staked;
        uint112 stake;
        uint32 unstakeDelaySec;
        uint48 withdrawTime;
    }

    function getDepositInfo(address account) external view returns (DepositInfo info);
}

/// Stake and deposit of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) stake: StakeInfo,
    pub(crate) deposit: U256,
}

/// What each of `addresses` has at the EntryPoint, in one round trip to the node.
pub(crate) async fn standings(
    simulator: &Simulator,
    block: &PinnedBlock,
    entry_point: EntryPoint,
    addresses: Vec<Address>,
) -> Result<Vec<Standing>, AdmissionError> {
    let slots: Vec<(Address, U256)> = addresses
        .iter()
        .flat_map(|address| slots_of(*address))
        .map(|slot| (entry_point.address, slot))
        .collect();
    block.prefetch(&[entry_point.address, block.header().coinbase], &slots).await?;
    let (simulator, block) = (simulator.clone(), block.clone());
    let read = move || {
        addresses
            .into_iter()
            .map(|address| read(&simulator, &block, entry_point, address))
            .collect()
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| AdmissionError::Internal(error.to_string()))?
}

fn read(
    simulator: &Simulator,
    block: &PinnedBlock,
    entry_point: EntryPoint,
    address: Address,
) -> Result<Standing, AdmissionError> {
    let call = getDepositInfoCall { account: address }.abi_encode().into();
    let odd = |reason: String| {
        AdmissionError::Internal(format!(
            "EntryPoint {entry_point} does not answer getDepositInfo: {reason}"
        ))
    };
    let answer = simulator.call_sync(block, &Overrides::default(), entry_point.address, call)?;
    let answer = answer.map_err(|failure| odd(failure.to_string()))?;
    let info =
        getDepositInfoCall::abi_decode_returns(&answer).map_err(|error| odd(error.to_string()))?;
    let stake = StakeInfo {
        address,
        // A stake that is being withdrawn is none.
        stake: if info.staked { U256::from(info.stake) } else { U256::ZERO },
        unstake_delay: if info.staked { info.unstakeDelaySec } else { 0 },
    };
    Ok(Standing { stake, deposit: info.deposit })
}

/// The slots in which the canonical EntryPoints keep an address's deposit and stake: its mapping is their first
/// variable. Used to fetch ahead and to notice changes; what counts is always what `getDepositInfo` answers.
pub(crate) fn slots_of(address: Address) -> [U256; 2] {
    let first = U256::from_be_bytes(keccak256((address, U256::ZERO).abi_encode()).0);
    [first, first.wrapping_add(U256::from(1))]
}
