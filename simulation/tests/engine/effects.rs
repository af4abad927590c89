//! What execution did, and that reverted frames leave nothing.

use alloy::{
    primitives::{Address, B256, Bytes, U256, b256, hex},
    sol,
    sol_types::SolCall,
};
use revm::bytecode::opcode as op;
use writ_simulation::{
    Effects, Limits, SenderCall, SimulationRequest, Simulator, SimulatorOptions, TokenStandard,
    test_utils::{SimpleAccount, TestChain, execute_call},
};
use writ_types::{Asset, EntryPointVersion};

use crate::code::{call, creation, delegate_call, log, push, revert};

sol! {
    #[derive(Debug)]
    struct Call { address target; uint256 value; bytes data; }
    function executeBatch(Call[] calls);
    function owner() returns (address);
    function upgradeToAndCall(address implementation, bytes data);
}

const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
const APPROVAL: B256 = b256!("8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925");
const PAYEE: Address = Address::repeat_byte(0x77);

fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

/// Effects of the account calling `target`, which holds 100 wei.
fn effects_of(contracts: &[(Address, Vec<u8>)], target: Address) -> (Effects, Address) {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 30);
    for (address, code) in contracts {
        chain.fund(*address, U256::from(100));
        chain.put(*address, code.clone());
    }
    let op = account.operation(1, execute_call(target, U256::ZERO, Bytes::new()), false);
    let request = SimulationRequest::single(entry_point, op);
    let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
    assert!(simulation.is_success(), "{:?} {:?}", simulation.failure, simulation.ops[0].receipt);
    (simulation.ops[0].effects.clone(), account.address)
}

#[test]
fn what_a_reverted_sub_frame_did_is_gone_and_what_surrounds_it_stays() {
    let outer = Address::repeat_byte(0x41);
    let inner = Address::repeat_byte(0x42);
    let transfer = [U256::from_be_bytes(TRANSFER.0), word(outer), word(PAYEE)];
    let reverted =
        [call(PAYEE, 9), vec![op::POP], log(&transfer, U256::from(5)), revert()].concat();
    let code = [
        call(PAYEE, 1),
        vec![op::POP],
        call(inner, 2),
        vec![op::POP],
        call(PAYEE, 3),
        vec![op::POP, op::STOP],
    ]
    .concat();
    let (effects, _) = effects_of(&[(outer, code), (inner, reverted)], outer);
    let amounts: Vec<_> = effects.native.iter().map(|moved| moved.amount.to::<u64>()).collect();
    assert_eq!(amounts, [1, 3]);
    assert!(effects.tokens.is_empty());
    assert!(effects.touched.contains(&PAYEE) && !effects.touched.contains(&inner));
}

#[test]
fn tokens_approvals_delegate_calls_and_creations_are_told() {
    let token = Address::repeat_byte(0x51);
    let library = Address::repeat_byte(0x52);
    let event = |topic: B256| [U256::from_be_bytes(topic.0), word(token), word(PAYEE)];
    // CREATE with a one-byte contract as init code from memory.
    let init = creation(&[op::STOP]);
    let mut padded = [0u8; 32];
    padded[..init.len()].copy_from_slice(&init);
    let create = [
        crate::code::push_word(U256::from_be_bytes(padded)),
        push(0),
        vec![op::MSTORE],
        push(init.len() as u64),
        push(0),
        push(4),
        vec![op::CREATE, op::POP],
    ]
    .concat();
    let code = [
        log(&event(TRANSFER), U256::from(12)),
        log(&event(APPROVAL), U256::MAX),
        delegate_call(library),
        vec![op::POP],
        create,
        vec![op::STOP],
    ]
    .concat();
    // Run by delegate call: it pays from the token's balance.
    let (effects, account) = effects_of(
        &[(token, code), (library, [call(PAYEE, 6), vec![op::POP, op::STOP]].concat())],
        token,
    );
    assert_eq!(effects.tokens.len(), 1);
    assert_eq!(effects.tokens[0].standard, TokenStandard::Erc20);
    assert_eq!((effects.tokens[0].token, effects.tokens[0].amount), (token, U256::from(12)));
    assert_eq!(effects.token_outflow(Asset::Erc20(token), token), Some(U256::from(12)));
    assert_eq!(effects.token_outflow(Asset::Erc20(token), PAYEE), None, "it received");
    assert_eq!(effects.approvals[0].amount, U256::MAX);
    let delegated: Vec<_> = effects.delegate_calls.iter().map(|one| (one.from, one.to)).collect();
    assert!(delegated.contains(&(token, library)), "{delegated:?}");
    assert!(delegated.iter().all(|(from, _)| *from != account), "its proxy runs its own code");
    assert_eq!(effects.native[0].from, token, "value moves from the caller of the library");
    assert_eq!(effects.created, [token.create(1)]);
    assert_eq!(effects.native[1].to, effects.created[0]);
    assert_eq!(effects.native[1].amount, U256::from(4));
}

/// UUPS's answer to whatever is asked: the slot of the implementation.
const POSES_AS_IMPLEMENTATION: [u8; 39] =
    hex!("7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc5f5260205ff3");

#[test]
fn a_proxy_that_was_moved_on_the_way_runs_foreign_code() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 30);
    let foreign = Address::repeat_byte(0x63);
    chain.put(foreign, POSES_AS_IMPLEMENTATION.to_vec());
    let call =
        |data: Vec<u8>| Call { target: account.address, value: U256::ZERO, data: data.into() };
    let own = call(ownerCall {}.abi_encode());
    let upgrade = upgradeToAndCallCall { implementation: foreign, data: Bytes::new() };
    let told = |calls: Vec<Call>| {
        let op = account.operation(1, executeBatchCall { calls }.abi_encode().into(), false);
        let request = SimulationRequest::single(entry_point, op);
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        let op = &simulation.ops[0];
        assert!(op.receipt.as_ref().is_some_and(|receipt| receipt.success));
        let delegated = op.effects.delegate_calls.iter();
        delegated.map(|one| (one.from, one.to)).collect::<Vec<_>>()
    };
    assert_eq!(told(vec![own.clone()]), [], "also for calls to itself");
    let moved = told(vec![call(upgrade.abi_encode()), own]);
    assert_eq!(moved, [(account.address, foreign)]);
}

#[test]
fn what_the_sender_calls_is_told_also_when_it_reverts() {
    let proxy = Address::repeat_byte(0x61);
    let failing = Address::repeat_byte(0x62);
    let (effects, account) =
        effects_of(&[(proxy, [call(PAYEE, 1), vec![op::POP, op::STOP]].concat())], proxy);
    let called: Vec<_> = effects.calls.iter().map(|call| (call.to, call.value)).collect();
    assert_eq!(called, [(proxy, U256::ZERO)], "what others call is not the sender's call");
    assert_ne!(account, proxy);

    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 30);
    chain.put(failing, revert());
    let data = Bytes::from_static(&[1, 2, 3, 4, 5]);
    let op = account.operation(1, execute_call(failing, U256::from(3), data.clone()), false);
    let request = SimulationRequest::single(entry_point, op);
    let outcome = |simulator: Simulator| {
        let simulation = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        let op = &simulation.ops[0];
        assert!(op.receipt.as_ref().is_some_and(|receipt| !receipt.success));
        assert!(op.effects.native.is_empty(), "nothing moved");
        op.effects.calls.clone()
    };
    let told = SenderCall { to: failing, value: U256::from(3), data: Some(data) };
    assert_eq!(outcome(Simulator::default()), std::slice::from_ref(&told));
    let limits = Limits { call_data: 4, ..Limits::default() };
    let options = SimulatorOptions { limits, ..SimulatorOptions::default() };
    assert_eq!(outcome(Simulator::new(options)), [SenderCall { data: None, ..told }]);
}

/// Asks `token` and forgets the answer.
fn ask(token: Address, question: &[u8]) -> Vec<u8> {
    let mut code = Vec::new();
    for (index, chunk) in question.chunks(32).enumerate() {
        let mut padded = [0; 32];
        padded[..chunk.len()].copy_from_slice(chunk);
        code.extend(crate::code::push_word(U256::from_be_bytes(padded)));
        code.extend([push(32 * index as u64), vec![op::MSTORE]].concat());
    }
    let call = [push(32), push(0), push(question.len() as u64), push(0)].concat();
    let target = crate::code::push_word(word(token));
    [code, call, target, vec![op::GAS, op::STATICCALL, op::POP]].concat()
}

#[test]
fn what_a_watched_contract_learns_is_told_and_nothing_else() {
    let (asker, token) = (Address::repeat_byte(0x71), Address::repeat_byte(0x72));
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 30);
    let asset = Asset::Allowance { token, spender: PAYEE };
    let question = asset.question(account.address).unwrap();
    // Answers with its balance, which grows by seven between the two questions.
    chain.put(token, hex!("475f5260205ff3").to_vec());
    chain.fund(asker, U256::from(100));
    let asks = ask(token, &question);
    let code = [asks.clone(), call(token, 7), vec![op::POP], asks, vec![op::STOP]].concat();
    chain.put(asker, code);
    let told = |call: Bytes, watched: Option<Address>| {
        let op = account.operation(1, call, false);
        let mut request = SimulationRequest::single(entry_point, op);
        request.watched = watched;
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        simulation.ops[0].answers.moved(asset, account.address)
    };
    let asked = || execute_call(asker, U256::ZERO, Bytes::new());
    assert_eq!(told(asked(), Some(asker)), Some(U256::from(7)));
    assert_eq!(told(asked(), Some(token)), None, "who was asked asked nothing");
    assert_eq!(told(asked(), None), None);
    // The account's own question is not the watched contract's.
    let own = execute_call(token, U256::ZERO, question);
    assert_eq!(told(own, Some(asker)), None);
}
