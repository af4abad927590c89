//! The input document, version 2: everything that a policy can see, and nothing else.
//!
//! Every key is always present, except `action`, which only a call off the ERC-4337 path has, and `pinned` of calls, which only
//! those of pinned functions have. "No address" is the zero address. Integers are exact, addresses and
//! bytes are lowercase hexadecimal text.

use alloy::primitives::{Address, B256, U256};
use writ_attestation::{Bounds, CallAction};
use writ_policy::{INPUT_VERSION, Value};
use writ_simulation::{ApprovalKind, Effects, TokenStandard};
use writ_types::{CallPath, UserOperation};

use crate::{
    account::AccountSight,
    calls::{ArgumentValue, Call},
    facts::Stated,
    history::{History, Spending, Window},
};

/// Most entries of one list of effects. Beyond it nothing is decided.
pub const MAX_EFFECTS: usize = 256;

/// An operation has more effects than a policy can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operation has {count} {what}, more than {MAX_EFFECTS}")]
pub struct TooManyEffects {
    /// Which list.
    pub what: &'static str,
    /// Its length.
    pub count: usize,
}

/// Everything that the document is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) chain_id: u64,
    /// Number, hash and timestamp of the pinned block.
    pub(crate) block: (u64, B256, u64),
    pub(crate) account: Address,
    pub(crate) code_hash: B256,
    pub(crate) sight: AccountSight,
    pub(crate) standing: Standing,
    pub(crate) asked: Asked<'a>,
    pub(crate) calls: &'a [Call],
    pub(crate) bounds: &'a Bounds,
    /// Of the execution and of the paymaster's `postOp`, in this order.
    pub(crate) effects: [&'a Effects; 2],
    pub(crate) reverted: bool,
    pub(crate) sequence: u64,
    pub(crate) history: &'a History,
    /// What is stated about the account, and verified.
    pub(crate) stated: &'a Stated,
}

/// What an account is and has at the pinned block, before the operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Whether there is code at it.
    pub(crate) deployed: bool,
    /// Wei.
    pub(crate) balance: U256,
}

/// What is decided about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// A user operation.
    Operation { operation: &'a UserOperation, entry_point: Address, max_cost: u128 },
    /// A call off the ERC-4337 path, and the contract that enforces the decision.
    Call { action: &'a CallAction, enforcer: Address },
}

/// Builds the document.
pub(crate) fn document(facts: &Facts<'_>) -> Result<Value, TooManyEffects> {
    let (number, hash, timestamp) = facts.block;
    let caller = match facts.asked {
        Asked::Operation { .. } => None,
        Asked::Call { action, .. } => Some(action.caller).filter(|caller| *caller != facts.account),
    };
    let mut fields = vec![
        ("version", INPUT_VERSION.into()),
        (
            "chain",
            Value::object([
                ("id", facts.chain_id.into()),
                (
                    "block",
                    Value::object([
                        ("number", number.into()),
                        ("hash", hash.into()),
                        ("timestamp", timestamp.into()),
                    ]),
                ),
            ]),
        ),
        (
            "account",
            Value::object([
                ("address", facts.account.into()),
                ("codeHash", facts.code_hash.into()),
                ("kind", facts.sight.name().into()),
                ("deployed", facts.standing.deployed.into()),
                ("balance", facts.standing.balance.into()),
            ]),
        ),
        ("operation", operation(facts.asked)),
        ("calls", Value::array(facts.calls.iter().map(call))),
        ("bounds", bounds(facts.bounds)),
        ("effects", effects(facts.effects, caller, facts.reverted)?),
        ("history", history(facts.sequence, facts.history)),
        ("facts", facts.stated.to_value()),
    ];
    if let Asked::Call { action, enforcer } = facts.asked {
        fields.push(("action", action_of_call(action, enforcer)));
    }
    Ok(Value::object(fields))
}

/// What an EntryPoint makes of it; of a call, which comes through none, nothing but its nonce.
fn operation(asked: Asked<'_>) -> Value {
    let view = |entry_point: Address, (key, sequence): (U256, u64)| {
        [
            ("entryPoint", entry_point.into()),
            ("nonce", Value::object([("key", key.into()), ("sequence", sequence.into())])),
        ]
    };
    match asked {
        Asked::Operation { operation, entry_point, max_cost } => {
            let nonce = (U256::from(operation.nonce_key()), operation.nonce_sequence());
            let [entry_point, nonce] = view(entry_point, nonce);
            Value::object([
                entry_point,
                nonce,
                ("factory", operation.factory_address().unwrap_or_default().into()),
                ("paymaster", operation.paymaster_address().unwrap_or_default().into()),
                ("callGasLimit", operation.call_gas_limit.into()),
                ("maxCost", max_cost.into()),
            ])
        }
        Asked::Call { action, .. } => {
            let nonce = (U256::ZERO, action.nonce.saturating_to());
            let [entry_point, nonce] = view(Address::ZERO, nonce);
            Value::object([
                entry_point,
                nonce,
                ("factory", Address::ZERO.into()),
                ("paymaster", Address::ZERO.into()),
                ("callGasLimit", 0u64.into()),
                ("maxCost", 0u64.into()),
            ])
        }
    }
}

/// Everything of a call's action that its calls do not show.
fn action_of_call(action: &CallAction, enforcer: Address) -> Value {
    Value::object([
        ("enforcer", enforcer.into()),
        ("caller", action.caller.into()),
        ("target", action.target.into()),
        (
            "path",
            if action.path == CallPath::Presented as u8 { "presented" } else { "posted" }.into(),
        ),
        ("operation", if action.operation == 0 { "call" } else { "delegatecall" }.into()),
        ("context", action.context.into()),
        ("nonce", action.nonce.into()),
    ])
}

fn call(call: &Call) -> Value {
    let arguments = call.arguments.iter().map(|argument| {
        let value = match &argument.value {
            ArgumentValue::Address(address) => (*address).into(),
            ArgumentValue::Uint(number) => (*number).into(),
            ArgumentValue::Bool(truth) => (*truth).into(),
            ArgumentValue::Bytes(bytes) => Value::hex(bytes),
            ArgumentValue::Uints(numbers) => {
                Value::array(numbers.iter().map(|number| (*number).into()))
            }
        };
        named(argument.name, argument.value.abi_type(), value)
    });
    let mut fields = vec![
        ("to", call.to.into()),
        ("value", call.value.into()),
        ("selector", call.selector.map_or_else(|| Value::from(""), Value::hex)),
        ("function", call.function.into()),
        ("args", Value::array(arguments)),
        ("data", Value::hex(&call.data)),
    ];
    // Beside, and not instead: to a policy that did not pin it, the function stays one that it does not know.
    if let Some(pinned) = &call.pinned {
        let arguments = pinned
            .arguments
            .iter()
            .map(|argument| named(&argument.name, &argument.abi_type, argument.value.clone()));
        let function = pinned.function.as_str().into();
        fields.push((
            "pinned",
            Value::object([("function", function), ("args", Value::array(arguments))]),
        ));
    }
    Value::object(fields)
}

fn named(name: &str, abi_type: &str, value: Value) -> Value {
    Value::object([("name", name.into()), ("type", abi_type.into()), ("value", value)])
}

fn bounds(bounds: &Bounds) -> Value {
    Value::array(bounds.as_slice().iter().map(|bound| {
        let asset = bound.asset;
        Value::object([
            ("asset", asset.contract().into()),
            ("kind", asset.kind().as_str().into()),
            ("id", asset.id().into()),
            ("spender", asset.grantee().into()),
            ("maxOut", bound.max_out.into()),
        ])
    }))
}

/// `caller` is who calls from outside: it takes part like everybody who is touched.
fn effects(
    effects: [&Effects; 2],
    caller: Option<Address>,
    reverted: bool,
) -> Result<Value, TooManyEffects> {
    let mut touched: Vec<Address> =
        effects.iter().flat_map(|effects| effects.touched.iter().copied()).chain(caller).collect();
    touched.sort_unstable();
    touched.dedup();
    Ok(Value::object([
        (
            "native",
            list("native transfers", effects.map(|effects| &effects.native), |moved| {
                Value::object([
                    ("from", moved.from.into()),
                    ("to", moved.to.into()),
                    ("amount", moved.amount.into()),
                ])
            })?,
        ),
        (
            "tokens",
            list("token transfers", effects.map(|effects| &effects.tokens), |moved| {
                let standard = match moved.standard {
                    TokenStandard::Erc20 => "erc20",
                    TokenStandard::Erc721 => "erc721",
                    TokenStandard::Erc1155 => "erc1155",
                };
                Value::object([
                    ("token", moved.token.into()),
                    ("standard", standard.into()),
                    ("from", moved.from.into()),
                    ("to", moved.to.into()),
                    ("id", moved.id.into()),
                    ("amount", moved.amount.into()),
                ])
            })?,
        ),
        (
            "approvals",
            list("approvals", effects.map(|effects| &effects.approvals), |granted| {
                let kind = match granted.kind {
                    ApprovalKind::Allowance => "allowance",
                    ApprovalKind::Token => "token",
                    ApprovalKind::Operator => "operator",
                    ApprovalKind::Permit2 => "permit2",
                };
                Value::object([
                    ("kind", kind.into()),
                    ("id", granted.id.into()),
                    ("token", granted.token.into()),
                    ("owner", granted.owner.into()),
                    ("spender", granted.spender.into()),
                    ("amount", granted.amount.into()),
                ])
            })?,
        ),
        (
            "delegateCalls",
            list("delegate calls", effects.map(|effects| &effects.delegate_calls), |call| {
                Value::object([("from", call.from.into()), ("to", call.to.into())])
            })?,
        ),
        (
            "created",
            list("creations", effects.map(|effects| &effects.created), |created| {
                (*created).into()
            })?,
        ),
        ("touched", list("touched addresses", [&touched], |address| (*address).into())?),
        ("reverted", reverted.into()),
    ]))
}

fn list<T, const N: usize>(
    what: &'static str,
    parts: [&Vec<T>; N],
    view: impl Fn(&T) -> Value,
) -> Result<Value, TooManyEffects> {
    let count = parts.iter().map(|part| part.len()).sum();
    if count > MAX_EFFECTS {
        return Err(TooManyEffects { what, count });
    }
    Ok(Value::array(parts.into_iter().flatten().map(view)))
}

fn history(sequence: u64, history: &History) -> Value {
    let windows = Window::ALL.map(|window| (window.name(), spending(history.window(window))));
    Value::object([("sequence", sequence.into())].into_iter().chain(windows))
}

fn spending(spending: &Spending) -> Value {
    let spent = spending.spent.iter().map(|(asset, amount)| {
        Value::object([("asset", (*asset).into()), ("amount", (*amount).into())])
    });
    let counterparties = spending.counterparties().into_iter().map(|paid| {
        Value::object([
            ("asset", paid.asset.into()),
            ("counterparty", paid.counterparty.into()),
            ("amount", paid.amount.into()),
        ])
    });
    Value::object([
        ("operations", spending.operations.into()),
        ("spent", Value::array(spent)),
        ("counterparties", Value::array(counterparties)),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::Bytes;
    use writ_attestation::{AccountIdentity, AccountKind, Bound};
    use writ_simulation::{Approval, DelegateCall, NativeTransfer, TokenTransfer};
    use writ_types::EntryPointVersion;

    use super::*;
    use crate::calls::{CallType, ExecType, Execution, Own, decode_calls, encode_execute};

    const ACCOUNT: Address = Address::repeat_byte(0xac);
    const TOKEN: Address = Address::repeat_byte(0x70);
    const OTHER: Address = Address::repeat_byte(0x07);

    fn user_operation() -> UserOperation {
        let json = serde_json::json!({
            "sender": ACCOUNT, "nonce": "0x50000000000000003", "callData": "0x", "callGasLimit": "0x64",
            "verificationGasLimit": "0x2", "preVerificationGas": "0x3", "maxFeePerGas": "0xa",
            "maxPriorityFeePerGas": "0x1", "signature": "0x"
        });
        UserOperation::from_rpc(&json, EntryPointVersion::V08).unwrap()
    }

    fn build(effects: [&Effects; 2], calls: &[Call]) -> Result<Value, TooManyEffects> {
        let bounds = Bounds::new(vec![Bound::native(0), Bound::erc20(TOKEN, u128::MAX)]).unwrap();
        let mut history = History::default();
        history.expect(&[(TOKEN, U256::MAX), (Address::ZERO, U256::ZERO)]);
        history.hour = Spending::default();
        document(&Facts {
            chain_id: 31_337,
            block: (9, B256::repeat_byte(0xbb), 1_700_000_000),
            code_hash: B256::repeat_byte(0xcc),
            sight: AccountSight::Known(AccountIdentity {
                kind: AccountKind::OpenZeppelin,
                root_validator: None,
                built_in: None,
            }),
            standing: Standing { deployed: true, balance: U256::from(77) },
            account: ACCOUNT,
            asked: Asked::Operation {
                operation: &user_operation(),
                entry_point: Address::repeat_byte(0xe1),
                max_cost: 1_000,
            },
            calls,
            bounds: &bounds,
            effects,
            reverted: false,
            sequence: 4,
            history: &history,
            stated: &Stated::default(),
        })
    }

    #[test]
    fn has_every_key_and_exact_numbers() {
        let data =
            [&alloy::hex!("a9059cbb")[..], &OTHER.into_word()[..], &U256::MAX.to_be_bytes::<32>()]
                .concat();
        let call = Execution { target: TOKEN, value: U256::ZERO, data: data.into() };
        let call_data = Bytes::from(encode_execute(CallType::Single, ExecType::Default, &[call]));
        let calls = decode_calls(Own::of(ACCOUNT), &call_data).unwrap();
        let effects = Effects {
            native: vec![NativeTransfer { from: ACCOUNT, to: OTHER, amount: U256::from(5) }],
            tokens: vec![TokenTransfer {
                token: TOKEN,
                standard: TokenStandard::Erc20,
                from: ACCOUNT,
                to: OTHER,
                id: U256::ZERO,
                amount: U256::MAX,
            }],
            approvals: vec![Approval {
                token: TOKEN,
                owner: ACCOUNT,
                spender: OTHER,
                amount: U256::ONE,
                id: U256::ZERO,
                kind: ApprovalKind::Allowance,
            }],
            delegate_calls: vec![DelegateCall { from: TOKEN, to: OTHER }],
            created: vec![OTHER],
            touched: vec![TOKEN],
            ..Effects::default()
        };
        let fees = Effects { touched: vec![OTHER, TOKEN], ..effects.clone() };
        let document = build([&effects, &fees], &calls).unwrap();
        assert_eq!(writ_policy::check_input(&document), Ok(()));
        let text = document.to_json();
        let max = U256::MAX;
        let data = &calls[0].data;
        let native = format!(r#"{{"amount":5,"from":"{ACCOUNT:?}","to":"{OTHER:?}"}}"#);
        let token = format!(
            r#"{{"amount":{max},"from":"{ACCOUNT:?}","id":0,"standard":"erc20","to":"{OTHER:?}","token":"{TOKEN:?}"}}"#
        );
        let approval = format!(
            r#"{{"amount":1,"id":0,"kind":"allowance","owner":"{ACCOUNT:?}","spender":"{OTHER:?}","token":"{TOKEN:?}"}}"#
        );
        let none = r#"{"counterparties":[],"operations":0,"spent":[]}"#;
        let window = format!(
            r#"{{"counterparties":[{{"amount":{max},"asset":"{TOKEN:?}","counterparty":"{:?}"}}],"operations":1,"spent":[{{"amount":{max},"asset":"{TOKEN:?}"}}]}}"#,
            Address::ZERO
        );
        let delegate = format!(r#"{{"from":"{TOKEN:?}","to":"{OTHER:?}"}}"#);
        let expected = [
            format!(
                r#"{{"account":{{"address":"{ACCOUNT:?}","balance":77,"codeHash":"0x{}","deployed":true,"kind":"erc7579-openzeppelin"}},"#,
                "cc".repeat(32)
            ),
            format!(
                r#""bounds":[{{"asset":"{zero:?}","id":0,"kind":"native","maxOut":0,"spender":"{zero:?}"}},{{"asset":"{TOKEN:?}","id":0,"kind":"erc20","maxOut":{},"spender":"{zero:?}"}}],"#,
                u128::MAX,
                zero = Address::ZERO
            ),
            format!(
                r#""calls":[{{"args":[{{"name":"to","type":"address","value":"{OTHER:?}"}},{{"name":"value","type":"uint256","value":{max}}}],"#
            ),
            format!(
                r#""data":"{data}","function":"transfer(address,uint256)","selector":"0xa9059cbb","to":"{TOKEN:?}","value":0}}],"#
            ),
            format!(
                r#""chain":{{"block":{{"hash":"0x{}","number":9,"timestamp":1700000000}},"id":31337}},"#,
                "bb".repeat(32)
            ),
            format!(
                r#""effects":{{"approvals":[{approval},{approval}],"created":["{OTHER:?}","{OTHER:?}"],"#
            ),
            format!(
                r#""delegateCalls":[{delegate},{delegate}],"native":[{native},{native}],"reverted":false,"#
            ),
            format!(r#""tokens":[{token},{token}],"touched":["{OTHER:?}","{TOKEN:?}"]}},"#),
            r#""facts":{},"#.to_owned(),
            format!(r#""history":{{"day":{window},"hour":{none},"sequence":4,"week":{window}}},"#),
            format!(
                r#""operation":{{"callGasLimit":100,"entryPoint":"0x{}","factory":"{zero:?}","maxCost":1000,"nonce":{{"key":5,"sequence":3}},"paymaster":"{zero:?}"}},"#,
                "e1".repeat(20),
                zero = Address::ZERO
            ),
            r#""version":2}"#.to_owned(),
        ];
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn empty_data_has_an_empty_selector() {
        let call = Execution { target: OTHER, value: U256::ONE, data: Bytes::new() };
        let call_data = Bytes::from(encode_execute(CallType::Single, ExecType::Default, &[call]));
        let calls = decode_calls(Own::of(ACCOUNT), &call_data).unwrap();
        let document = build([&Effects::default(), &Effects::default()], &calls).unwrap();
        let call = &document.get("calls").unwrap().as_array().unwrap()[0];
        assert_eq!(call.get("selector").unwrap().as_str(), Some(""));
        assert_eq!(call.get("function").unwrap().as_str(), Some(""));
        assert_eq!(call.get("data").unwrap().as_str(), Some("0x"));
    }

    #[test]
    fn more_effects_than_a_policy_is_asked_about_are_refused() {
        let moved = NativeTransfer { from: ACCOUNT, to: OTHER, amount: U256::ONE };
        let most = Effects { native: vec![moved; MAX_EFFECTS], ..Default::default() };
        let document = build([&most, &Effects::default()], &[]).unwrap();
        assert_eq!(writ_policy::check_input(&document), Ok(()));
        let one = Effects { native: vec![moved], ..Default::default() };
        assert_eq!(
            build([&most, &one], &[]),
            Err(TooManyEffects { what: "native transfers", count: MAX_EFFECTS + 1 })
        );
    }
}
