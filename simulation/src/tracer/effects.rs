//! Collects what execution does, and forgets what a reverted frame did.

use alloy::{
    primitives::{Address, B256, Bytes, Log, U256},
    sol_types::{SolEvent, SolValue},
};

use crate::{
    abi::{Deposits, Permit2, Tokens},
    assets::is_entry_point,
    effects::{
        Approval, ApprovalKind, DelegateCall, Effects, NativeTransfer, SenderCall, TokenStandard,
        TokenTransfer, Withdrawal,
    },
};

/// Lengths of an [`Effects`]' lists at the moment a frame began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpoint {
    native: usize,
    tokens: usize,
    approvals: usize,
    withdrawals: usize,
    delegate_calls: usize,
    created: usize,
    touched: usize,
}

impl Checkpoint {
    pub(super) fn of(effects: &Effects) -> Self {
        Self {
            native: effects.native.len(),
            tokens: effects.tokens.len(),
            approvals: effects.approvals.len(),
            withdrawals: effects.withdrawals.len(),
            delegate_calls: effects.delegate_calls.len(),
            created: effects.created.len(),
            touched: effects.touched.len(),
        }
    }

    /// Forgets everything since, except what the sender called.
    pub(super) fn restore(self, effects: &mut Effects) {
        effects.native.truncate(self.native);
        effects.tokens.truncate(self.tokens);
        effects.approvals.truncate(self.approvals);
        effects.withdrawals.truncate(self.withdrawals);
        effects.delegate_calls.truncate(self.delegate_calls);
        effects.created.truncate(self.created);
        effects.touched.truncate(self.touched);
    }

    /// Number of records in total.
    pub(super) const fn records(self) -> usize {
        self.native
            + self.tokens
            + self.approvals
            + self.withdrawals
            + self.delegate_calls
            + self.created
            + self.touched
    }
}

/// Native currency moved; nothing is recorded for zero or for a transfer to oneself.
pub(super) fn native(effects: &mut Effects, from: Address, to: Address, amount: U256) {
    if !amount.is_zero() && from != to {
        effects.native.push(NativeTransfer { from, to, amount });
    }
}

/// A CALL made by the sender. `room` is how much calldata may still be kept; what remains is returned.
pub(super) fn sender_call(
    effects: &mut Effects,
    (to, value): (Address, U256),
    data: &[u8],
    room: usize,
) -> usize {
    let left = room.checked_sub(data.len());
    let data = left.map(|_| Bytes::copy_from_slice(data));
    effects.calls.push(SenderCall { to, value, data });
    left.unwrap_or_default()
}

/// A DELEGATECALL or CALLCODE.
pub(super) fn delegate_call(effects: &mut Effects, from: Address, to: Address) {
    effects.delegate_calls.push(DelegateCall { from, to });
}

/// Reads the log of a token, of Permit2, or of an EntryPoint. Logs of another shape are nobody's transfer.
pub(super) fn log(effects: &mut Effects, log: &Log, entry_point: Address) {
    let Some((first, rest)) = log.topics().split_first() else { return };
    let (token, data) = (log.address, log.data.data.as_ref());
    if *first == Tokens::Transfer::SIGNATURE_HASH {
        let (standard, id, amount) = match (rest, word(data)) {
            ([_, _], Some(amount)) => (TokenStandard::Erc20, U256::ZERO, amount),
            ([_, _, id], _) => (TokenStandard::Erc721, number(id), U256::from(1)),
            _ => return,
        };
        let (from, to) = (address(&rest[0]), address(&rest[1]));
        effects.tokens.push(TokenTransfer { token, standard, from, to, id, amount });
    } else if *first == Tokens::Approval::SIGNATURE_HASH {
        let (kind, id, amount) = match (rest, word(data)) {
            ([_, _], Some(amount)) => (ApprovalKind::Allowance, U256::ZERO, amount),
            ([_, _, id], _) => (ApprovalKind::Token, number(id), U256::from(1)),
            _ => return,
        };
        let (owner, spender) = (address(&rest[0]), address(&rest[1]));
        effects.approvals.push(Approval { token, owner, spender, amount, id, kind });
    } else if [Permit2::Approval::SIGNATURE_HASH, Permit2::Permit::SIGNATURE_HASH].contains(first) {
        let ([owner, token, spender], Some(amount)) = (rest, word(data)) else { return };
        let [owner, token, spender] = [owner, token, spender].map(address);
        let (id, kind) = (U256::ZERO, ApprovalKind::Permit2);
        effects.approvals.push(Approval { token, owner, spender, amount, id, kind });
    } else if *first == Permit2::Lockdown::SIGNATURE_HASH {
        let ([owner], Ok((token, spender))) = (rest, <(Address, Address)>::abi_decode_params(data))
        else {
            return;
        };
        let (owner, amount, id) = (address(owner), U256::ZERO, U256::ZERO);
        let kind = ApprovalKind::Permit2;
        effects.approvals.push(Approval { token, owner, spender, amount, id, kind });
    } else if *first == Tokens::ApprovalForAll::SIGNATURE_HASH {
        let ([owner, spender], Some(approved)) = (rest, word(data)) else { return };
        effects.approvals.push(Approval {
            token,
            owner: address(owner),
            spender: address(spender),
            amount: if approved.is_zero() { U256::ZERO } else { U256::MAX },
            id: U256::ZERO,
            kind: ApprovalKind::Operator,
        });
    } else if *first == Tokens::TransferSingle::SIGNATURE_HASH {
        let ([_, from, to], Ok((id, amount))) = (rest, <(U256, U256)>::abi_decode_params(data))
        else {
            return;
        };
        effects.tokens.push(multi_token(token, from, to, id, amount));
    } else if *first == Tokens::TransferBatch::SIGNATURE_HASH {
        let ([_, from, to], Ok((ids, amounts))) =
            (rest, <(Vec<U256>, Vec<U256>)>::abi_decode_params(data))
        else {
            return;
        };
        let moved = ids.into_iter().zip(amounts);
        effects.tokens.extend(moved.map(|(id, amount)| multi_token(token, from, to, id, amount)));
    } else if *first == Deposits::Withdrawn::SIGNATURE_HASH
        && (token == entry_point || is_entry_point(token))
    {
        let ([account], Ok((_, amount))) = (rest, <(Address, U256)>::abi_decode_params(data))
        else {
            return;
        };
        let account = address(account);
        effects.withdrawals.push(Withdrawal { entry_point: token, account, amount });
    }
}

fn multi_token(token: Address, from: &B256, to: &B256, id: U256, amount: U256) -> TokenTransfer {
    let standard = TokenStandard::Erc1155;
    TokenTransfer { token, standard, from: address(from), to: address(to), id, amount }
}

fn address(topic: &B256) -> Address {
    Address::from_word(*topic)
}

fn number(topic: &B256) -> U256 {
    U256::from_be_bytes(topic.0)
}

fn word(data: &[u8]) -> Option<U256> {
    data.get(..32).map(U256::from_be_slice)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, LogData};
    use writ_types::EntryPointVersion;

    use super::*;

    const TOKEN: Address = Address::repeat_byte(0x70);
    const ENTRY_POINT: Address = Address::repeat_byte(0xe1);
    const FROM: Address = Address::repeat_byte(0x01);
    const TO: Address = Address::repeat_byte(0x02);

    fn read(topics: Vec<B256>, data: Vec<u8>) -> Effects {
        let mut effects = Effects::default();
        let data = LogData::new_unchecked(topics, Bytes::from(data));
        log(&mut effects, &Log { address: TOKEN, data }, ENTRY_POINT);
        effects
    }

    #[test]
    fn the_three_standards_are_told_apart_by_shape() {
        let (from, to) = (FROM.into_word(), TO.into_word());
        let transfer = Tokens::Transfer::SIGNATURE_HASH;
        let erc20 = read(vec![transfer, from, to], U256::from(7).to_be_bytes_vec());
        assert_eq!(erc20.tokens[0].standard, TokenStandard::Erc20);
        assert_eq!(erc20.tokens[0].amount, U256::from(7));
        let erc721 = read(vec![transfer, from, to, B256::with_last_byte(9)], vec![]);
        assert_eq!(erc721.tokens[0].standard, TokenStandard::Erc721);
        assert_eq!(erc721.tokens[0].id, U256::from(9));
        let batch = read(
            vec![Tokens::TransferBatch::SIGNATURE_HASH, B256::ZERO, from, to],
            (vec![U256::from(1), U256::from(2)], vec![U256::from(3), U256::from(4)])
                .abi_encode_params(),
        );
        assert_eq!(batch.tokens.len(), 2);
        assert_eq!((batch.tokens[1].id, batch.tokens[1].amount), (U256::from(2), U256::from(4)));
    }

    #[test]
    fn logs_of_another_shape_are_ignored() {
        let (from, to) = (FROM.into_word(), TO.into_word());
        assert!(read(vec![], vec![]).tokens.is_empty());
        assert!(read(vec![Tokens::Transfer::SIGNATURE_HASH], vec![0; 96]).tokens.is_empty());
        assert!(
            read(vec![Tokens::Transfer::SIGNATURE_HASH, from, to], vec![0; 31]).tokens.is_empty()
        );
        let endless = [U256::from(64), U256::MAX, U256::MAX, U256::MAX];
        let data = endless.iter().flat_map(|word| word.to_be_bytes_vec()).collect();
        let batch = Tokens::TransferBatch::SIGNATURE_HASH;
        assert!(read(vec![batch, B256::ZERO, from, to], data).tokens.is_empty());
    }

    #[test]
    fn approvals_for_all_are_marked() {
        let topics = vec![Tokens::ApprovalForAll::SIGNATURE_HASH, FROM.into_word(), TO.into_word()];
        let granted = read(topics.clone(), U256::from(1).to_be_bytes_vec());
        assert_eq!(granted.approvals[0].kind, ApprovalKind::Operator);
        assert_eq!(granted.approvals[0].amount, U256::MAX);
        let revoked = read(topics, vec![0; 32]);
        assert!(revoked.approvals[0].amount.is_zero() && !revoked.approvals[0].grants());
    }

    #[test]
    fn approvals_are_told_apart_by_shape() {
        let (from, to) = (FROM.into_word(), TO.into_word());
        let approval = Tokens::Approval::SIGNATURE_HASH;
        let allowance = read(vec![approval, from, to], U256::from(7).to_be_bytes_vec());
        assert_eq!(allowance.approvals[0].kind, ApprovalKind::Allowance);
        let one = read(vec![approval, from, to, B256::with_last_byte(9)], vec![]).approvals[0];
        assert_eq!((one.kind, one.id), (ApprovalKind::Token, U256::from(9)));
        assert!(one.grants());
        let none = read(vec![approval, from, B256::ZERO, B256::with_last_byte(9)], vec![]);
        assert!(!none.approvals[0].grants());
        for event in [Permit2::Approval::SIGNATURE_HASH, Permit2::Permit::SIGNATURE_HASH] {
            let data = (U256::from(5), U256::from(6), U256::from(7)).abi_encode_params();
            let through = read(vec![event, from, TOKEN.into_word(), to], data).approvals[0];
            assert_eq!((through.kind, through.amount), (ApprovalKind::Permit2, U256::from(5)));
            assert_eq!((through.token, through.owner, through.spender), (TOKEN, FROM, TO));
        }
        let lockdown = vec![Permit2::Lockdown::SIGNATURE_HASH, from];
        let revoked = read(lockdown.clone(), (TOKEN, TO).abi_encode_params()).approvals[0];
        assert_eq!((revoked.kind, revoked.amount), (ApprovalKind::Permit2, U256::ZERO));
        assert_eq!((revoked.token, revoked.owner, revoked.spender), (TOKEN, FROM, TO));
        assert!(!revoked.grants());
        assert!(read(lockdown, vec![]).approvals.is_empty());
    }

    #[test]
    fn deposits_are_those_of_entry_points() {
        let canonical = EntryPointVersion::V07.canonical_address();
        let data = (TO, U256::from(3)).abi_encode_params();
        let topics = vec![Deposits::Withdrawn::SIGNATURE_HASH, FROM.into_word()];
        for (address, known) in [(ENTRY_POINT, true), (canonical, true), (TOKEN, false)] {
            let mut effects = Effects::default();
            let data = LogData::new_unchecked(topics.clone(), data.clone().into());
            log(&mut effects, &Log { address, data }, ENTRY_POINT);
            let amount = U256::from(3);
            let told = Withdrawal { entry_point: address, account: FROM, amount };
            assert_eq!(effects.withdrawals, if known { vec![told] } else { vec![] });
        }
        assert!(read(topics, vec![0; 32]).withdrawals.is_empty());
    }
}
