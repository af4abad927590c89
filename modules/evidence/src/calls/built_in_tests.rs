#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{Address, address, hex},
    sol_types::SolValue,
};
use proptest::prelude::*;

use super::{
    super::{Call, CallType, ExecType, MAX_CALLS, Own, decode_calls, encode_execute},
    *,
};

const ACCOUNT: Address = address!("00000000000000000000000000000000000000ac");
const TOKEN: Address = address!("00000000000000000000000000000000000000e2");
const SIMPLE: AccountKind = AccountKind::WritSimpleAccount;
const DELEGATE: AccountKind = AccountKind::WritDelegate;

fn call(value: u64, data: &[u8]) -> Execution {
    Execution { target: TOKEN, value: U256::from(value), data: Bytes::copy_from_slice(data) }
}

fn decode_as(kind: AccountKind, data: &[u8]) -> Result<Vec<Call>, CallsError> {
    decode_calls(Own { kind, ..Own::of(ACCOUNT) }, &Bytes::copy_from_slice(data))
}

fn read(kind: AccountKind, data: &[u8]) -> Result<Vec<Execution>, CallsError> {
    decode(kind, &Bytes::copy_from_slice(data))
}

fn encodings(kind: AccountKind) -> impl Iterator<Item = BuiltInCall> {
    BuiltInCall::ALL.into_iter().filter(move |encoding| encoding.is_of(kind))
}

#[test]
fn the_functions_are_simple_accounts() {
    let selectors =
        BuiltInCall::ALL.map(|encoding| encode_built_in(encoding, &[call(0, &[])])[..4].to_vec());
    let expected =
        [hex!("b61d27f6"), hex!("34fcd5be"), hex!("47e1da2a"), hex!("47e1da2a")].map(Vec::from);
    assert_eq!(selectors, expected);
    assert!(encode_built_in(BuiltInCall::One, &[]).is_empty(), "no call, nothing to say");
}

#[test]
fn every_encoding_shows_the_calls_and_their_arguments() {
    let transfer = super::super::function::transferCall { to: ACCOUNT, value: U256::from(7) };
    let calls = [call(0, &transfer.abi_encode()), call(5, &[]), call(0, &hex!("deadbeef01"))];
    for kind in AccountKind::BUILT_IN {
        for encoding in encodings(kind) {
            let count = if encoding == BuiltInCall::One { 1 } else { 3 };
            let decoded = decode_as(kind, &encode_built_in(encoding, &calls)).unwrap();
            assert_eq!(decoded.len(), count, "{kind:?} {encoding:?}");
            assert_eq!((decoded[0].to, decoded[0].function), (TOKEN, "transfer(address,uint256)"));
            assert_eq!(decoded[0].arguments.len(), 2);
            if count == 3 {
                let sent = if encoding == BuiltInCall::ArraysWithoutValues { 0 } else { 5 };
                assert_eq!((decoded[1].value, decoded[1].selector), (U256::from(sent), None));
                assert_eq!(decoded[2].selector, Some(hex!("deadbeef").into()));
            }
        }
        assert_eq!(decode_as(kind, &[]), Ok(Vec::new()), "no calldata makes no call");
        assert_eq!(decode_as(kind, &[1, 2]), Err(CallsError::TooShort { length: 2 }));
    }
}

#[test]
fn a_function_that_the_account_does_not_have_is_refused_by_name() {
    let arrays = encode_built_in(BuiltInCall::Arrays, &[call(1, &[])]);
    assert!(decode_as(SIMPLE, &arrays).is_ok());
    let execute = encode_execute(CallType::Single, ExecType::Default, &[call(1, &[])]);
    let batch = encode_execute(CallType::Batch, ExecType::Try, &[call(1, &[])]);
    let mut foreign = vec![(DELEGATE, arrays)];
    for kind in AccountKind::BUILT_IN {
        foreign.extend([
            (kind, execute.clone()),
            (kind, batch.clone()),
            // Of modules; of the account's own upgrade, deposit and initialization.
            (kind, hex!("9517e29f").to_vec()),
            (kind, hex!("a71763a8").to_vec()),
            (kind, hex!("4f1ef286").to_vec()),
            (kind, hex!("4d44560d").to_vec()),
            (kind, hex!("4a58db19").to_vec()),
            (kind, hex!("8dd7712f").to_vec()),
        ]);
    }
    for (kind, data) in foreign {
        let selector = FixedBytes::from_slice(&data[..4]);
        let refused = CallsError::UnsupportedFunction { selector, supported: SUPPORTED };
        assert_eq!(decode_as(kind, &data), Err(refused.clone()), "{kind:?}");
        let text = refused.to_string();
        assert!(text.contains("use execute(address,uint256,bytes) or executeBatch"), "{text}");
    }
    // And accounts of ERC-7579 do not have these.
    for encoding in BuiltInCall::ALL {
        let data = encode_built_in(encoding, &[call(1, &[])]);
        for kind in AccountKind::MODULAR {
            let refused = decode_as(kind, &data).unwrap_err();
            assert!(matches!(refused, CallsError::UnsupportedFunction { .. }), "{refused}");
            assert!(refused.to_string().ends_with("use ERC-7579 execute"), "{refused}");
        }
    }
}

#[test]
fn a_call_to_the_account_itself_hides_nothing() {
    let hidden = encode_built_in(BuiltInCall::One, &[call(1, &[])]);
    let install = hex!("9517e29f").to_vec();
    for kind in AccountKind::BUILT_IN {
        for inner in [&hidden, &install] {
            for encoding in encodings(kind) {
                let own = Execution { target: ACCOUNT, ..call(0, inner) };
                let refused = decode_as(kind, &encode_built_in(encoding, &[own])).unwrap_err();
                let selector = FixedBytes::from_slice(&inner[..4]);
                assert_eq!(refused, CallsError::SelfCall { index: 0, selector });
            }
        }
        let receive = Execution { target: ACCOUNT, ..call(3, &[]) };
        let paid = decode_as(kind, &encode_built_in(BuiltInCall::One, &[receive])).unwrap();
        assert_eq!((paid[0].to, paid[0].selector), (ACCOUNT, None));
        let nobody = Execution { target: Address::ZERO, ..call(3, &[]) };
        let refused = decode_as(kind, &encode_built_in(BuiltInCall::Calls, &[nobody]));
        assert_eq!(refused, Err(CallsError::ZeroTarget { index: 0 }));
    }
}

#[test]
fn an_empty_batch_and_an_endless_one_are_refused() {
    for encoding in encodings(SIMPLE).filter(|encoding| *encoding != BuiltInCall::One) {
        let data = encode_built_in(encoding, &[]);
        assert_eq!(read(SIMPLE, &data), Err(CallsError::EmptyBatch), "{encoding:?}");
        let most = encode_built_in(encoding, &vec![call(0, &[]); MAX_CALLS]);
        assert_eq!(read(SIMPLE, &most).unwrap().len(), MAX_CALLS);
        let more = encode_built_in(encoding, &vec![call(0, &[]); MAX_CALLS + 1]);
        assert!(matches!(read(SIMPLE, &more), Err(CallsError::TooManyCalls { .. })));
    }
    // No array is read before its length is known to be small.
    for at in [0x20, 0x80, 0xa0, 0xc0] {
        for encoding in [BuiltInCall::Calls, BuiltInCall::Arrays] {
            let mut endless = encode_built_in(encoding, &[]);
            endless.resize(4 + 0xe0, 0);
            endless[4 + at..4 + at + 32].fill(0xff);
            assert!(read(SIMPLE, &endless).is_err(), "{encoding:?} at {at}");
        }
    }
}

#[test]
fn arrays_of_different_lengths_are_refused_as_by_the_account() {
    let encode = |targets: usize, values: usize, data: usize| {
        abi::arrays::executeBatchCall {
            targets: vec![TOKEN; targets],
            values: vec![U256::ONE; values],
            data: vec![Bytes::new(); data],
        }
        .abi_encode()
    };
    for (targets, values, data) in
        [(2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 0, 2), (0, 0, 1), (0, 1, 0)]
    {
        let refused = CallsError::BatchLengths { targets, values, data };
        assert_eq!(read(SIMPLE, &encode(targets, values, data)), Err(refused));
    }
    assert_eq!(read(SIMPLE, &encode(2, 0, 2)).unwrap(), vec![call(0, &[]); 2]);
    assert_eq!(read(SIMPLE, &encode(2, 2, 2)).unwrap(), vec![call(1, &[]); 2]);
}

#[test]
fn an_offset_that_leads_elsewhere_is_refused() {
    // The account would run what the offset leads to; a reader of fixed positions sees what lies before.
    let (seen, run) = (call(1, &[]), Execution { target: ACCOUNT, ..call(9, &[]) });
    let good = encode_built_in(BuiltInCall::Calls, std::slice::from_ref(&seen));
    let mut moved = good.clone();
    let end = good.len() - 4 - 0x40;
    moved.extend_from_slice(&run.abi_encode()[32..]);
    moved[4 + 0x40..4 + 0x60].copy_from_slice(&U256::from(end).to_be_bytes::<32>());
    let by_abi = abi::executeBatchCall::abi_decode(&moved).unwrap().calls;
    assert_eq!((by_abi[0].target, by_abi[0].value), (ACCOUNT, U256::from(9)));
    assert_eq!(read(SIMPLE, &moved), Err(CallsError::NonCanonical { what: "the batch" }));

    // The values stand where the targets' array ends, and are read from behind it.
    let good = encode_built_in(BuiltInCall::Arrays, &[seen]);
    let mut moved = good.clone();
    let end = good.len() - 4;
    moved.extend_from_slice(&vec![U256::from(9)].abi_encode()[32..]);
    moved[4 + 0x20..4 + 0x40].copy_from_slice(&U256::from(end).to_be_bytes::<32>());
    let by_abi = abi::arrays::executeBatchCall::abi_decode(&moved).unwrap();
    assert_eq!(by_abi.values, [U256::from(9)]);
    assert_eq!(read(SIMPLE, &moved), Err(CallsError::NonCanonical { what: "the batch" }));

    let good = encode_built_in(BuiltInCall::One, &[call(1, &[1, 2, 3, 4])]);
    let mut moved = good.clone();
    let end = good.len() - 4;
    moved.extend_from_slice(&Bytes::from_static(&[5, 6, 7, 8]).abi_encode()[32..]);
    moved[4 + 0x40..4 + 0x60].copy_from_slice(&U256::from(end).to_be_bytes::<32>());
    assert_eq!(abi::executeCall::abi_decode(&moved).unwrap().data[..], [5, 6, 7, 8]);
    assert!(matches!(read(SIMPLE, &moved), Err(CallsError::NonCanonical { .. })));
}

#[test]
fn dirty_extra_and_missing_bytes_are_refused() {
    for encoding in BuiltInCall::ALL {
        let good = encode_built_in(encoding, &[call(1, &[1, 2, 3, 4]), call(2, &[5, 6, 7, 8])]);
        assert!(read(SIMPLE, &good).is_ok());
        // The last word is padding, and every address has twelve bytes before it.
        let mut padded = good.clone();
        *padded.last_mut().unwrap() = 1;
        assert!(read(SIMPLE, &padded).is_err(), "{encoding:?}");
        let at = good.windows(20).position(|window| window == TOKEN.as_slice()).unwrap();
        let mut dirty = good.clone();
        dirty[at - 1] = 1;
        assert!(read(SIMPLE, &dirty).is_err(), "{encoding:?}");
        for extra in [vec![0], vec![0; 32]] {
            assert!(read(SIMPLE, &[good.clone(), extra].concat()).is_err(), "{encoding:?}");
        }
        for cut in 1..=good.len() - 4 {
            assert!(read(SIMPLE, &good[..good.len() - cut]).is_err(), "{encoding:?} less {cut}");
        }
    }
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

fn any_encoding() -> impl Strategy<Value = BuiltInCall> {
    prop::sample::select(BuiltInCall::ALL.to_vec())
}

/// What these calls mean in this encoding.
fn meant(encoding: BuiltInCall, mut calls: Vec<Execution>) -> Vec<Execution> {
    match encoding {
        BuiltInCall::One => calls.truncate(1),
        BuiltInCall::ArraysWithoutValues => {
            calls.iter_mut().for_each(|call| call.value = U256::ZERO);
        }
        BuiltInCall::Calls | BuiltInCall::Arrays => {}
    }
    calls
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        encoding in any_encoding(),
        calls in prop::collection::vec(execution(), 1..6),
    ) {
        let data = encode_built_in(encoding, &calls);
        prop_assert_eq!(read(SIMPLE, &data).unwrap(), meant(encoding, calls));
        let of_delegate = read(DELEGATE, &data);
        prop_assert_eq!(of_delegate.is_ok(), encoding.is_of(DELEGATE));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        encoding in any_encoding(),
        data in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let _ = read(SIMPLE, &data);
        let selector = &encode_built_in(encoding, &[call(0, &[])])[..4];
        let _ = read(SIMPLE, &[selector, &data].concat());
    }

    #[test]
    fn changed_bytes_are_refused_or_mean_what_they_say(
        encoding in any_encoding(),
        calls in prop::collection::vec(execution(), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in 0usize..3,
    ) {
        let mut data = encode_built_in(encoding, &calls);
        let at = at.index(data.len());
        data[at] = byte;
        data.truncate(data.len() - cut);
        if let Ok(decoded) = read(SIMPLE, &data) {
            // By the decoder that follows offsets, as the account does.
            let by_abi: Vec<_> = match encoding {
                BuiltInCall::One => {
                    let one = abi::executeCall::abi_decode(&data).unwrap();
                    vec![(one.target, one.value, one.data)]
                }
                BuiltInCall::Calls => {
                    let batch = abi::executeBatchCall::abi_decode(&data).unwrap().calls;
                    batch.into_iter().map(|one| (one.target, one.value, one.data)).collect()
                }
                BuiltInCall::Arrays | BuiltInCall::ArraysWithoutValues => {
                    let abi::arrays::executeBatchCall { targets, values, data } =
                        abi::arrays::executeBatchCall::abi_decode(&data).unwrap();
                    let values = if values.is_empty() { vec![U256::ZERO; data.len()] } else { values };
                    let both = targets.into_iter().zip(values).zip(data);
                    both.map(|((target, value), data)| (target, value, data)).collect()
                }
            };
            let decoded: Vec<_> =
                decoded.into_iter().map(|one| (one.target, one.value, one.data)).collect();
            prop_assert_eq!(decoded, by_abi);
        }
    }
}
