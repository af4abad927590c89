//! Shared vectors: the same inputs, digests and bytes in Rust, in Solidity (`solidity/test`) and in viem.
//!
//! The committed file is what this test computes, and what viem and Forge then check on their own. To write it anew after
//! a deliberate change: `WRIT_WRITE_VECTORS=1 cargo test -p writ-attestation --test vectors`.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod lists;

use std::{fs, path::PathBuf, process::Command};

use alloy::{
    hex,
    primitives::{Address, B256, U256, bytes, keccak256},
};
use common::{World, operation};
use serde_json::{Value, json};
use writ_attestation::{
    ANY, Attestation, Bound, Bounds, CallAction, ConfigurationAction, Denial, Domain, MAGIC,
    OperatorSignature, Record, SignatureAction, Suffix, UserOperationAction, action_of, attach,
    max_cost_of, reasons_hash, verify,
};
use writ_types::{Asset, EntryPointVersion, Factory, Paymaster, UserOperation};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn path() -> PathBuf {
    root().join("solidity/test/vectors/attestation.json")
}

/// Three operations: as plain as they come; with factory, paymaster and a token bound; with EntryPoint v0.9's paymaster
/// signature, which the action leaves out.
fn worlds() -> Vec<(&'static str, World, Vec<u8>)> {
    let plain = World::new(1, 1);
    let mut full = World::new(3, 5);
    full.operation = UserOperation {
        factory: Some(Factory { address: Address::repeat_byte(0xfa), data: bytes!("0102030405") }),
        paymaster: Some(Paymaster {
            address: Address::repeat_byte(0x9a),
            verification_gas_limit: 30_000,
            post_op_gas_limit: 20_000,
            data: bytes!("c0ffee"),
            signature: None,
        }),
        ..operation(EntryPointVersion::V07)
    };
    full.policy.configuration.entry_point = EntryPointVersion::V07.canonical_address();
    let mut late = World::new(13, 21);
    late.operation = UserOperation {
        paymaster: Some(Paymaster {
            address: Address::repeat_byte(0x9b),
            verification_gas_limit: 30_000,
            post_op_gas_limit: 0,
            data: bytes!("beef"),
            signature: Some(bytes!("5151515151")),
        }),
        ..operation(EntryPointVersion::V09)
    };
    late.policy.configuration.entry_point = EntryPointVersion::V09.canonical_address();
    let (token, spender) = (Address::repeat_byte(0x20), Address::repeat_byte(0x5d));
    late.bounds = Bounds::new(vec![
        Bound::native(u128::MAX),
        Bound::erc20(token, 1 << 100),
        Bound::new(Asset::Erc721(token), 2),
        Bound::new(Asset::Deposit(late.policy.configuration.entry_point), 3 << 100),
        Bound::new(Asset::Erc1155 { token, id: U256::ZERO }, 4),
        Bound::new(Asset::Erc1155 { token, id: U256::MAX }, 5),
        Bound::new(Asset::Allowance { token, spender }, ANY),
        Bound::new(Asset::Operator { token, operator: spender }, 1),
    ])
    .unwrap();
    vec![
        ("1-of-1", plain, vec![0]),
        ("3-of-5, factory and paymaster", full, vec![0, 2, 4]),
        ("13-of-21, bounds of every kind, v0.9 paymaster signature", late, (4..17).collect()),
    ]
}

fn number(value: impl Into<U256>) -> Value {
    value.into().to_string().into()
}

fn domain(domain: Domain) -> Value {
    json!({"chainId": number(U256::from(domain.chain_id)), "module": domain.module, "separator": domain.separator()})
}

fn action(action: &UserOperationAction) -> Value {
    json!({
        "account": action.account,
        "entryPoint": action.entry_point,
        "nonce": number(action.nonce),
        "initCode": action.init_code,
        "callData": action.call_data,
        "paymasterAndData": action.paymaster_and_data,
        "accountCode": action.account_code,
        "callGasLimit": number(U256::from(action.call_gas_limit)),
        "maxCost": number(action.max_cost),
    })
}

fn attestation(attestation: &Attestation) -> Value {
    json!({
        "action": attestation.action,
        "policy": attestation.policy,
        "evidence": attestation.evidence,
        "bounds": attestation.bounds,
        "revision": number(U256::from(attestation.revision)),
        "epoch": number(U256::from(attestation.epoch)),
        "sequence": number(U256::from(attestation.sequence)),
        "level": number(U256::from(attestation.level)),
        "blockNumber": number(U256::from(attestation.block_number)),
        "blockHash": attestation.block_hash,
        "validAfter": number(U256::from(attestation.valid_after)),
        "validUntil": number(U256::from(attestation.valid_until)),
    })
}

fn case(name: &str, world: &World, signers: &[u8]) -> Value {
    let suffix = world.suffix(signers);
    let verified = verify(&world.operation, &suffix, &world.context()).unwrap();
    let packed = world.operation.pack().unwrap();
    let signature = attach(&packed.signature, &suffix).unwrap();
    let configuration = &world.policy.configuration;
    let record = Record::of(world.domain.module, configuration, &world.set);
    json!({
        "name": name,
        "version": world.operation.version.to_string(),
        "domain": domain(world.domain),
        "operation": {
            "sender": packed.sender,
            "nonce": number(packed.nonce),
            "initCode": packed.init_code,
            "callData": packed.call_data,
            "accountGasLimits": packed.account_gas_limits,
            "preVerificationGas": number(packed.pre_verification_gas),
            "gasFees": packed.gas_fees,
            "paymasterAndData": packed.paymaster_and_data,
            "ownerSignature": packed.signature,
            "signature": signature,
        },
        "requiredPrefund": number(world.operation.required_prefund()),
        "configuration": {
            "owner": configuration.owner,
            "ownerValidator": configuration.owner_validator,
            "entryPoint": configuration.entry_point,
            "registry": configuration.registry,
            "operatorSet": configuration.operator_set,
            "operatorSetCodeHash": configuration.operator_set_code_hash,
            "policy": configuration.policy,
            "threshold": number(U256::from(configuration.threshold)),
            "leastOperators": number(U256::from(configuration.least_operators)),
            "level": number(U256::from(configuration.level)),
            "mode": number(U256::from(2)),
            "exitDelay": number(U256::from(configuration.exit_delay)),
            "epoch": number(U256::from(configuration.epoch)),
            "readsHistory": configuration.reads_history,
            "hash": configuration.hash(),
        },
        "operatorSet": {
            "operators": world.set.operators(),
            "code": world.set.code(),
            "creationCode": world.set.creation_code(),
        },
        "record": { "address": record.address, "code": record.code },
        "action": action(&verified.action),
        "actionHash": verified.action.hash(),
        "attestation": attestation(&verified.attestation),
        "attestationHash": verified.attestation.hash_struct().unwrap(),
        "digest": verified.digest,
        "bounds": world.bounds.pack(),
        "signers": suffix.signatures.iter().map(|s| number(U256::from(s.index))).collect::<Vec<_>>(),
        "signatures": hex::encode_prefixed(suffix.signatures.iter().flat_map(OperatorSignature::pack).collect::<Vec<_>>()),
        "suffix": suffix.encode().unwrap(),
    })
}

fn others() -> Value {
    let domain_ = Domain::new(1, Address::repeat_byte(0x33));
    let call = CallAction {
        account: Address::repeat_byte(1),
        caller: Address::repeat_byte(2),
        target: Address::repeat_byte(3),
        value: U256::MAX,
        call_data: keccak256("call"),
        path: 1,
        operation: 2,
        context: keccak256("context"),
        nonce: U256::from(9),
    };
    let configuration = ConfigurationAction {
        account: Address::repeat_byte(1),
        old_configuration: keccak256("old"),
        new_configuration: keccak256("new"),
        nonce: U256::from(4),
    };
    let signature = SignatureAction {
        account: Address::repeat_byte(1),
        requester: Address::repeat_byte(2),
        hash: keccak256("permit"),
    };
    let reasons = ["over the limit", "target not allowed"];
    let denial = Denial {
        action: configuration.hash(),
        policy: keccak256("policy"),
        evidence: keccak256("evidence"),
        revision: 5,
        block_number: u64::MAX,
        block_hash: B256::repeat_byte(0xb0),
        reasons: reasons_hash(&reasons),
    };
    json!({
        "domain": domain(domain_),
        "callAction": {
            "account": call.account, "caller": call.caller, "target": call.target, "value": number(call.value),
            "callData": call.call_data, "path": number(U256::from(call.path)),
            "operation": number(U256::from(call.operation)), "context": call.context, "nonce": number(call.nonce),
        },
        "callActionHash": call.hash(),
        "configurationAction": {
            "account": configuration.account, "oldConfiguration": configuration.old_configuration,
            "newConfiguration": configuration.new_configuration, "nonce": number(configuration.nonce),
        },
        "configurationActionHash": configuration.hash(),
        "signatureAction": {"account": signature.account, "requester": signature.requester, "hash": signature.hash},
        "signatureActionHash": signature.action_hash(),
        "denial": {
            "action": denial.action, "policy": denial.policy, "evidence": denial.evidence,
            "revision": number(U256::from(denial.revision)), "blockNumber": number(U256::from(denial.block_number)),
            "blockHash": denial.block_hash, "reasons": denial.reasons,
        },
        "denialDigest": denial.digest(&domain_),
        "reasons": reasons,
    })
}

fn vectors() -> String {
    let cases: Vec<_> =
        worlds().iter().map(|(name, world, signers)| case(name, world, signers)).collect();
    let all = json!({
        "magic": hex::encode_prefixed(MAGIC), "cases": cases, "others": others(), "lists": lists::all(),
    });
    serde_json::to_string_pretty(&all).unwrap() + "\n"
}

#[test]
fn the_magic_is_what_it_says() {
    assert_eq!(MAGIC, keccak256("WritAttestation")[..8]);
}

#[test]
fn the_committed_vectors_are_these() {
    let computed = vectors();
    if std::env::var_os("WRIT_WRITE_VECTORS").is_some() {
        fs::create_dir_all(path().parent().unwrap()).unwrap();
        fs::write(path(), &computed).unwrap();
    }
    let committed = fs::read_to_string(path()).expect("the vectors are committed");
    assert!(
        committed == computed,
        "the vectors differ: WRIT_WRITE_VECTORS=1 cargo test -p writ-attestation"
    );
}

#[test]
fn the_committed_suffixes_parse_back() {
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path()).unwrap()).unwrap();
    for (case, (_, world, signers)) in vectors["cases"].as_array().unwrap().iter().zip(worlds()) {
        let signature = hex::decode(case["operation"]["signature"].as_str().unwrap()).unwrap();
        let (owner, suffix) = Suffix::split(&signature).unwrap().unwrap();
        assert_eq!(owner, &world.operation.signature[..]);
        assert_eq!(suffix, world.suffix(&signers));
        assert_eq!(suffix.max_cost, max_cost_of(&world.operation));
        let action = action_of(
            &world.operation,
            world.policy.configuration.entry_point,
            world.account_code,
            suffix.max_cost,
        );
        assert_eq!(json!(action.hash()), case["actionHash"]);
    }
}

/// viem hashes the typed data, recovers the signers and takes the suffix apart, with no code of ours.
#[test]
fn viem_agrees() {
    assert!(
        root().join("node_modules/viem").is_dir(),
        "viem is not installed: run npm ci in the workspace root"
    );
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/viem.mjs");
    let output =
        Command::new("node").arg(script).arg(path()).output().expect("node is not installed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!("{} attestations", worlds().len())), "{text}");
}
