//! Arbitrum: gas for L1, as the node itself estimates it.
//!
//! NodeInterface is no contract: the node answers calls to its address, and no EVM but the node's can. It is the one
//! thing that Writ asks a node to execute.

use alloy::{
    primitives::{Address, Bytes, U256, address},
    sol,
    sol_types::SolCall,
};

use super::DataAvailabilityError;
use crate::PinnedBlock;

/// The virtual contract.
const NODE_INTERFACE: Address = address!("00000000000000000000000000000000000000C8");

sol! {
    #[derive(Debug)]
    function gasEstimateL1Component(address to, bool contractCreation, bytes data)
        payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
}

/// Gas that a transaction with this input uses for being published. The node pads its answer against the L1 price
/// rising, and adds nothing for execution.
pub(super) async fn gas(
    block: &PinnedBlock,
    to: Address,
    input: Bytes,
) -> Result<U256, DataAvailabilityError> {
    let refuse = |reason: String| DataAvailabilityError::NotThatKind {
        contract: "the node's NodeInterface",
        reason,
    };
    let answer = block.call_node(NODE_INTERFACE, question(to, input)).await?;
    let answer = answer.ok_or_else(|| refuse("there is no node behind this state".to_owned()))?;
    gas_in(&answer).map_err(|error| refuse(error.to_string()))
}

fn question(to: Address, data: Bytes) -> Bytes {
    gasEstimateL1ComponentCall { to, contractCreation: false, data }.abi_encode().into()
}

fn gas_in(answer: &[u8]) -> Result<U256, alloy::sol_types::Error> {
    let answer = gasEstimateL1ComponentCall::abi_decode_returns_validate(answer)?;
    Ok(U256::from(answer.gasEstimateForL1))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::hex;

    use super::*;

    /// The call as hardhat-gas-reporter 2 publishes it (`ARBITRUM_L1_ESTIMATE_CALLDATA` in its constants).
    #[test]
    fn the_question_is_the_published_one() {
        let usdc = address!("af88d065e77c8cC2239327C5EDb3A432268e5831");
        let published = hex!(
            "77d488a2000000000000000000000000af88d065e77c8cc2239327c5edb3a432268e5831
             0000000000000000000000000000000000000000000000000000000000000000
             0000000000000000000000000000000000000000000000000000000000000060
             0000000000000000000000000000000000000000000000000000000000000004
             313ce56700000000000000000000000000000000000000000000000000000000"
        );
        assert_eq!(question(usdc, hex!("313ce567").into()).as_ref(), published);
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert!(gas_in(&[]).is_err());
        assert!(gas_in(&[0xff; 96]).is_err(), "no 64-bit number");
        let words = [2_827_818_u64, 100_000_000, 30_000_000_000];
        let answer: Vec<u8> =
            words.iter().flat_map(|word| U256::from(*word).to_be_bytes::<32>()).collect();
        assert_eq!(gas_in(&answer), Ok(U256::from(2_827_818)));
    }
}
