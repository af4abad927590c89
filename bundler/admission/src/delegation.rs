//! EIP-7702: what an operation's tuple will do on the chain, and whether the delegation that it counts on is in force.
//!
//! The chain applies the tuples of a transaction before its first call, and silently skips one whose nonce is not the
//! account's own at that moment. So a tuple can be fine when it arrives and worthless one block later.

use alloy::{eips::eip7702::SignedAuthorization, primitives::Address};
use writ_pool::PoolOperation;
use writ_simulation::PinnedBlock;
use writ_types::{FieldError, HashError, UserOperation};

use crate::{Admission, AdmissionError};

/// Why the chain would skip a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TupleError {
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
    /// The account is a contract.
    #[error("{sender} is a contract, which cannot be delegated")]
    Contract {
        /// The account.
        sender: Address,
    },
}

/// What an account is to EIP-7702 at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Authority {
    nonce: u64,
    delegate: Option<Address>,
    contract: bool,
}

impl Authority {
    async fn read(block: &PinnedBlock, address: Address) -> Result<Self, AdmissionError> {
        let account = block.account(address).await?;
        let delegate = account.code.as_ref().and_then(|code| code.eip7702_address());
        let contract =
            delegate.is_none() && account.code.as_ref().is_some_and(|code| !code.is_empty());
        Ok(Self { nonce: account.nonce, delegate, contract })
    }

    fn applies(&self, sender: Address, tuple: &SignedAuthorization) -> Result<(), TupleError> {
        if self.contract {
            return Err(TupleError::Contract { sender });
        }
        if tuple.nonce() != self.nonce {
            let (given, current) = (tuple.nonce(), self.nonce);
            return Err(TupleError::Nonce { sender, given, current });
        }
        Ok(())
    }
}

/// What a bundle has to do with the tuple of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleUse {
    /// There is none, or it goes into the authorization list.
    AsIs,
    /// The chain would skip it, and nothing is lost: the account is delegated to that very address already.
    Superfluous,
}

impl Admission {
    /// Refuses a tuple that the chain would skip at this block, and the EIP-7702 marker where nothing is delegated.
    pub(crate) async fn check_delegation(
        &self,
        operation: &UserOperation,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        if operation.authorization.is_none() && !operation.is_eip7702() {
            return Ok(());
        }
        operation.check_authorization_chain(block.chain_id())?;
        let sender = operation.sender;
        let authority = Authority::read(block, sender).await?;
        match &operation.authorization {
            Some(tuple) => Ok(authority.applies(sender, tuple)?),
            None if authority.delegate.is_some() => Ok(()),
            None => {
                let unknown = HashError::DelegateUnknown { sender };
                Err(FieldError::new("eip7702Auth", unknown.to_string()).into())
            }
        }
    }

    /// Whether the delegation that a pooled operation counts on will be in force in a bundle on this block, and what
    /// the bundle has to do with its tuple.
    ///
    /// # Errors
    /// `-32500` when the tuple is stale and the account is not delegated as it says, or when the delegation is another
    /// one than the userOpHash was made with; or when the state cannot be had.
    pub async fn tuple_use(
        &self,
        pooled: &PoolOperation,
        block: &PinnedBlock,
    ) -> Result<TupleUse, AdmissionError> {
        let operation = &pooled.operation;
        if operation.authorization.is_none() && !operation.is_eip7702() {
            return Ok(TupleUse::AsIs);
        }
        let authority = Authority::read(block, operation.sender).await?;
        let tuple_use = settle(operation, &authority)?;
        if operation.authorization.is_none() {
            let hash = authority.delegate.and_then(|delegate| {
                let at = pooled.entry_point.address;
                operation.hash(at, block.chain_id(), Some(delegate)).ok()
            });
            if hash != Some(pooled.hash) {
                let now = match authority.delegate {
                    Some(delegate) => format!("it is delegated to {delegate} now"),
                    None => "it is not delegated any more".to_owned(),
                };
                return Err(AdmissionError::Delegation { sender: operation.sender, now });
            }
        }
        Ok(tuple_use)
    }
}

fn settle(operation: &UserOperation, authority: &Authority) -> Result<TupleUse, TupleError> {
    let Some(tuple) = &operation.authorization else { return Ok(TupleUse::AsIs) };
    match authority.applies(operation.sender, tuple) {
        Ok(()) => Ok(TupleUse::AsIs),
        Err(_) if authority.delegate == Some(*tuple.address()) => Ok(TupleUse::Superfluous),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use alloy::{eips::eip7702::Authorization, primitives::U256};

    use super::*;
    use crate::testing::operation;

    const DELEGATE: Address = Address::repeat_byte(7);

    fn with_tuple(nonce: u64) -> UserOperation {
        let tuple = Authorization { chain_id: U256::ZERO, address: DELEGATE, nonce };
        let tuple = SignedAuthorization::new_unchecked(tuple, 0, U256::ZERO, U256::ZERO);
        UserOperation { authorization: Some(tuple), ..operation() }
    }

    fn authority(nonce: u64, delegate: Option<Address>) -> Authority {
        Authority { nonce, delegate, contract: false }
    }

    #[test]
    fn a_tuple_needs_the_accounts_own_nonce() {
        let sender = operation().sender;
        assert_eq!(settle(&with_tuple(3), &authority(3, None)), Ok(TupleUse::AsIs));
        for nonce in [2, 4] {
            let stale = TupleError::Nonce { sender, given: nonce, current: 3 };
            assert_eq!(settle(&with_tuple(nonce), &authority(3, None)), Err(stale));
        }
        let contract = Authority { contract: true, ..authority(3, None) };
        assert_eq!(settle(&with_tuple(3), &contract), Err(TupleError::Contract { sender }));
    }

    #[test]
    fn a_stale_tuple_is_superfluous_only_where_it_changes_nothing() {
        assert_eq!(
            settle(&with_tuple(2), &authority(3, Some(DELEGATE))),
            Ok(TupleUse::Superfluous)
        );
        let other = Some(Address::repeat_byte(8));
        assert!(settle(&with_tuple(2), &authority(3, other)).is_err());
        assert_eq!(settle(&with_tuple(3), &authority(3, other)), Ok(TupleUse::AsIs));
        assert_eq!(settle(&operation(), &authority(3, other)), Ok(TupleUse::AsIs));
    }
}
