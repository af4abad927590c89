#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{address, hex},
    sol,
    sol_types::{SolCall, SolValue},
};
use proptest::prelude::*;

use super::{execution::executeCall, *};

const ACCOUNT: Address = address!("00000000000000000000000000000000000000ac");
const TOKEN: Address = address!("00000000000000000000000000000000000000e2");

sol! {
    function transfer(address to, uint256 value);
    function approve(address spender, uint256 value);
    function transferFrom(address from, address to, uint256 value);
    function increaseAllowance(address spender, uint256 value);
    function setApprovalForAll(address operator, bool approved);
    function withdrawTo(address to, uint256 value);
    function installModule(uint256 moduleTypeId, address module, bytes initData);
    function executeUserOp(bytes32 anything);

    interface Card {
        function safeTransferFrom(address from, address to, uint256 id);
    }
    interface CardWithData {
        function safeTransferFrom(address from, address to, uint256 id, bytes data);
    }
    interface Coin {
        function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data);
        function safeBatchTransferFrom(
            address from, address to, uint256[] ids, uint256[] values, bytes data
        );
    }
}

fn single(to: Address, value: u64, data: impl Into<Bytes>) -> Bytes {
    let call = Execution { target: to, value: U256::from(value), data: data.into() };
    encode_execute(CallType::Single, ExecType::Default, &[call]).into()
}

fn decode(data: &[u8]) -> Result<Vec<Call>, CallsError> {
    decode_calls(Own::of(ACCOUNT), &Bytes::copy_from_slice(data))
}

fn with_payload(mode_head: [u8; 2], payload: &[u8]) -> Bytes {
    let mut mode = [0; 32];
    mode[..2].copy_from_slice(&mode_head);
    executeCall { mode: mode.into(), executionCalldata: payload.to_vec().into() }
        .abi_encode()
        .into()
}

#[test]
fn single_execution_shows_the_erc20_arguments() {
    let data = transferCall { to: ACCOUNT, value: U256::from(7) }.abi_encode();
    let calls = decode(&single(TOKEN, 0, data.clone())).unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].to, TOKEN);
    assert_eq!(calls[0].function, "transfer(address,uint256)");
    assert_eq!(calls[0].selector, Some(hex!("a9059cbb").into()));
    assert_eq!(calls[0].data[..], data[..]);
    assert_eq!(
        calls[0].arguments,
        vec![
            Argument { name: "to", value: ArgumentValue::Address(ACCOUNT) },
            Argument { name: "value", value: ArgumentValue::Uint(U256::from(7)) },
        ]
    );
}

#[test]
fn approve_and_transfer_from_are_known_and_others_are_selectors() {
    let approve = approveCall { spender: ACCOUNT, value: U256::MAX }.abi_encode();
    assert_eq!(decode(&single(TOKEN, 0, approve)).unwrap()[0].function, "approve(address,uint256)");
    let from = transferFromCall { from: TOKEN, to: ACCOUNT, value: U256::ONE }.abi_encode();
    assert_eq!(decode(&single(TOKEN, 0, from)).unwrap()[0].arguments.len(), 3);
    let other = &decode(&single(TOKEN, 1, hex!("deadbeef01").to_vec())).unwrap()[0];
    assert_eq!((other.function, other.arguments.len()), ("", 0));
    assert_eq!(other.selector, Some(hex!("deadbeef").into()));
}

#[test]
fn what_moves_tokens_of_other_standards_is_known_too() {
    let (from, to, id, value) = (ACCOUNT, TOKEN, U256::from(7), U256::from(9));
    let data = Bytes::from_static(&[1, 2, 3]);
    let (ids, values) = (vec![id, value], vec![value, id]);
    let known: [(Vec<u8>, &str, &[&str]); 7] = [
        (
            increaseAllowanceCall { spender: to, value }.abi_encode(),
            "increaseAllowance(address,uint256)",
            &["address", "uint256"],
        ),
        (
            setApprovalForAllCall { operator: to, approved: true }.abi_encode(),
            "setApprovalForAll(address,bool)",
            &["address", "bool"],
        ),
        (
            withdrawToCall { to, value }.abi_encode(),
            "withdrawTo(address,uint256)",
            &["address", "uint256"],
        ),
        (
            Card::safeTransferFromCall { from, to, id }.abi_encode(),
            "safeTransferFrom(address,address,uint256)",
            &["address", "address", "uint256"],
        ),
        (
            CardWithData::safeTransferFromCall { from, to, id, data: data.clone() }.abi_encode(),
            "safeTransferFrom(address,address,uint256,bytes)",
            &["address", "address", "uint256", "bytes"],
        ),
        (
            Coin::safeTransferFromCall { from, to, id, value, data: data.clone() }.abi_encode(),
            "safeTransferFrom(address,address,uint256,uint256,bytes)",
            &["address", "address", "uint256", "uint256", "bytes"],
        ),
        (
            Coin::safeBatchTransferFromCall { from, to, ids: ids.clone(), values, data }
                .abi_encode(),
            "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
            &["address", "address", "uint256[]", "uint256[]", "bytes"],
        ),
    ];
    for (data, function, types) in known {
        let call = decode(&single(TOKEN, 0, data.clone())).unwrap().remove(0);
        assert_eq!(call.function, function);
        let found: Vec<_> = call.arguments.iter().map(|one| one.value.abi_type()).collect();
        assert_eq!(found, types, "{function}");
        if function.starts_with("safeBatch") {
            assert_eq!(call.arguments[2].value, ArgumentValue::Uints(ids.clone()));
        }
        // One byte more, one less, and a dirty address.
        let mut dirty = data.clone();
        dirty[4] = 1;
        let refused = Err(CallsError::NonCanonical { what: function });
        for bad in [[&data[..], &[0]].concat(), data[..data.len() - 1].to_vec(), dirty] {
            assert_eq!(decode(&single(TOKEN, 0, bad)), refused);
        }
    }
}

#[test]
fn plain_value_has_no_selector_and_no_calldata_makes_no_call() {
    let call = &decode(&single(TOKEN, 5, Bytes::new())).unwrap()[0];
    assert_eq!((call.selector, call.value), (None, U256::from(5)));
    assert_eq!(decode(&[]).unwrap(), Vec::new());
    assert_eq!(decode(&[1, 2]), Err(CallsError::TooShort { length: 2 }));
}

#[test]
fn arguments_with_dirty_or_extra_or_missing_bytes_are_refused() {
    let good = transferCall { to: ACCOUNT, value: U256::ONE }.abi_encode();
    assert!(decode(&single(TOKEN, 0, good.clone())).is_ok());
    let mut dirty = good.clone();
    dirty[4] = 1;
    let mut long = good.clone();
    long.push(0);
    let short = good[..good.len() - 1].to_vec();
    for bad in [dirty, long, short] {
        assert_eq!(
            decode(&single(TOKEN, 0, bad)),
            Err(CallsError::NonCanonical { what: "transfer(address,uint256)" })
        );
    }
}

#[test]
fn modes_outside_single_batch_default_try_are_refused() {
    let payload = [&TOKEN[..], &[0; 32]].concat();
    assert!(decode(&with_payload([0, 0], &payload)).is_ok());
    assert!(decode(&with_payload([0, 1], &payload)).is_ok());
    assert_eq!(
        decode(&with_payload([0xff, 0], &payload)),
        Err(CallsError::UnsupportedCallType { call_type: 0xff })
    );
    assert_eq!(
        decode(&with_payload([0xfe, 0], &payload)),
        Err(CallsError::UnsupportedCallType { call_type: 0xfe })
    );
    assert_eq!(
        decode(&with_payload([0, 2], &payload)),
        Err(CallsError::UnsupportedExecType { exec_type: 2 })
    );
    let mut selected = with_payload([0, 0], &payload).to_vec();
    selected[4 + 6] = 1;
    assert_eq!(decode(&selected), Err(CallsError::UnsupportedMode));
}

#[test]
fn hidden_calls_are_refused() {
    let inner = single(TOKEN, 1, Bytes::new());
    assert_eq!(
        decode(&single(ACCOUNT, 0, inner)),
        Err(CallsError::SelfCall { index: 0, selector: executeCall::SELECTOR.into() })
    );
    // OpenZeppelin's accounts replace the zero address by themselves.
    assert_eq!(
        decode(&single(Address::ZERO, 0, Bytes::new())),
        Err(CallsError::ZeroTarget { index: 0 })
    );
    let wrapped = executeUserOpCall { anything: Default::default() }.abi_encode();
    assert!(matches!(decode(&wrapped), Err(CallsError::UnsupportedFunction { .. })));
}

#[test]
fn a_call_to_the_accounts_adapter_is_a_call_to_itself() {
    // With an EntryPoint's address appended it would do whatever the EntryPoint can have it do.
    let hidden = single(TOKEN, 1, Bytes::new());
    let own = Own { adapter: Some(TOKEN), kind: AccountKind::Safe7579, ..Own::of(ACCOUNT) };
    for data in [hidden, Bytes::new()] {
        let call = single(TOKEN, 0, data);
        let refused = CallsError::AdapterCall { index: 0, adapter: TOKEN };
        assert_eq!(decode_calls(own, &call), Err(refused));
        assert!(decode_calls(Own::of(ACCOUNT), &call).is_ok());
    }
    let install =
        installModuleCall { moduleTypeId: U256::ONE, module: TOKEN, initData: Bytes::new() };
    assert!(decode_calls(own, &install.abi_encode().into()).is_ok(), "the account itself is asked");
}

#[test]
fn module_administration_is_a_call_to_the_account() {
    let install =
        installModuleCall { moduleTypeId: U256::ONE, module: TOKEN, initData: hex!("0102").into() }
            .abi_encode();
    for data in [Bytes::from(install.clone()), single(ACCOUNT, 0, install.clone())] {
        let calls = decode(&data).unwrap();
        assert_eq!(calls[0].to, ACCOUNT);
        assert_eq!(calls[0].function, "installModule(uint256,address,bytes)");
    }
    let mut long = install;
    long.push(0);
    assert!(matches!(decode(&long), Err(CallsError::NonCanonical { .. })));
}

#[test]
fn an_empty_batch_and_an_endless_one_are_refused() {
    let empty = Vec::<Execution>::new().abi_encode();
    assert_eq!(decode(&with_payload([1, 0], &empty)), Err(CallsError::EmptyBatch));
    let mut endless = empty;
    endless[32..64].fill(0xff);
    assert_eq!(
        decode(&with_payload([1, 0], &endless)),
        Err(CallsError::TooManyCalls { count: U256::MAX })
    );
    let call = Execution { target: TOKEN, value: U256::ZERO, data: Bytes::new() };
    let many = vec![call.clone(); MAX_CALLS + 1];
    let many = encode_execute(CallType::Batch, ExecType::Default, &many);
    assert!(matches!(decode(&many), Err(CallsError::TooManyCalls { .. })));
    let most = encode_execute(CallType::Batch, ExecType::Default, &vec![call; MAX_CALLS]);
    assert_eq!(decode(&most).unwrap().len(), MAX_CALLS);
}

#[test]
fn a_batch_whose_offset_leads_elsewhere_is_refused() {
    // The canonical place holds one element, the offset word points to another behind it: a reader
    // of fixed positions and the account would see different targets.
    let seen = Execution { target: TOKEN, value: U256::ZERO, data: Bytes::new() };
    let run = Execution { target: ACCOUNT, value: U256::ONE, data: Bytes::new() };
    let mut payload = vec![seen.clone()].abi_encode();
    let end = payload.len() - 64;
    payload.extend_from_slice(&run.abi_encode()[32..]);
    payload[64..96].copy_from_slice(&U256::from(end).to_be_bytes::<32>());
    // It is valid ABI, and the account would run the second element.
    assert_eq!(Vec::<Execution>::abi_decode(&payload).unwrap(), vec![run]);
    assert_eq!(
        decode(&with_payload([1, 0], &payload)),
        Err(CallsError::NonCanonical { what: "the batch" })
    );
    // Two elements that share their bytes.
    let mut shared = vec![seen.clone(), seen].abi_encode();
    let first: [u8; 32] = shared[64..96].try_into().unwrap();
    shared[96..128].copy_from_slice(&first);
    assert_eq!(Vec::<Execution>::abi_decode(&shared).unwrap().len(), 2);
    assert!(matches!(decode(&with_payload([1, 0], &shared)), Err(CallsError::NonCanonical { .. })));
}

#[test]
fn a_payload_offset_that_leads_elsewhere_is_refused() {
    let good = single(TOKEN, 1, Bytes::new()).to_vec();
    let mut moved = good.clone();
    moved[36..68].copy_from_slice(&U256::from(good.len() - 4).to_be_bytes::<32>());
    moved.extend_from_slice(&good[68..]);
    assert_eq!(decode(&moved), Err(CallsError::NonCanonical { what: "the account's calldata" }));
    for extra in [vec![0], vec![0; 32]] {
        assert!(decode(&[good.clone(), extra].concat()).is_err());
    }
    assert!(decode(&good[..good.len() - 1]).is_err());
    let mut padded = good.clone();
    *padded.last_mut().unwrap() = 1;
    assert!(decode(&padded).is_err());
}

fn execution() -> impl Strategy<Value = Execution> {
    (any::<[u8; 20]>(), any::<[u8; 32]>(), prop::collection::vec(any::<u8>(), 0..100)).prop_map(
        |(target, value, data)| Execution {
            target: target.into(),
            value: U256::from_be_bytes(value),
            data: data.into(),
        },
    )
}

fn types() -> impl Strategy<Value = (CallType, ExecType)> {
    (
        prop_oneof![Just(CallType::Single), Just(CallType::Batch)],
        prop_oneof![Just(ExecType::Default), Just(ExecType::Try)],
    )
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        (call_type, exec_type) in types(),
        calls in prop::collection::vec(execution(), 1..6),
    ) {
        let data = Bytes::from(encode_execute(call_type, exec_type, &calls));
        let expected =
            if call_type == CallType::Single { calls[..1].to_vec() } else { calls };
        let (modes, decoded) = execution::decode_execute(&data).unwrap();
        prop_assert_eq!(modes, (call_type, exec_type));
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn our_batch_is_the_one_solidity_reads(calls in prop::collection::vec(execution(), 1..6)) {
        let data = encode_execute(CallType::Batch, ExecType::Default, &calls);
        let outer = executeCall::abi_decode(&data).unwrap();
        prop_assert_eq!(Vec::<Execution>::abi_decode(&outer.executionCalldata).unwrap(), calls);
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&data);
        let _ = decode(&[&executeCall::SELECTOR[..], &data].concat());
        let _ = decode(&with_payload([1, 0], &data));
        let _ = decode(&single(TOKEN, 0, [&hex!("a9059cbb")[..], &data].concat()));
    }

    #[test]
    fn a_changed_batch_is_refused_or_means_what_it_says(
        calls in prop::collection::vec(execution(), 1..4),
        exec_type in prop_oneof![Just(ExecType::Default), Just(ExecType::Try)],
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in 0usize..3,
    ) {
        let mut data = encode_execute(CallType::Batch, exec_type, &calls);
        let at = at.index(data.len());
        data[at] = byte;
        data.truncate(data.len() - cut);
        let data = Bytes::from(data);
        if let Ok(((call_type, exec_type), decoded)) = execution::decode_execute(&data) {
            prop_assert_eq!(encode_execute(call_type, exec_type, &decoded), data.to_vec());
            let outer = executeCall::abi_decode(&data).unwrap();
            if call_type == CallType::Batch {
                prop_assert_eq!(
                    Vec::<Execution>::abi_decode(&outer.executionCalldata).unwrap(),
                    decoded
                );
            }
        }
    }
}

#[test]
fn observed_calls_are_shown_like_decoded_ones() {
    let to = Address::repeat_byte(0x11);
    let observe = |data: Vec<u8>| observed_call(to, U256::from(3), data.into());
    let hook = function::postCheckCall { hookData: vec![1, 2].into() }.abi_encode();
    let seen = observe(hook.clone()).unwrap();
    assert_eq!((seen.function, seen.arguments.len()), ("postCheck(bytes)", 0));
    assert_eq!((seen.to, seen.value), (to, U256::from(3)));
    // With other bytes than its own encoding it is nobody's hook.
    let longer = observe([hook, vec![0; 32]].concat()).unwrap();
    assert_eq!(longer.function, "");
    let transfer = function::transferCall { to, value: U256::ONE }.abi_encode();
    assert_eq!(observe(transfer.clone()).unwrap().function, "transfer(address,uint256)");
    assert!(matches!(observe([transfer, vec![0]].concat()), Err(CallsError::NonCanonical { .. })));
    assert_eq!(observe(Vec::new()).unwrap().selector, None);
    assert!(observe(vec![1, 2, 3]).is_err(), "it selects nothing, and is not nothing");
}
