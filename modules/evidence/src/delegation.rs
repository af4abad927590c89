//! What the chain makes of an operation's EIP-7702 tuple.

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, U256},
};
use writ_simulation::PinnedBlock;

use crate::account::AccountError;

/// Why the chain would skip a tuple, so that the account is not what the operation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TupleError {
    /// The account is a contract.
    #[error("{sender} is a contract, which cannot be delegated")]
    Contract {
        /// The account.
        sender: Address,
    },
    /// It is for another chain.
    #[error("it is for chain {given}, and not for {own}")]
    Chain {
        /// The tuple's chain.
        given: U256,
        /// The chain.
        own: u64,
    },
    /// Its nonce is not the account's.
    #[error("its nonce is {given}, and that of {sender} is {current}")]
    Nonce {
        /// The account.
        sender: Address,
        /// The tuple's nonce.
        given: u64,
        /// The account's nonce.
        current: u64,
    },
}

/// Whether the chain applies the tuple at this block, or need not: a stale one that says what is so already changes nothing.
pub(crate) async fn check_tuple(
    block: &PinnedBlock,
    sender: Address,
    tuple: &SignedAuthorization,
) -> Result<(), AccountError> {
    let found = block.account(sender).await?;
    let code = found.code.as_ref().filter(|code| !code.is_empty());
    let delegate = code.and_then(|code| code.eip7702_address());
    if code.is_some() && delegate.is_none() {
        return Err(TupleError::Contract { sender }.into());
    }
    let (given, own) = (*tuple.chain_id(), block.chain_id());
    if !given.is_zero() && given != U256::from(own) {
        return Err(TupleError::Chain { given, own }.into());
    }
    let (given, current) = (tuple.nonce(), found.nonce);
    if given != current && delegate != Some(*tuple.address()) {
        return Err(TupleError::Nonce { sender, given, current }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::{eips::eip7702::Authorization, primitives::Bytes};
    use writ_simulation::{BlockHeader, MemoryState};

    use super::*;

    const SENDER: Address = Address::repeat_byte(0x5e);
    const DELEGATE: Address = Address::repeat_byte(0xde);
    const CHAIN: u64 = 31_337;

    fn check(code: Vec<u8>, chain_id: u64, delegate: Address, nonce: u64) -> Option<TupleError> {
        let mut state = MemoryState::new();
        state.set_account(SENDER, U256::ZERO, 3, Bytes::from(code));
        let header = BlockHeader {
            number: 7,
            hash: Default::default(),
            parent_hash: Default::default(),
            timestamp: 1,
            base_fee: 1,
            gas_limit: 30_000_000,
            coinbase: Address::ZERO,
            prevrandao: Default::default(),
            excess_blob_gas: 0,
        };
        let block = PinnedBlock::in_memory(header, CHAIN, state);
        let tuple = Authorization { chain_id: U256::from(chain_id), address: delegate, nonce };
        let tuple = SignedAuthorization::new_unchecked(tuple, 0, U256::ONE, U256::ONE);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match runtime.block_on(check_tuple(&block, SENDER, &tuple)) {
            Ok(()) => None,
            Err(AccountError::Tuple(error)) => Some(error),
            Err(other) => panic!("{other}"),
        }
    }

    fn delegated(to: Address) -> Vec<u8> {
        [&[0xef, 0x01, 0x00], to.as_slice()].concat()
    }

    #[test]
    fn a_tuple_that_the_chain_skips_is_refused_unless_it_says_what_is_so() {
        let stale = |given| Some(TupleError::Nonce { sender: SENDER, given, current: 3 });
        for chain in [0, CHAIN] {
            assert_eq!(check(Vec::new(), chain, DELEGATE, 3), None);
            assert_eq!(check(delegated(SENDER), chain, DELEGATE, 3), None);
            for nonce in [2, 4] {
                assert_eq!(check(Vec::new(), chain, DELEGATE, nonce), stale(nonce));
                assert_eq!(check(delegated(SENDER), chain, DELEGATE, nonce), stale(nonce));
                assert_eq!(check(delegated(DELEGATE), chain, DELEGATE, nonce), None);
            }
        }
        let elsewhere = TupleError::Chain { given: U256::ONE, own: CHAIN };
        assert_eq!(check(Vec::new(), 1, DELEGATE, 3), Some(elsewhere));
        let contract = TupleError::Contract { sender: SENDER };
        assert_eq!(check(vec![0x00], CHAIN, DELEGATE, 3), Some(contract));
    }
}
