//! The adapter by which a Safe is an ERC-7579 account.
//!
//! The Safe hands what it does not know to its fallback handler, the adapter, which has the Safe call what was asked for. For
//! a batch it has the Safe delegatecall a helper that the adapter created with itself: that is how this kind makes calls, and
//! no delegatecall by the operation.

use alloy::primitives::{Address, B256, b256};
use writ_simulation::{DelegateCall, Effects};

/// Where a Safe keeps its fallback handler: `keccak256("fallback_manager.handler.address")`.
pub(crate) const FALLBACK_HANDLER: B256 =
    b256!("6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5");

/// Takes the one delegatecall by which the adapter makes a batch out of the effects. Further ones to the same helper are
/// nobody's batch that was decoded, and stay.
pub(crate) fn without_batch(effects: &mut Effects, account: Address, adapter: Address) {
    // The first contract that the adapter created.
    without_delegatecall(effects, account, adapter.create(1));
}

/// Takes the first delegatecall of `account` to `batch` out of the effects, whose calls were decoded.
pub(crate) fn without_delegatecall(effects: &mut Effects, account: Address, batch: Address) {
    let batch = DelegateCall { from: account, to: batch };
    if let Some(index) = effects.delegate_calls.iter().position(|one| *one == batch) {
        effects.delegate_calls.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;

    use super::*;

    #[test]
    fn the_fallback_handlers_slot_is_the_safes() {
        assert_eq!(FALLBACK_HANDLER, keccak256("fallback_manager.handler.address"));
    }

    #[test]
    fn one_batch_is_taken_out_and_everything_else_stays() {
        let (account, adapter) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let batch = DelegateCall { from: account, to: adapter.create(1) };
        let others = [
            DelegateCall { from: account, to: adapter },
            DelegateCall { from: account, to: adapter.create(2) },
            DelegateCall { from: adapter, to: adapter.create(1) },
        ];
        let mut effects = Effects { delegate_calls: others.to_vec(), ..Effects::default() };
        without_batch(&mut effects, account, adapter);
        assert_eq!(effects.delegate_calls, others);
        effects.delegate_calls.extend([batch, batch]);
        without_batch(&mut effects, account, adapter);
        assert_eq!(effects.delegate_calls, [&others[..], &[batch]].concat());
    }
}
