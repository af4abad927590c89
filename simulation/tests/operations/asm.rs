//! A tiny EVM assembler: enough to write contracts that do exactly one thing, as account, factory or
//! paymaster, without a compiler.

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::bytecode::opcode as op;

/// Code under construction. Methods append and return the code, so that programs read from top to bottom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asm {
    code: Vec<u8>,
    /// Appended after the code: where the offset is to be patched in, and the bytes.
    blobs: Vec<(usize, Bytes)>,
    /// Jump operands to be patched in: where, and the destination.
    jumps: Vec<(usize, usize)>,
}

/// Where call inputs are written, clear of what the epilogues use.
const INPUT: u64 = 0x200;

/// Starts an empty program.
pub(crate) fn asm() -> Asm {
    Asm::default()
}

impl Asm {
    /// One instruction without immediate.
    pub(crate) fn op(mut self, opcode: u8) -> Self {
        self.code.push(opcode);
        self
    }

    /// Several instructions without immediates.
    pub(crate) fn ops(mut self, opcodes: &[u8]) -> Self {
        self.code.extend_from_slice(opcodes);
        self
    }

    /// The shortest PUSH of a number.
    pub(crate) fn push(mut self, value: impl TryInto<U256, Error: std::fmt::Debug>) -> Self {
        let value: U256 = value.try_into().unwrap();
        let bytes = value.to_be_bytes_trimmed_vec();
        self.code.push(op::PUSH0 + u8::try_from(bytes.len()).unwrap());
        self.code.extend_from_slice(&bytes);
        self
    }

    /// PUSH20 of an address.
    pub(crate) fn address(mut self, address: Address) -> Self {
        self.code.push(op::PUSH20);
        self.code.extend_from_slice(address.as_slice());
        self
    }

    /// PUSH32 of a word.
    pub(crate) fn word(mut self, word: B256) -> Self {
        self.code.push(op::PUSH32);
        self.code.extend_from_slice(word.as_slice());
        self
    }

    /// Stores a word in memory.
    pub(crate) fn mstore(self, offset: u64, word: B256) -> Self {
        self.word(word).push(offset).op(op::MSTORE)
    }

    /// Runs another program in line.
    pub(crate) fn then(mut self, other: Self) -> Self {
        let shift = self.code.len();
        self.code.extend(other.code);
        self.blobs.extend(other.blobs.into_iter().map(|(at, blob)| (at + shift, blob)));
        self.jumps.extend(other.jumps.into_iter().map(|(at, to)| (at + shift, to + shift)));
        self
    }

    /// Runs `body` if the top of the stack is not zero.
    pub(crate) fn when(self, body: Self) -> Self {
        let mut code = self.ops(&[op::ISZERO, op::PUSH2]);
        let at = code.code.len();
        code = code.ops(&[0, 0, op::JUMPI]).then(body);
        code.jumps.push((at, code.code.len()));
        code.op(op::JUMPDEST)
    }

    /// Runs `body` only in the execution phase, of an operation whose callData is four bytes.
    pub(crate) fn executing(self, body: Self) -> Self {
        self.op(op::CALLDATASIZE).push(4).op(op::EQ).when(body.op(op::STOP))
    }

    /// Spends about 30 gas `times` times.
    pub(crate) fn burn(self, times: u64) -> Self {
        let mut code = self.push(times);
        let start = code.code.len();
        code = code.op(op::JUMPDEST).push(1).ops(&[op::SWAP1, op::SUB, op::DUP1, op::PUSH2]);
        code.jumps.push((code.code.len(), start));
        code.ops(&[0, 0, op::JUMPI, op::POP])
    }

    /// Runs `body` and stops, if the contract is called with this selector.
    pub(crate) fn on_selector(self, selector: u32, body: Self) -> Self {
        self.push(0)
            .op(op::CALLDATALOAD)
            .push(224)
            .op(op::SHR)
            .push(u64::from(selector))
            .op(op::EQ)
            .when(body.op(op::STOP))
    }

    /// Pays what `validateUserOp` was asked for, if anything.
    pub(crate) fn pay_prefund(self) -> Self {
        let missing = |code: Self| code.push(0x44).op(op::CALLDATALOAD);
        let pay = missing(asm().push(0).push(0).push(0).push(0)).ops(&[
            op::CALLER,
            op::GAS,
            op::CALL,
            op::POP,
        ]);
        missing(self).when(pay)
    }

    /// Loops until the gas is gone.
    pub(crate) fn forever(mut self) -> Self {
        let start = self.code.len();
        self = self.ops(&[op::JUMPDEST, op::PUSH2]);
        self.jumps.push((self.code.len(), start));
        self.ops(&[0, 0, op::JUMP])
    }

    /// Runs `body` for ever, with a counter on the stack that it finds and leaves on top.
    pub(crate) fn counting(mut self, body: Self) -> Self {
        self = self.push(0);
        let start = self.code.len();
        self = self.op(op::JUMPDEST).then(body).push(1).ops(&[op::ADD, op::PUSH2]);
        self.jumps.push((self.code.len(), start));
        self.ops(&[0, 0, op::JUMP])
    }

    /// Copies bytes kept behind the code into memory at `offset`.
    pub(crate) fn load(mut self, bytes: impl Into<Bytes>, offset: u64) -> Self {
        let bytes = bytes.into();
        self = self.push(bytes.len() as u64).op(op::PUSH2);
        self.blobs.push((self.code.len(), bytes));
        self.ops(&[0, 0]).push(offset).op(op::CODECOPY)
    }

    /// A call of any kind with all gas (`GAS` directly before the call); its result is dropped.
    pub(crate) fn call(self, kind: u8, to: Address, value: u64, input: &[u8]) -> Self {
        self.call_with(kind, to, value, input, |code| code.op(op::GAS))
    }

    /// A call with a fixed amount of gas.
    pub(crate) fn call_gas(self, kind: u8, to: Address, gas: u64, input: &[u8]) -> Self {
        self.call_with(kind, to, 0, input, |code| code.push(gas))
    }

    fn call_with(
        self,
        kind: u8,
        to: Address,
        value: u64,
        input: &[u8],
        gas: impl FnOnce(Self) -> Self,
    ) -> Self {
        let code =
            self.load(input.to_vec(), INPUT).push(0).push(0).push(input.len() as u64).push(INPUT);
        let code = if matches!(kind, op::CALL | op::CALLCODE) { code.push(value) } else { code };
        gas(code.address(to)).ops(&[kind, op::POP])
    }

    /// CREATE or CREATE2 (salt 0) of `init_code`; leaves the address on the stack.
    pub(crate) fn create(self, kind: u8, init_code: &Bytes) -> Self {
        let code = self.load(init_code.clone(), INPUT);
        let code = if kind == op::CREATE2 { code.push(0) } else { code };
        code.push(init_code.len() as u64).push(INPUT).push(0).op(kind)
    }

    /// Puts `keccak256(owner ‖ tail)` on the stack.
    pub(crate) fn associated(self, owner: Address, tail: u64) -> Self {
        self.mstore(0, owner.into_word())
            .mstore(32, U256::from(tail).into())
            .push(64)
            .push(0)
            .op(op::KECCAK256)
    }

    /// Returns words. Ends the program.
    pub(crate) fn return_words(mut self, words: &[U256]) -> Self {
        for (index, word) in words.iter().enumerate() {
            self = self.push(*word).push(index as u64 * 32).op(op::MSTORE);
        }
        self.push(words.len() as u64 * 32).push(0).op(op::RETURN)
    }

    /// Returns the top of the stack. Ends the program.
    pub(crate) fn return_top(self) -> Self {
        self.push(0).op(op::MSTORE).push(32).push(0).op(op::RETURN)
    }

    /// The bytes.
    pub(crate) fn build(self) -> Bytes {
        let mut code = self.code;
        // Whatever falls off the end of the instructions must not run into the data.
        code.push(op::STOP);
        for (at, to) in self.jumps {
            code[at..at + 2].copy_from_slice(&u16::try_from(to).unwrap().to_be_bytes());
        }
        for (at, blob) in self.blobs {
            let offset = u16::try_from(code.len()).unwrap();
            code[at..at + 2].copy_from_slice(&offset.to_be_bytes());
            code.extend_from_slice(&blob);
        }
        code.into()
    }
}

/// An account that runs `body` and then accepts the operation.
pub(crate) fn account(body: Asm) -> Bytes {
    body.return_words(&[U256::ZERO]).build()
}

/// A paymaster that runs `body`, accepts, and returns `context_length` bytes of context.
pub(crate) fn paymaster(body: Asm, context_length: u64) -> Bytes {
    let mut words = vec![U256::from(0x40), U256::ZERO, U256::from(context_length)];
    words.resize(3 + context_length.div_ceil(32) as usize, U256::ZERO);
    body.return_words(&words).build()
}

/// A factory that runs `before`, creates the account with CREATE2, runs `after`, and returns the address.
pub(crate) fn factory(before: Asm, account_init_code: &Bytes, after: Asm) -> Bytes {
    before.create(op::CREATE2, account_init_code).then(after).return_top().build()
}

/// A contract that runs `body` and returns nothing.
pub(crate) fn contract(body: Asm) -> Bytes {
    body.build()
}
