//! Who enforces a call, and under what: read from the chain, never from the request.

use alloy::primitives::{Address, B256, U256, b256};
use writ_attestation::{CallAction, Domain, Enforcer, Mode, SafeSlot, SettingsHead, call_action};
use writ_simulation::PinnedBlock;
use writ_types::{AttestableCall, ProtectedCall};

use super::{CallError, Enforced};
use crate::{
    account::{Account, AccountError, AccountReader, AccountSight, check_state},
    error::EvidenceError,
};

/// Where an ERC-1967 proxy keeps its implementation: `keccak256("eip1967.proxy.implementation") - 1`.
const IMPLEMENTATION: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

impl AccountReader {
    /// Who enforces `call` at the block, with configuration, policies and operators: checked to be what a contract of Writ's
    /// keeps and could have been configured with.
    ///
    /// # Errors
    /// [`EvidenceError::Call`] and [`EvidenceError::Account`] name what stands in the way.
    pub async fn read_enforced(
        &self,
        block: &PinnedBlock,
        call: &AttestableCall,
    ) -> Result<Enforced, EvidenceError> {
        let served = block.chain_id();
        if let Some(given) = call.chain_id.filter(|given| *given != served) {
            return Err(CallError::Chain { given, served }.into());
        }
        let enforcer = self.enforcer(block, &call.call).await?;
        let (contract, account) = (enforcer.contract(), enforcer.account());
        let found = block.account(account).await?;
        let code_hash = found.code_hash;
        let refuse = |source| CallError::Enforcer { contract, source };

        let answer = self.call(block, contract, enforcer.configuration_call()).await?;
        let policy = enforcer.decode_configuration(&answer.unwrap_or_default()).map_err(refuse)?;
        check_state(&policy, block.timestamp())?;
        let answer = self.call(block, contract, enforcer.domain_call()).await?;
        enforcer.check_domain(&answer.unwrap_or_default(), served).map_err(refuse)?;

        let operators = self.operators(block, &policy).await?;
        let record = enforcer.record(&policy.configuration, &operators);
        let slot = enforcer.head_slot();
        let head = SettingsHead(block.storage(contract, slot).await?);
        head.check(&policy, &operators, record.address).map_err(refuse)?;
        let kept = block.account(record.address).await?.code.unwrap_or_default();
        if kept.original_bytes() != record.code {
            return Err(refuse(writ_attestation::EnforcerError::Lies("configuration")).into());
        }
        let references = self.policies(contract, account, &policy).await?;
        let implementation = self.implementation(block, enforcer).await?;
        let action: CallAction = call_action(call, served);
        let observing = policy.configuration.mode == Mode::Observe;
        Ok(Enforced {
            enforcer,
            domain: Domain::new(served, contract),
            action,
            implementation,
            pretended: observing.then(|| (slot, head.enforcing().0)),
            account: Account {
                address: account,
                module: contract,
                code_hash,
                sight: match enforcer {
                    Enforcer::Contract(_) => AccountSight::GuardedContract,
                    Enforcer::SafeGuard { .. } => AccountSight::Safe,
                },
                policy,
                references,
                operators,
            },
        })
    }

    async fn enforcer(
        &self,
        block: &PinnedBlock,
        call: &ProtectedCall,
    ) -> Result<Enforcer, EvidenceError> {
        let (safe, slot) = match call {
            ProtectedCall::Contract(call) => {
                self.has_code(block, call.contract).await?;
                return Ok(Enforcer::Contract(call.contract));
            }
            ProtectedCall::Safe(call) => (call.safe, SafeSlot::TransactionGuard),
            ProtectedCall::SafeModule(call) => (call.safe, SafeSlot::ModuleGuard),
        };
        self.has_code(block, safe).await?;
        let guard = address_in(block.storage(safe, slot.slot()).await?);
        if guard.is_zero() {
            return Err(CallError::NoGuard { safe, guard: slot.name() }.into());
        }
        self.has_code(block, guard).await?;
        Ok(Enforcer::SafeGuard { guard, safe })
    }

    async fn has_code(&self, block: &PinnedBlock, at: Address) -> Result<(), EvidenceError> {
        let found = block.account(at).await?;
        if found.is_empty_code_hash() || found.code_hash.is_zero() {
            return Err(CallError::NoCode(at).into());
        }
        Ok(())
    }

    /// To whom the code at the account's address hands on what it is called with.
    async fn implementation(
        &self,
        block: &PinnedBlock,
        enforcer: Enforcer,
    ) -> Result<Option<Address>, AccountError> {
        let slot = match enforcer {
            Enforcer::Contract(_) => IMPLEMENTATION.into(),
            // A Safe's proxy keeps its singleton first.
            Enforcer::SafeGuard { .. } => U256::ZERO,
        };
        let word = block.storage(enforcer.account(), slot).await?;
        Ok(Some(address_in(word)).filter(|implementation| !implementation.is_zero()))
    }
}

pub(crate) fn address_in(word: U256) -> Address {
    Address::from_word(word.into())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;

    use super::*;

    #[test]
    fn the_slot_is_that_of_erc_1967() {
        let hash = U256::from_be_bytes(keccak256("eip1967.proxy.implementation").0);
        assert_eq!(IMPLEMENTATION, B256::from(hash - U256::ONE));
    }
}
