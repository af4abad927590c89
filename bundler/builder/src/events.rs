//! The EntryPoint's events in a transaction receipt: which operations ran, how they ended, which logs are theirs.

use std::ops::Range;

use alloy::{
    primitives::{Address, B256, Bytes, LogData, U256},
    rpc::types::{Log, TransactionReceipt},
    sol,
    sol_types::SolEvent,
};

sol! {
    /// The same in every EntryPoint version.
    interface EntryPointEvents {
        event BeforeExecution();
        event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed);
        event UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event PostOpRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
    }
}

pub(crate) use EntryPointEvents::UserOperationEvent;
use EntryPointEvents::{BeforeExecution, PostOpRevertReason, UserOperationRevertReason};

/// One operation that a transaction included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executed {
    /// The EntryPoint that emitted it.
    pub(crate) entry_point: Address,
    pub(crate) hash: B256,
    pub(crate) sender: Address,
    pub(crate) paymaster: Address,
    pub(crate) nonce: U256,
    pub(crate) success: bool,
    pub(crate) gas_cost: U256,
    pub(crate) gas_used: U256,
    /// Revert data of the execution, else of `postOp`; `None` when there was none.
    pub(crate) reason: Option<Bytes>,
    /// Places of this operation's logs in the receipt: since the operation before it, up to its own event.
    pub(crate) logs: Range<usize>,
}

/// All operations that `entry_points` ran in the transaction, in order.
pub(crate) fn executed(receipt: &TransactionReceipt, entry_points: &[Address]) -> Vec<Executed> {
    of_logs(receipt.inner.logs(), entry_points)
}

fn of_logs(logs: &[Log], entry_points: &[Address]) -> Vec<Executed> {
    let mut found = Vec::new();
    for entry_point in entry_points {
        // Logs of validation come before `BeforeExecution` and belong to nobody.
        let mut start = 0;
        let mut reason: Option<(B256, Bytes)> = None;
        for (index, log) in logs.iter().enumerate().filter(|(_, log)| log.address() == *entry_point)
        {
            let data = &log.inner.data;
            if is::<BeforeExecution>(data) {
                start = index + 1;
            } else if let Ok(reverted) = UserOperationRevertReason::decode_log_data(data) {
                reason = Some((reverted.userOpHash, reverted.revertReason));
            } else if let Ok(reverted) = PostOpRevertReason::decode_log_data(data) {
                reason.get_or_insert((reverted.userOpHash, reverted.revertReason));
            } else if let Ok(event) = UserOperationEvent::decode_log_data(data) {
                let reason = reason.take().filter(|(hash, _)| *hash == event.userOpHash);
                found.push(Executed {
                    entry_point: *entry_point,
                    hash: event.userOpHash,
                    sender: event.sender,
                    paymaster: event.paymaster,
                    nonce: event.nonce,
                    success: event.success,
                    gas_cost: event.actualGasCost,
                    gas_used: event.actualGasUsed,
                    reason: reason.map(|(_, data)| data),
                    logs: start..index + 1,
                });
                start = index + 1;
            }
        }
    }
    found.sort_by_key(|operation| operation.logs.end);
    found
}

fn is<E: SolEvent>(data: &LogData) -> bool {
    data.topics().first() == Some(&E::SIGNATURE_HASH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY_POINT: Address = Address::repeat_byte(0xee);
    const TOKEN: Address = Address::repeat_byte(0x70);

    fn log(address: Address, data: LogData) -> Log {
        let inner = alloy::primitives::Log { address, data };
        Log { inner, ..Log::default() }
    }

    fn event(tag: u8, success: bool) -> Log {
        let event = UserOperationEvent {
            userOpHash: B256::repeat_byte(tag),
            sender: Address::repeat_byte(tag),
            paymaster: Address::ZERO,
            nonce: U256::from(tag),
            success,
            actualGasCost: U256::from(100),
            actualGasUsed: U256::from(10),
        };
        log(ENTRY_POINT, event.encode_log_data())
    }

    fn transfer() -> Log {
        log(TOKEN, LogData::new_unchecked(vec![B256::repeat_byte(1)], Bytes::new()))
    }

    fn reverted(tag: u8, data: &'static [u8]) -> Log {
        let event = UserOperationRevertReason {
            userOpHash: B256::repeat_byte(tag),
            sender: Address::repeat_byte(tag),
            nonce: U256::from(tag),
            revertReason: Bytes::from_static(data),
        };
        log(ENTRY_POINT, event.encode_log_data())
    }

    #[test]
    fn each_operation_gets_its_own_logs_and_reason() {
        let logs = [
            transfer(),
            log(ENTRY_POINT, BeforeExecution {}.encode_log_data()),
            transfer(),
            event(1, true),
            reverted(2, b"why"),
            event(2, false),
            event(3, true),
        ];
        let found = of_logs(&logs, &[ENTRY_POINT]);
        let ranges: Vec<_> = found.iter().map(|operation| operation.logs.clone()).collect();
        assert_eq!(ranges, [2..4, 4..6, 6..7]);
        assert_eq!(found[1].reason.as_ref(), Some(&Bytes::from_static(b"why")));
        assert_eq!((found[0].reason.clone(), found[2].reason.clone()), (None, None));
        assert!(!found[1].success && found[2].success);
    }

    #[test]
    fn events_of_strangers_are_no_inclusions() {
        let mut forged = event(1, true);
        forged.inner.address = TOKEN;
        assert_eq!(of_logs(&[forged], &[ENTRY_POINT]), []);
    }
}
