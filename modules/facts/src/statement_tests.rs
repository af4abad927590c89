#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{U256, b256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use serde_json::json;
use writ_types::{PresentedFact, PresentedFacts};

use super::*;
use crate::{
    AskedFact,
    testing::{NOW, context, requirement, value},
};

fn issuer(seed: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(seed)).unwrap()
}

fn asked(binding: &str) -> AskedFact {
    let requirement = requirement(&json!({
        "name": "approval", "kind": "statement", "required": true, "maxAge": 3_600,
        "issuers": {"parameter": "approvers"}, "binding": binding,
        "shape": {"list": {"record": {"asset": "address", "maxOut": "integer"}}},
    }));
    AskedFact { requirement, issuers: BTreeSet::from([issuer(1).address(), context().owner]) }
}

const VALUE: &str = r#"[{"asset":"0x1111111111111111111111111111111111111111","maxOut":5}]"#;

fn statement(change: impl FnOnce(&mut Statement)) -> Statement {
    let mut statement = Statement {
        issuer: issuer(1).address(),
        account: context().account,
        action: context().action,
        name: "approval".to_owned(),
        value: VALUE.to_owned(),
        validAfter: NOW - 10,
        validUntil: NOW + 600,
        id: B256::repeat_byte(1),
    };
    change(&mut statement);
    statement
}

fn signed(statement: &Statement, chain_id: u64, key: &PrivateKeySigner) -> PresentedStatement {
    let digest = statement.eip712_signing_hash(&domain(chain_id));
    PresentedStatement {
        issuer: statement.issuer,
        account: statement.account,
        action: statement.action,
        value: statement.value.clone(),
        valid_after: statement.validAfter,
        valid_until: statement.validUntil,
        id: statement.id,
        signature: key.sign_hash_sync(&digest).unwrap().as_bytes().to_vec().into(),
    }
}

fn verified(asked: &AskedFact, presented: PresentedStatement) -> Result<Fact, FactError> {
    let fact = ("approval".to_owned(), PresentedFact::Statement(presented));
    crate::verify(asked, &[fact].into_iter().collect(), None, &context())
}

fn refused(change: impl FnOnce(&mut Statement)) -> &'static str {
    let presented = signed(&statement(change), 31_337, &issuer(1));
    verified(&asked("action"), presented).unwrap_err().status()
}

/// What a wallet hashes: computed with viem 2.47.0's `hashTypedData`.
#[test]
fn the_type_is_what_wallets_sign() {
    assert_eq!(
        Statement::eip712_encode_type(),
        "Statement(address issuer,address account,bytes32 action,string name,string value,uint64 validAfter,uint64 validUntil,bytes32 id)"
    );
    let fixed = statement(|statement| statement.issuer = Address::repeat_byte(0x11));
    assert_eq!(
        fixed.eip712_signing_hash(&domain(31_337)),
        b256!("03f385e78f3d2c77f77e82daf331cdcee0ba30eb13b2bb506afbfdc4150fd842")
    );
}

#[test]
fn a_statement_by_a_listed_address_counts() {
    let made = statement(|_| {});
    let fact = verified(&asked("action"), signed(&made, 31_337, &issuer(1))).unwrap();
    assert_eq!(fact.value, value(&serde_json::from_str(VALUE).unwrap()));
    assert_eq!(fact.issuer, format!("{:?}", issuer(1).address()));
    assert_eq!((fact.issued_at, fact.valid_until), (NOW - 10, NOW + 600));
    assert_eq!(fact.proof, made.eip712_signing_hash(&domain(31_337)));
    let old = statement(|statement| statement.validAfter = NOW - 3_500);
    let fact = verified(&asked("action"), signed(&old, 31_337, &issuer(1))).unwrap();
    assert_eq!(fact.valid_until, NOW + 100, "maxAge counts as well");
}

#[test]
fn for_somebody_else_or_something_else_it_does_not() {
    assert_eq!(refused(|statement| statement.account = Address::ZERO), "other-subject");
    assert_eq!(refused(|statement| statement.action = B256::repeat_byte(9)), "other-subject");
    assert_eq!(refused(|statement| statement.action = B256::ZERO), "other-subject");
    assert_eq!(refused(|statement| statement.name = "other".to_owned()), "bad-signature");
    assert_eq!(refused(|statement| statement.validUntil = NOW), "expired");
    assert_eq!(refused(|statement| statement.validUntil = NOW + 29), "expired");
    assert_eq!(refused(|statement| statement.validAfter = NOW - 3_600), "expired");
    assert_eq!(refused(|statement| statement.validAfter = NOW + 301), "not-yet-valid");
    let other_chain = signed(&statement(|_| {}), 1, &issuer(1));
    assert_eq!(verified(&asked("action"), other_chain).unwrap_err().status(), "bad-signature");
    // About the account as a whole, where that is asked for.
    let whole = signed(&statement(|statement| statement.action = B256::ZERO), 31_337, &issuer(1));
    assert!(verified(&asked("account"), whole).is_ok());
    let action = signed(&statement(|_| {}), 31_337, &issuer(1));
    assert_eq!(verified(&asked("account"), action).unwrap_err().status(), "other-subject");
}

#[test]
fn by_somebody_else_it_does_not() {
    let stranger = issuer(2);
    let by = |statement: Statement, key: &PrivateKeySigner| {
        verified(&asked("action"), signed(&statement, 31_337, key)).unwrap_err().status()
    };
    assert_eq!(by(statement(|made| made.issuer = stranger.address()), &stranger), "unknown-issuer");
    assert_eq!(by(statement(|_| {}), &stranger), "bad-signature");
    // The owner is on the list, and still no second person.
    assert_eq!(by(statement(|made| made.issuer = context().owner), &stranger), "unknown-issuer");
    assert_eq!(
        crate::verify(&asked("action"), &PresentedFacts::default(), None, &context())
            .unwrap_err()
            .status(),
        "missing"
    );
}

#[test]
fn a_signature_has_one_form() {
    let good = signed(&statement(|_| {}), 31_337, &issuer(1));
    let with = |signature: Vec<u8>| {
        let presented = PresentedStatement { signature: signature.into(), ..good.clone() };
        verified(&asked("action"), presented).map_err(|error| error.status())
    };
    assert!(with(good.signature.to_vec()).is_ok());
    // The other s, with the other parity, recovers to the same address.
    const ORDER: U256 = alloy::primitives::uint!(
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256
    );
    let mut high = good.signature.to_vec();
    let s = ORDER - U256::from_be_slice(&high[32..64]);
    high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    high[64] = 55 - high[64];
    assert_eq!(with(high).unwrap_err(), "bad-signature");
    let mut parity = good.signature.to_vec();
    parity[64] -= 27;
    assert_eq!(with(parity).unwrap_err(), "bad-signature");
    assert_eq!(with(vec![0; 65]).unwrap_err(), "bad-signature");
    assert_eq!(with(good.signature[..64].to_vec()).unwrap_err(), "bad-signature");
    assert_eq!(with(Vec::new()).unwrap_err(), "bad-signature");
}

#[test]
fn a_value_has_one_text_and_its_shape() {
    let with = |text: &str| refused(|statement| statement.value = text.to_owned());
    for text in [
        "",
        "[",
        "[ ]",
        "[]\n",
        r#"[{"maxOut":5,"asset":"0x1111111111111111111111111111111111111111"}]"#,
        r#"[{"asset":"0x1111111111111111111111111111111111111111","asset":"0x1111111111111111111111111111111111111111","maxOut":5}]"#,
        r#"[{"asset":"0x1111111111111111111111111111111111111111","maxOut":5.0}]"#,
        r#"["\u0041"]"#,
        r#"["\ud800"]"#,
    ] {
        assert_eq!(with(text), "malformed", "{text}");
    }
    assert_eq!(with(&"[".repeat(4_000)), "malformed");
    for text in [
        "7",
        "{}",
        r#"[{"asset":"0x1111111111111111111111111111111111111111"}]"#,
        r#"[{"asset":"0x1111111111111111111111111111111111111111","maxOut":5,"more":1}]"#,
    ] {
        assert_eq!(with(text), "other-content", "{text}");
    }
}
