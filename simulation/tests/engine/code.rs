//! Contracts by hand: instruction bytes, put together.

use alloy::primitives::{Address, U256};
use revm::bytecode::opcode as op;

/// PUSH of a number, one byte at least.
pub(crate) fn push(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    [&[op::PUSH1 + (7 - first) as u8], &bytes[first..]].concat()
}

/// PUSH20 of an address.
pub(crate) fn push_address(address: Address) -> Vec<u8> {
    [&[op::PUSH20], address.as_slice()].concat()
}

/// PUSH32 of a word.
pub(crate) fn push_word(word: U256) -> Vec<u8> {
    [&[op::PUSH32][..], &word.to_be_bytes::<32>()].concat()
}

/// CALL with value, no input, all gas; leaves the success flag.
pub(crate) fn call(to: Address, value: u64) -> Vec<u8> {
    [push(0), push(0), push(0), push(0), push(value), push_address(to), vec![op::GAS, op::CALL]]
        .concat()
}

/// DELEGATECALL without input; leaves the success flag.
pub(crate) fn delegate_call(to: Address) -> Vec<u8> {
    [push(0), push(0), push(0), push(0), push_address(to), vec![op::GAS, op::DELEGATECALL]].concat()
}

/// Emits a log with these topics and one word of data.
pub(crate) fn log(topics: &[U256], data: U256) -> Vec<u8> {
    let mut code = [push_word(data), push(0), vec![op::MSTORE]].concat();
    for topic in topics.iter().rev() {
        code.extend(push_word(*topic));
    }
    code.extend([push(32), push(0)].concat());
    code.push(op::LOG0 + topics.len() as u8);
    code
}

/// Returns one word.
pub(crate) fn return_word(word: U256) -> Vec<u8> {
    [push_word(word), push(0), vec![op::MSTORE], push(32), push(0), vec![op::RETURN]].concat()
}

/// Reverts without data.
pub(crate) fn revert() -> Vec<u8> {
    [push(0), push(0), vec![op::REVERT]].concat()
}

/// `then` if the selector is this, `otherwise` if not.
pub(crate) fn on_selector(selector: [u8; 4], then: &[u8], otherwise: &[u8]) -> Vec<u8> {
    let mut code = [
        push(0),
        vec![op::CALLDATALOAD],
        push(224),
        vec![op::SHR, op::PUSH4],
        selector.to_vec(),
        vec![op::EQ, op::PUSH2],
    ]
    .concat();
    let destination = code.len() + 2 + 1 + otherwise.len() + 1;
    code.extend((destination as u16).to_be_bytes());
    code.push(op::JUMPI);
    code.extend(otherwise);
    code.push(op::STOP);
    assert_eq!(code.len(), destination);
    code.push(op::JUMPDEST);
    code.extend(then);
    code
}

/// Creation code that deploys `code`.
pub(crate) fn creation(code: &[u8]) -> Vec<u8> {
    let mut all = vec![op::PUSH2];
    all.extend((code.len() as u16).to_be_bytes());
    all.extend([op::DUP1, op::PUSH1, 12, op::PUSH1, 0, op::CODECOPY, op::PUSH1, 0, op::RETURN]);
    assert_eq!(all.len(), 12);
    all.extend(code);
    all
}
