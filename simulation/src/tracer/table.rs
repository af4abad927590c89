//! What the tracer does at each opcode: a table of 256 entries per kind of frame.

use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};

/// What an opcode means to the tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// Nothing: by far the most common.
    Plain,
    /// OP-011.
    Banned,
    /// GAS: fine only before a call.
    Gas,
    /// BALANCE, SELFBALANCE.
    Balance,
    /// SLOAD
    Load,
    /// SSTORE
    Store,
    /// TLOAD
    TransientLoad,
    /// TSTORE
    TransientStore,
    /// EXTCODESIZE, EXTCODEHASH, EXTCODECOPY
    ExtCode,
    /// KECCAK256
    Keccak,
    /// Not assigned in this fork.
    Unassigned,
    /// LOG and SELFDESTRUCT, whose effects are collected.
    Effect,
    /// CALL in the EntryPoint's own frame, when the simulation ends before execution.
    EntryCall,
    /// GAS in the EntryPoint's own frame: what it counts with.
    EntryGas,
}

/// One class per opcode byte.
pub(super) type Table = [Class; 256];

/// For frames of which no opcode matters.
pub(super) static PLAIN: Table = [Class::Plain; 256];

/// For frames whose effects are collected.
pub(super) static EFFECTS: Table = {
    let mut table = PLAIN;
    let mut log = op::LOG0;
    while log <= op::LOG4 {
        table[log as usize] = Class::Effect;
        log += 1;
    }
    table[op::SELFDESTRUCT as usize] = Class::Effect;
    table
};

/// For the EntryPoint's own frame.
pub(super) static ENTRY: Table = {
    let mut table = PLAIN;
    table[op::GAS as usize] = Class::EntryGas;
    table
};

/// For the EntryPoint's own frame when only validation is wanted.
pub(super) static ENTRY_UNTIL_EXECUTION: Table = {
    let mut table = ENTRY;
    table[op::CALL as usize] = Class::EntryCall;
    table
};

static PRAGUE: Table = validation(false);
static OSAKA: Table = validation(true);

/// For validation frames in this fork (Cancun or later; earlier ones are judged as Cancun).
pub(super) fn validation_table(spec: SpecId) -> &'static Table {
    if spec >= SpecId::OSAKA { &OSAKA } else { &PRAGUE }
}

/// CLZ, since Osaka.
const CLZ: u8 = 0x1e;

const fn validation(osaka: bool) -> Table {
    let mut table = [Class::Unassigned; 256];
    // Assigned in Cancun and Prague, by range.
    let ranges: [(u8, u8); 13] = [
        (0x00, 0x0b), // STOP … SIGNEXTEND
        (0x10, 0x1d), // LT … SAR
        (op::KECCAK256, op::KECCAK256),
        (0x30, 0x4a), // ADDRESS … BLOBBASEFEE
        (0x50, 0x5f), // POP … MCOPY, PUSH0
        (0x60, 0x7f), // PUSH1 … PUSH32
        (0x80, 0x8f), // DUP
        (0x90, 0x9f), // SWAP
        (0xa0, 0xa4), // LOG
        (0xf0, 0xf5), // CREATE … CREATE2
        (op::STATICCALL, op::STATICCALL),
        (op::REVERT, op::REVERT),
        (op::INVALID, op::SELFDESTRUCT),
    ];
    let mut range = 0;
    while range < ranges.len() {
        let (mut opcode, last) = ranges[range];
        loop {
            table[opcode as usize] = Class::Plain;
            if opcode == last {
                break;
            }
            opcode += 1;
        }
        range += 1;
    }
    if osaka {
        table[CLZ as usize] = Class::Plain;
    }
    let banned = [
        op::ORIGIN,
        op::GASPRICE,
        op::BLOCKHASH,
        op::COINBASE,
        op::TIMESTAMP,
        op::NUMBER,
        op::DIFFICULTY,
        op::GASLIMIT,
        op::BASEFEE,
        op::BLOBHASH,
        op::BLOBBASEFEE,
        op::INVALID,
        op::SELFDESTRUCT,
    ];
    let mut index = 0;
    while index < banned.len() {
        table[banned[index] as usize] = Class::Banned;
        index += 1;
    }
    table[op::GAS as usize] = Class::Gas;
    table[op::BALANCE as usize] = Class::Balance;
    table[op::SELFBALANCE as usize] = Class::Balance;
    table[op::SLOAD as usize] = Class::Load;
    table[op::SSTORE as usize] = Class::Store;
    table[op::TLOAD as usize] = Class::TransientLoad;
    table[op::TSTORE as usize] = Class::TransientStore;
    table[op::EXTCODESIZE as usize] = Class::ExtCode;
    table[op::EXTCODEHASH as usize] = Class::ExtCode;
    table[op::EXTCODECOPY as usize] = Class::ExtCode;
    table[op::KECCAK256 as usize] = Class::Keccak;
    table
}

/// Whether an instruction byte is one of the four calls.
pub(super) const fn is_call(opcode: u8) -> bool {
    matches!(opcode, op::CALL | op::CALLCODE | op::DELEGATECALL | op::STATICCALL)
}

#[cfg(test)]
mod tests {
    use revm::bytecode::opcode::OpCode;

    use super::*;

    #[test]
    fn every_opcode_that_revm_knows_up_to_the_fork_is_assigned() {
        for byte in 0..=255u8 {
            let assigned = PRAGUE[byte as usize] != Class::Unassigned;
            // What later forks add (CLZ, SLOTNUM, DUPN, SWAPN, EXCHANGE) is known to revm's names.
            let later = matches!(byte, 0x1e | 0x4b | 0xe6..=0xe8);
            assert_eq!(assigned, OpCode::new(byte).is_some() && !later, "{byte:#04x}");
        }
        assert_eq!(OSAKA[CLZ as usize], Class::Plain);
        assert_eq!(PRAGUE[CLZ as usize], Class::Unassigned);
    }

    #[test]
    fn the_list_of_op_011_is_banned() {
        let banned = (0..=255u8).filter(|byte| PRAGUE[*byte as usize] == Class::Banned);
        let expected =
            [0x32, 0x3a, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x48, 0x49, 0x4a, 0xfe, 0xff];
        assert_eq!(banned.collect::<Vec<_>>(), expected);
    }
}
