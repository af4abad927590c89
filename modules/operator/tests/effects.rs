//! What an operation does decides, not what it says: the policies of this repository, and assets that hide.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use alloy::{
    hex,
    primitives::{Address, B256, Bytes, U256, address},
    sol_types::SolCall,
};
use common::{Chain, ETHER, RECIPIENT, token_creation};
use writ_attestation::wire::{OperatorFault, OperatorResponse};
use writ_bindings::{Erc20, Erc7579Account, deterministic_address};
use writ_evidence::Execution;
use writ_operator::Operator;
use writ_policy::PolicyStore;
use writ_types::{EntryPointVersion, UserOperation};

const SPENDER: Address = address!("00000000000000000000000000000000000000f5");

async fn reasons(chain: &Chain, operator: &Operator, operation: &UserOperation) -> Vec<String> {
    match operator.attest(&chain.request(operation).await).await.unwrap() {
        OperatorResponse::Deny(deny) => deny.reasons,
        OperatorResponse::Allow(_) => Vec::new(),
    }
}

fn call(target: Address, data: impl Into<Bytes>) -> Execution {
    Execution { target, value: U256::ZERO, data: data.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_of_this_repository_decide_together() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let policies = PolicyStore::open(&store).unwrap();
    let token = deterministic_address(B256::ZERO, &token_creation());
    let native = Address::ZERO;
    let spending = format!(
        r#"{{"limits":[
            {{"asset":"{native:?}","symbol":"ETH","decimals":18,"perOperation":{ETHER},"perDay":{ETHER}}},
            {{"asset":"{token:?}","symbol":"USD","decimals":0,"perOperation":100,"perDay":150}}],
        "targets":[{{"address":"{RECIPIENT:?}","selectors":[""]}},
            {{"address":"{token:?}","selectors":["0xa9059cbb","0x095ea7b3"]}}],
        "spenders":[],"paymasters":[],"feePerOperation":{ETHER},"validFor":120}}"#
    );
    let counterparty = format!(
        r#"{{"denied":["{SPENDER:?}"],"recipients":["{RECIPIENT:?}"],"contracts":["{token:?}"],"validFor":90}}"#
    );
    let parameters = [("agent-spending", spending), ("counterparty", counterparty)]
        .map(|(name, json)| policies.by_name(name).unwrap().parameters_from_json(&json).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::start_with(EntryPointVersion::V08, folder, store, parameters.to_vec()).await;
    let (first, second) = (chain.operator(0).await, chain.operator(1).await);

    // Within every limit: the shortest validity of both policies counts.
    let good = chain.send_tokens(0, 0, 100);
    let request = chain.request(&good).await;
    let answers = [first.attest(&request).await.unwrap(), second.attest(&request).await.unwrap()];
    let OperatorResponse::Allow(allow) = &answers[0] else { panic!("{:?}", answers[0]) };
    assert_eq!(allow.attestation.valid_until - allow.attestation.valid_after, 91);
    assert!(chain.handle_ops(&[chain.attested(&good, &answers)]).await.status());

    // Each of these differs from the good one in one thing.
    let over = chain.send_tokens(0, 1, 101);
    let told = reasons(&chain, &first, &over).await;
    assert!(
        told.iter().any(|reason| reason.contains("per-operation limit of 100 USD")),
        "{told:?}"
    );
    let day = chain.send_tokens(0, 1, 51);
    let told = reasons(&chain, &first, &day).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("51 USD asked, 100 USD spent in 24 hours, 50 USD left"), "{told:?}");
    let transfer = Erc20::transferCall { to: SPENDER, value: U256::ONE }.abi_encode();
    let told = reasons(&chain, &first, &chain.operation(0, 1, &[call(token, transfer)])).await;
    assert!(told.iter().any(|reason| reason.contains("deny-list")), "{told:?}");
    let approve = Erc20::approveCall { spender: SPENDER, value: U256::ONE }.abi_encode();
    let told = reasons(&chain, &first, &chain.operation(0, 1, &[call(token, approve)])).await;
    assert!(told.iter().any(|reason| reason.contains("may not be approved")), "{told:?}");
    let uninstall = Erc7579Account::uninstallModuleCall {
        moduleTypeId: U256::from(4),
        module: chain.module,
        deInitData: Bytes::new(),
    };
    let uninstall = chain.sign(chain.unsigned(0, 1, uninstall.abi_encode().into()));
    let told = reasons(&chain, &first, &uninstall).await;
    assert!(told.iter().any(|reason| reason.contains("the account itself")), "{told:?}");
    let reverting = Erc20::transferFromCall { from: RECIPIENT, to: RECIPIENT, value: U256::MAX };
    let reverting = chain.operation(0, 1, &[call(token, reverting.abi_encode())]);
    let told = reasons(&chain, &first, &reverting).await;
    assert!(told.iter().any(|reason| reason.contains("reverts in simulation")), "{told:?}");

    // The control.
    assert_eq!(reasons(&chain, &first, &chain.send_tokens(0, 1, 50)).await, Vec::<String>::new());
}

/// Emits ERC-721's Transfer from its caller, whatever it is called with.
const NFT: &str = "600160773\
    37fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef5f5fa400";

/// Keeps one balance in slot 0, gives it out as everybody's `balanceOf`, takes 5 from it on every other call and says
/// nothing about it.
const SILENT: &str = "5f3560e01c6370a0823114601d5760055f54035f5560015f5260205ff35b5f545f5260205ff3";

/// Creation code for a runtime, with 1,000 in slot 0.
fn creation(runtime: &str) -> Vec<u8> {
    let runtime = hex::decode(runtime).unwrap();
    let length = u8::try_from(runtime.len()).unwrap();
    [&hex!("6103e85f55")[..], &[0x60, length], &hex!("80600e5f395ff3"), &runtime].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_bounded_is_not_signed() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let nft = chain.create2(B256::ZERO, &creation(NFT)).await;
    let operation = chain.operation(0, 0, &[call(nft, hex!("12345678"))]);
    let fault = operator.attest(&chain.request(&operation).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::Refused { reason } if reason.contains("does not tell")),
        "{fault:?}"
    );

    let entry_point = chain.entry_point.address;
    let withdraw = writ_bindings::EntryPoint::withdrawStakeCall { withdrawAddress: RECIPIENT };
    let operation = chain.operation(0, 0, &[call(entry_point, withdraw.abi_encode())]);
    let fault = operator.attest(&chain.request(&operation).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::Refused { reason } if reason.contains("stake")),
        "{fault:?}"
    );

    // A token that moves without an event: the module measures it, and what it measured is decided on.
    let silent = chain.create2(B256::ZERO, &creation(SILENT)).await;
    let transfer = Erc20::transferCall { to: RECIPIENT, value: U256::ZERO }.abi_encode();
    let operation = chain.operation(0, 0, &[call(silent, transfer)]);
    let evaluation = operator.evaluate(&chain.request(&operation).await).await.unwrap();
    let bounds = evaluation.bounds.unwrap();
    assert_eq!(common::amounts(&bounds)[1], (silent, 5));
    assert_eq!(evaluation.reasons, ["an asset without a cap"]);
}
