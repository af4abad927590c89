//! Stakes and deposits at the EntryPoint, read at a pinned block without asking the node to execute anything.

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::SolCall,
};
use writ_simulation::{PinnedBlock, Simulator};
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

/// What `address` has at the EntryPoint.
pub(crate) async fn standing(
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
    let answer = simulator.call(block, entry_point.address, call).await?;
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
