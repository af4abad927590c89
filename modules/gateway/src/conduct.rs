//! What an operation does to its account: the calls that the account makes, and what leaves it.

use alloy::primitives::{Address, B256, U256, keccak256};
use writ_attestation::{AttestationError, Bound, Bounds};
use writ_policy::{Limits, Value, decode};
use writ_simulation::Effects;

/// Names the calls in an input document: targets, values and calldata, in order.
pub(crate) fn decided(evidence: &[u8]) -> Option<B256> {
    let document = decode(evidence, &Limits::INPUT).ok()?;
    let mut names = Names::default();
    for call in document.get("calls")?.as_array()? {
        let text = |name: &str| call.get(name).and_then(Value::as_str);
        let value = call.get("value")?.as_integer()?.to_u256()?;
        let data = alloy::hex::decode(text("data")?).ok()?;
        names.add(text("to")?.parse().ok()?, value, keccak256(data));
    }
    Some(names.finish())
}

/// Names the calls that the sender made in a simulation, as [`decided`] does.
fn seen(effects: &Effects) -> B256 {
    let mut names = Names::default();
    for call in &effects.calls {
        // Calldata that is too long to be kept is refused by the operators, and equals nothing here.
        names.add(call.to, call.value, call.data.as_ref().map(keccak256).unwrap_or_default());
    }
    names.finish()
}

#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn add(&mut self, to: Address, value: U256, data: B256) {
        self.0.extend_from_slice(to.as_slice());
        self.0.extend_from_slice(&value.to_be_bytes::<32>());
        self.0.extend_from_slice(data.as_slice());
    }

    fn finish(self) -> B256 {
        keccak256(self.0)
    }
}

/// Checks that an execution does what was decided on: the calls named by `decided`, and no outflow beyond `bounds`.
///
/// # Errors
/// [`AttestationError::Conduct`] says what differs.
pub(crate) fn check(
    effects: &Effects,
    account: Address,
    decided: B256,
    bounds: &Bounds,
) -> Result<(), AttestationError> {
    if seen(effects) != decided {
        return Err(AttestationError::Conduct("it makes other calls".to_owned()));
    }
    // The calls are the ones that were decided on: what they set out to move needs no further look.
    let moved = effects.moved(account, Address::ZERO, []);
    for (asset, amount) in moved.map_err(|grant| AttestationError::Conduct(grant.to_string()))? {
        // What is not listed may not leave.
        let most = bounds.on(asset).copied().unwrap_or(Bound::new(asset, 0));
        if !most.admits(amount) {
            let reason = format!("{amount} of {asset} leave the account, and {} may", most.max_out);
            return Err(AttestationError::Conduct(reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;
    use writ_attestation::Bound;
    use writ_policy::encode;
    use writ_simulation::{
        Approval, ApprovalKind, NativeTransfer, SenderCall, TokenStandard, TokenTransfer,
        Withdrawal,
    };
    use writ_types::Asset;

    use super::*;

    const ACCOUNT: Address = Address::repeat_byte(0xac);
    const TOKEN: Address = Address::repeat_byte(0x70);
    const PAYEE: Address = Address::repeat_byte(0x77);

    fn effects(native: u64, token: u64) -> Effects {
        let data = Some(Bytes::from_static(&[7]));
        let call = SenderCall { to: PAYEE, value: U256::from(native), data };
        let native = NativeTransfer { from: ACCOUNT, to: PAYEE, amount: U256::from(native) };
        let token = TokenTransfer {
            token: TOKEN,
            standard: TokenStandard::Erc20,
            from: ACCOUNT,
            to: PAYEE,
            id: U256::ZERO,
            amount: U256::from(token),
        };
        Effects {
            calls: vec![call],
            native: vec![native],
            tokens: vec![token],
            ..Default::default()
        }
    }

    /// The evidence that an operator would have written of `effects`.
    fn evidence(effects: &Effects) -> Vec<u8> {
        let calls = effects.calls.iter().map(|call| {
            Value::object([
                ("to", call.to.into()),
                ("value", call.value.into()),
                ("data", Value::hex(call.data.clone().unwrap_or_default())),
            ])
        });
        encode(&Value::object([("calls", Value::array(calls))]))
    }

    #[test]
    fn what_was_decided_on_may_happen_and_nothing_more() {
        let bounds = Bounds::new(vec![Bound::native(5), Bound::erc20(TOKEN, 7)]).unwrap();
        let decided = decided(&evidence(&effects(5, 7))).unwrap();
        let check = |effects: &Effects| check(effects, ACCOUNT, decided, &bounds);
        assert_eq!(check(&effects(5, 7)), Ok(()));
        assert_eq!(check(&effects(5, 6)), Ok(()), "less may leave");
        assert!(check(&effects(5, 8)).unwrap_err().to_string().contains("8 of"));
        assert!(check(&effects(4, 7)).is_err(), "another value is another call");

        let changed = |change: fn(&mut Effects)| {
            let mut other = effects(5, 7);
            change(&mut other);
            check(&other).unwrap_err().check()
        };
        assert_eq!(changed(|other| other.tokens[0].token = PAYEE), "conduct", "an unlisted asset");
        assert_eq!(changed(|other| other.native[0].amount = U256::from(6)), "conduct");
        assert_eq!(changed(|other| other.calls.push(other.calls[0].clone())), "conduct");
        assert_eq!(changed(|other| other.calls.clear()), "conduct");
        assert_eq!(changed(|other| other.calls[0].data = Some(Bytes::new())), "conduct");
        assert_eq!(changed(|other| other.calls[0].data = None), "conduct");
        assert_eq!(changed(|other| other.calls[0].to = TOKEN), "conduct");
    }

    #[test]
    fn no_kind_of_asset_leaves_beyond_its_bound() {
        use TokenStandard::{Erc721, Erc1155};

        let id = U256::from(3);
        let token = |standard| TokenTransfer {
            token: TOKEN,
            standard,
            from: ACCOUNT,
            to: PAYEE,
            id,
            amount: U256::ONE,
        };
        let grant = |kind, amount| {
            let (owner, spender, id) = (ACCOUNT, PAYEE, U256::ZERO);
            Approval { token: TOKEN, owner, spender, amount, id, kind }
        };
        let deposit = Withdrawal { entry_point: TOKEN, account: ACCOUNT, amount: U256::ONE };
        let of = |change: &dyn Fn(&mut Effects)| {
            let mut effects = Effects::default();
            change(&mut effects);
            effects
        };
        let (spender, operator) = (PAYEE, PAYEE);
        let cases = [
            (Asset::Erc721(TOKEN), of(&|effects| effects.tokens = vec![token(Erc721)])),
            (
                Asset::Erc1155 { token: TOKEN, id },
                of(&|effects| effects.tokens = vec![token(Erc1155)]),
            ),
            (Asset::Deposit(TOKEN), of(&|effects| effects.withdrawals = vec![deposit])),
            (
                Asset::Allowance { token: TOKEN, spender },
                of(&|effects| effects.approvals = vec![grant(ApprovalKind::Allowance, U256::ONE)]),
            ),
            (
                Asset::Operator { token: TOKEN, operator },
                of(&|effects| effects.approvals = vec![grant(ApprovalKind::Operator, U256::MAX)]),
            ),
        ];
        for (asset, effects) in cases {
            let decided = decided(&evidence(&effects)).unwrap();
            let check = |most| {
                let bounds = Bounds::new(vec![Bound::native(0), Bound::new(asset, most)]).unwrap();
                check(&effects, ACCOUNT, decided, &bounds)
            };
            assert_eq!(check(1), Ok(()), "{asset}");
            assert_eq!(check(0).unwrap_err().check(), "conduct", "{asset}");
            let unlisted = Bounds::new(vec![Bound::native(0)]).unwrap();
            let refused = super::check(&effects, ACCOUNT, decided, &unlisted).unwrap_err();
            assert!(refused.to_string().contains(&asset.to_string()), "{refused}");
        }
        let unbounded = of(&|effects| {
            effects.approvals = vec![grant(ApprovalKind::Permit2, U256::ONE)];
        });
        let decided = decided(&evidence(&unbounded)).unwrap();
        let bounds = Bounds::new(vec![Bound::native(0)]).unwrap();
        let refused = super::check(&unbounded, ACCOUNT, decided, &bounds).unwrap_err();
        assert!(refused.to_string().contains("Permit2"), "{refused}");
    }

    #[test]
    fn evidence_of_another_shape_says_nothing() {
        let call = |field: &'static str, value: Value| {
            let good = [("to", PAYEE.into()), ("value", U256::ZERO.into()), ("data", "0x".into())];
            let call =
                good.map(|(name, known)| (name, if name == field { value.clone() } else { known }));
            decided(&encode(&Value::object([("calls", Value::array([Value::object(call)]))])))
        };
        assert!(call("", Value::Bool(true)).is_some());
        for field in ["to", "value", "data"] {
            assert_eq!(call(field, "nonsense".into()), None);
        }
        assert_eq!(decided(&[]), None);
        assert_eq!(decided(&encode(&Value::empty_object())), None);
    }
}
