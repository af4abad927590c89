//! Keys by the vectors of the RFCs, and contract state.
#![allow(clippy::unwrap_used)]

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use serde_json::{Value as Json, json};
use writ_policy::Value;

use crate::{
    AskedFact, FactError, StateAnswer, StateQuestion, jwt,
    key::Key,
    state_question,
    testing::{NOW, Private, context, requirement, value},
};

fn verifies(jwk: &Json, token: &str) -> bool {
    let key = Key::from_jwk(&value(jwk)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = jwt::bytes(signature).unwrap().try_into().unwrap();
    key.verifies(signed.as_bytes(), &signature)
}

/// RFC 7515, appendix A.3.
#[test]
fn es256_is_the_rfcs() {
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(verifies(&jwk, token));
    assert!(!verifies(&jwk, &token.replacen("eyJ", "eyK", 1)));
}

/// RFC 8037, appendix A.4.
#[test]
fn eddsa_is_the_rfcs() {
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(verifies(&jwk, token));
    assert!(!verifies(&jwk, &token.replacen("eyJ", "eyK", 1)));
}

#[test]
fn es256k_takes_either_s() {
    let Private::Secp256k1(key) = Private::secp256k1(3) else { unreachable!() };
    let private = Private::Secp256k1(key);
    let public = Key::new(&private.public()).unwrap();
    let low: [u8; 64] = private.sign(b"message").try_into().unwrap();
    assert!(public.verifies(b"message", &low) && !public.verifies(b"another", &low));
    let order = U256::from_be_bytes(alloy::hex!(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
    ));
    let mut high = low;
    high[32..].copy_from_slice(&(order - U256::from_be_slice(&low[32..])).to_be_bytes::<32>());
    assert!(public.verifies(b"message", &high));
    assert!(!public.verifies(b"message", &[0; 64]));
}

#[test]
fn what_is_no_point_is_no_key() {
    use writ_policy::IssuerKey as K;
    let one = B256::with_last_byte(1);
    for key in [K::P256(one, one), K::Secp256k1(one, one), K::P256(B256::ZERO, B256::ZERO)] {
        assert!(Key::new(&key).is_none(), "{key:?}");
    }
    // The neutral element, for which every signature with s = 0 holds.
    let mut neutral = B256::ZERO;
    neutral[0] = 1;
    assert!(Key::new(&K::Ed25519(neutral)).is_none());
    assert!(Key::new(&K::Ed25519(B256::ZERO)).is_none());
    assert!(Key::from_jwk(&value(&json!({"kty": "RSA", "n": "AQAB"}))).is_none());
}

fn state(extra: &Json) -> AskedFact {
    let mut json = json!({
        "name": "level", "kind": "contract-state", "required": true, "maxAge": 60, "chainId": 31_337,
        "contract": Value::from(Address::repeat_byte(0xcc)).as_str(),
    });
    json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    AskedFact { requirement: requirement(&json), issuers: Default::default() }
}

fn rule(asked: &AskedFact) -> &writ_policy::StateRule {
    let writ_policy::FactSource::ContractState(rule) = &asked.requirement.source else { panic!() };
    rule
}

#[test]
fn a_contract_is_asked_as_the_manifest_says() {
    let level = state(
        &json!({"function": {"name": "levelOf", "inputs": [{"name": "who", "type": "address"}, {"name": "list", "type": "uint8"}], "outputs": [{"type": "uint8"}]}, "arguments": ["account", format!("{:?}", B256::with_last_byte(7))]}),
    );
    let account = context().account;
    let input = [
        &keccak256("levelOf(address,uint8)")[..4],
        account.into_word().as_slice(),
        B256::with_last_byte(7).as_slice(),
    ]
    .concat();
    let contract = Address::repeat_byte(0xcc);
    assert_eq!(
        state_question(rule(&level), 31_337, account),
        Some(StateQuestion::Call(contract, input.into()))
    );
    assert_eq!(state_question(rule(&level), 1, account), None);
    let slot = state(&json!({"slot": B256::with_last_byte(3), "byAccount": true, "type": "bool"}));
    let place =
        keccak256([account.into_word().as_slice(), B256::with_last_byte(3).as_slice()].concat());
    assert_eq!(
        state_question(rule(&slot), 31_337, account),
        Some(StateQuestion::Slot(contract, place.into()))
    );
    let plain =
        state(&json!({"slot": B256::with_last_byte(3), "byAccount": false, "type": "address"}));
    assert_eq!(
        state_question(rule(&plain), 31_337, account),
        Some(StateQuestion::Slot(contract, U256::from(3)))
    );
}

#[test]
fn an_answer_is_of_its_type_or_none() {
    let level = state(
        &json!({"function": {"name": "level", "inputs": [], "outputs": [{"type": "uint8"}]}, "arguments": []}),
    );
    let answered = |asked: &AskedFact, answer: &StateAnswer| {
        crate::verify(asked, &Default::default(), Some(answer), &context())
    };
    let returned = |word: B256| StateAnswer::Returned(Bytes::from(word.to_vec()));
    let fact = answered(&level, &returned(B256::with_last_byte(5))).unwrap();
    assert_eq!((fact.value.clone(), fact.valid_until), (Value::from(5_u8), NOW + 60));
    assert_eq!(fact.issuer, "0xcccccccccccccccccccccccccccccccccccccccc");
    let other = answered(&level, &returned(B256::with_last_byte(6))).unwrap();
    assert_ne!(fact.proof, other.proof);
    for wrong in [
        returned(B256::repeat_byte(1)),
        StateAnswer::Returned(Bytes::new()),
        StateAnswer::Returned(vec![0; 64].into()),
        StateAnswer::Returned(vec![0; 20_000].into()),
        StateAnswer::Word(B256::ZERO),
        StateAnswer::Failed,
    ] {
        assert_eq!(answered(&level, &wrong).unwrap_err().status(), "unreadable", "{wrong:?}");
    }
    assert_eq!(
        crate::verify(&level, &Default::default(), None, &context()),
        Err(FactError::Missing)
    );
    let flag = state(&json!({"slot": B256::ZERO, "byAccount": false, "type": "bool"}));
    assert_eq!(
        answered(&flag, &StateAnswer::Word(B256::with_last_byte(1))).unwrap().value,
        Value::from(true)
    );
    assert_eq!(
        answered(&flag, &StateAnswer::Word(B256::with_last_byte(2))).unwrap_err().status(),
        "unreadable"
    );
    let elsewhere = crate::Context { chain_id: 1, ..context() };
    let error =
        crate::verify(&flag, &Default::default(), Some(&StateAnswer::Word(B256::ZERO)), &elsewhere);
    assert_eq!(error.unwrap_err().status(), "unreadable");
}
