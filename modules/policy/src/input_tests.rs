use super::*;
use crate::{Limits, decode_json};

const EXAMPLE: &str = include_str!("../tests/vectors/input.json");

fn example() -> Value {
    decode_json(EXAMPLE, &Limits::INPUT).expect("the example decodes")
}

/// The example with `value` at a path such as `calls.0.to`; `None` removes the field.
fn with(path: &str, value: Option<Value>) -> Value {
    fn set(target: &mut Value, path: &[&str], value: Option<Value>) {
        let (first, rest) = path.split_first().expect("a path");
        match target {
            Value::Array(items) => {
                let index: usize = first.parse().expect("an index");
                set(&mut items[index], rest, value);
            }
            Value::Object(fields) if rest.is_empty() => {
                match value {
                    Some(value) => fields.insert((*first).to_owned(), value),
                    None => fields.remove(*first),
                };
            }
            Value::Object(fields) => set(fields.get_mut(*first).expect("a field"), rest, value),
            _ => panic!("no such path"),
        }
    }
    let mut input = example();
    set(&mut input, &path.split('.').collect::<Vec<_>>(), value);
    input
}

#[test]
fn the_example_is_accepted() {
    assert_eq!(check_input(&example()), Ok(()));
}

#[test]
fn every_field_is_needed() {
    fn paths(value: &Value, prefix: &str, into: &mut Vec<String>) {
        let under = |name: &str| {
            if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
        };
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    into.push(under(name));
                    paths(field, &under(name), into);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    paths(item, &under(&index.to_string()), into);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    paths(&example(), "", &mut all);
    assert!(all.len() > 50, "{}", all.len());
    for path in all {
        // Arguments hold whatever their ABI type holds, and facts are open.
        if path.contains("value.") || path.starts_with("facts.") {
            continue;
        }
        assert!(check_input(&with(&path, None)).is_err(), "{path} missing");
        if !path.ends_with(".value") || path == "calls.0.value" {
            // No field is a set, so a set is wrong everywhere.
            let wrong = Some(Value::Set([].into()));
            assert!(check_input(&with(&path, wrong)).is_err(), "{path} of another type");
        }
    }
}

#[test]
fn near_misses_are_refused_by_path() {
    for (path, value) in [
        ("version", Value::from(1_u64)),
        ("account.address", Value::from("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108")),
        ("account.address", Value::from("0x4337")),
        ("calls.0.selector", Value::from("0xa9059c")),
        ("calls.0.data", Value::from("0xa")),
        ("calls.0.data", Value::from("a9")),
        ("bounds.0.kind", Value::from("erc777")),
        ("bounds.0.spender", Value::from("0x")),
        ("bounds.1.id", Value::from("0")),
        ("effects.tokens.0.id", Value::from("0")),
        ("effects.approvals.0.kind", Value::from(1_u64)),
        ("bounds.0.maxOut", Value::from(-1_i64)),
        ("bounds.0.maxOut", Value::from("1")),
        ("effects.reverted", Value::from("false")),
        ("effects.tokens.0.standard", Value::from("erc777")),
        ("effects.approvals.0.kind", Value::from("permit3")),
        ("account.balance", Value::from("1")),
        ("history.hour.operations", Value::from(-1_i64)),
        ("history.week.counterparties.0.counterparty", Value::from("")),
        ("surprise", Value::from(true)),
        ("operation.surprise", Value::from(true)),
    ] {
        let error = check_input(&with(path, Some(value))).expect_err(path);
        let last = path.rsplit('.').next().expect("a name");
        assert!(error.path.ends_with(last), "{path}: {error}");
    }
}

#[test]
fn bounds_are_in_order_and_without_repetition() {
    let bound = |asset: &str, kind: &str| {
        let asset = format!("0x{}", asset.repeat(40));
        let granted = matches!(kind, "allowance" | "operator");
        let spender = if granted { "7" } else { "0" };
        Value::object([
            ("asset", Value::from(asset)),
            ("kind", Value::from(kind)),
            ("id", Value::from(0_u64)),
            ("spender", Value::from(format!("0x{}", spender.repeat(40)))),
            ("maxOut", Value::from(1_u64)),
        ])
    };
    let with_field = |bound: &Value, name: &str, value: Value| {
        let mut fields = bound.as_object().expect("an object").clone();
        fields.insert(name.to_owned(), value);
        Value::Object(fields)
    };
    let checked = |bounds: Vec<Value>| check_input(&with("bounds", Some(Value::Array(bounds))));
    let native = || bound("0", "native");
    assert_eq!(checked(vec![native(), bound("1", "erc20"), bound("2", "erc20")]), Ok(()));
    assert_eq!(checked(vec![native()]), Ok(()));
    // Every kind, in the order of the chain; of one contract by id or spender.
    let coin = |id: u64| with_field(&bound("1", "erc1155"), "id", Value::from(id));
    let lender = |spender: &str| {
        let spender = Value::from(format!("0x{}", spender.repeat(40)));
        with_field(&bound("1", "allowance"), "spender", spender)
    };
    let all = [
        native(),
        bound("1", "erc20"),
        bound("1", "erc721"),
        bound("1", "deposit"),
        coin(1),
        coin(2),
        lender("1"),
        bound("1", "operator"),
    ];
    assert_eq!(checked(all.to_vec()), Ok(()));
    for index in 1..all.len() - 1 {
        let mut swapped = all.to_vec();
        swapped.swap(index, index + 1);
        assert!(checked(swapped).is_err(), "{index}");
    }
    assert_eq!(checked(vec![native(), lender("1"), lender("2")]), Ok(()));
    let other = |bound: Value, name, value: Value| vec![native(), with_field(&bound, name, value)];
    let nobody = || Value::from(format!("0x{}", "0".repeat(40)));
    for wrong in [
        vec![native(), coin(2), coin(1)],
        vec![native(), coin(1), coin(1)],
        vec![native(), lender("2"), lender("1")],
        vec![native(), lender("1"), lender("1")],
        other(bound("1", "allowance"), "spender", nobody()),
        other(bound("1", "operator"), "spender", nobody()),
        other(bound("1", "erc20"), "spender", Value::from(format!("0x{}", "7".repeat(40)))),
        other(bound("1", "erc721"), "id", Value::from(1_u64)),
        other(bound("1", "allowance"), "id", Value::from(1_u64)),
        vec![],
        vec![bound("1", "erc20")],
        vec![bound("1", "erc20"), native()],
        vec![native(), native()],
        vec![native(), bound("2", "erc20"), bound("1", "erc20")],
        vec![native(), bound("1", "erc20"), bound("1", "erc20")],
        vec![bound("1", "native")],
        vec![native(), bound("0", "erc20")],
    ] {
        assert!(checked(wrong.clone()).is_err(), "{wrong:?}");
    }
    let nine = (1..9).map(|digit| bound(&digit.to_string(), "erc20"));
    assert!(checked(std::iter::once(native()).chain(nine.take(7)).collect()).is_ok());
    let nine = (1..9).map(|digit| bound(&digit.to_string(), "erc20"));
    assert!(checked(std::iter::once(native()).chain(nine).collect()).is_err());
}

#[test]
fn lists_are_bounded_and_those_of_history_in_order() {
    let moved =
        example().path("effects.tokens").and_then(Value::as_array).expect("a list")[0].clone();
    let tokens = |count| {
        check_input(&with("effects.tokens", Some(Value::array(vec![moved.clone(); count]))))
    };
    assert_eq!(tokens(256), Ok(()));
    assert_eq!(tokens(257).expect_err("too many").expected, "at most 256 items");

    let address = |number: u64| Value::from(format!("0x{number:040x}"));
    let spent = |number| Value::object([("asset", address(number)), ("amount", 1_u64.into())]);
    let checked =
        |list: Vec<Value>| check_input(&with("history.day.spent", Some(Value::array(list))));
    assert_eq!(checked((0..256).map(spent).collect()), Ok(()));
    assert!(checked((0..257).map(spent).collect()).is_err());
    for wrong in [vec![spent(2), spent(1)], vec![spent(1), spent(1)]] {
        assert_eq!(checked(wrong).expect_err("an order").path, ".history.day.spent");
    }
    let paid = |asset, to| {
        let fields =
            [("asset", address(asset)), ("counterparty", address(to)), ("amount", 1_u64.into())];
        Value::object(fields)
    };
    let checked = |list: Vec<Value>| {
        check_input(&with("history.hour.counterparties", Some(Value::array(list))))
    };
    assert_eq!(checked(vec![paid(1, 8), paid(1, 9), paid(2, 0), paid(2, 7)]), Ok(()));
    for wrong in [vec![paid(1, 9), paid(1, 8)], vec![paid(2, 1), paid(1, 9)], vec![paid(1, 1); 2]] {
        assert!(checked(wrong).is_err());
    }
}

#[test]
fn a_call_has_one_field_more_and_all_of_it() {
    let action = Value::object([
        ("enforcer", alloy::primitives::Address::ZERO.into()),
        ("caller", alloy::primitives::Address::ZERO.into()),
        ("target", alloy::primitives::Address::ZERO.into()),
        ("path", "posted".into()),
        ("operation", "call".into()),
        ("context", alloy::primitives::B256::ZERO.into()),
        ("nonce", 7u64.into()),
    ]);
    assert_eq!(check_input(&with("action", Some(action.clone()))), Ok(()));
    for name in ["enforcer", "caller", "target", "path", "operation", "context", "nonce"] {
        let Value::Object(mut fields) = action.clone() else { panic!("an object") };
        fields.remove(name);
        let error = check_input(&with("action", Some(Value::Object(fields.clone())))).unwrap_err();
        assert_eq!(error.path, format!(".action.{name}"));
        fields.insert(name.to_owned(), Value::Bool(true));
        assert!(check_input(&with("action", Some(Value::Object(fields)))).is_err(), "{name}");
    }
    assert!(check_input(&with("action", Some(Value::Bool(true)))).is_err());
}
