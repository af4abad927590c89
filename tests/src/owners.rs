//! Owners that are contracts, in a few instructions each, and the checks that ask them.

use alloy::primitives::{Address, B256, Bytes, hex, keccak256};
use writ_bindings::{
    ContractOwner, DETERMINISTIC_DEPLOYER, SALT, WeightedOwners, deterministic_address,
    deterministic_calldata,
};

use crate::Place;

/// Deploys `code` where the deterministic deployer puts it.
pub fn deploy_deterministically(place: &mut impl Place, creation_code: &[u8]) -> Address {
    place.send(DETERMINISTIC_DEPLOYER, deterministic_calldata(SALT, creation_code));
    deterministic_address(SALT, creation_code)
}

/// `ContractOwner`, where script/Owners.s.sol deploys it.
pub fn contract_owner(place: &mut impl Place) -> Address {
    deploy_deterministically(place, &ContractOwner::BYTECODE)
}

/// `WeightedOwners`, likewise.
pub fn weighted_owners(place: &mut impl Place) -> Address {
    deploy_deterministically(place, &WeightedOwners::BYTECODE)
}

/// The data contract of an owner.
pub fn owner_data(place: &mut impl Place, data: &[u8]) -> Address {
    let length = u16::try_from(data.len() + 1).expect("short");
    let code = [&[0x61][..], &length.to_be_bytes(), &hex!("80600a3d393df3"), &[0], data].concat();
    deploy_deterministically(place, &code)
}

/// Creation code of this runtime code.
pub fn creation_of(runtime: &[u8]) -> Bytes {
    let length = u16::try_from(runtime.len()).expect("short");
    [&[0x61][..], &length.to_be_bytes(), &hex!("80600a3d393df3"), runtime].concat().into()
}

/// A wallet whose valid signature is the hash itself, which does `first` before it answers.
pub fn wallet(first: &[u8]) -> Vec<u8> {
    // MSTORE(0, MUL(SHL(224, 0x1626ba7e), EQ(CALLDATALOAD(0x64), CALLDATALOAD(4)))), RETURN(0, 32)
    [first, &hex!("6004356064351463" "1626ba7e" "60e01b025f5260205ff3")].concat()
}

/// Asks `target` for nothing in particular.
pub fn asking(target: Address) -> Vec<u8> {
    [&hex!("5f5f5f5f73")[..], target.as_slice(), &hex!("5afa50")].concat()
}

/// An EIP-1167 clone.
pub fn clone_of(implementation: Address) -> Vec<u8> {
    [
        &hex!("363d3d373d3d3d363d73")[..],
        implementation.as_slice(),
        &hex!("5af43d82803e903d91602b57fd5bf3"),
    ]
    .concat()
}

/// The data of `WeightedOwners`: owners by validator and data, each of weight one, in the order that the list wants.
pub fn weighted(threshold: u16, owners: &[(Address, Vec<u8>)]) -> Vec<u8> {
    let mut entries: Vec<_> = owners
        .iter()
        .map(|(validator, data)| {
            let length = u16::try_from(data.len()).expect("short").to_be_bytes();
            [validator.as_slice(), &length, data].concat()
        })
        .collect();
    entries.sort_by_key(|entry| keccak256(entry));
    let mut list = threshold.to_be_bytes().to_vec();
    for entry in entries {
        list.extend([0, 1]);
        list.extend(entry);
    }
    list
}

/// The place of an owner in that list.
pub fn index_of(list: &[u8], validator: Address, data: &[u8]) -> u8 {
    let mut at = 2;
    for index in 0.. {
        let length = usize::from(u16::from_be_bytes([list[at + 22], list[at + 23]]));
        let here = &list[at + 24..at + 24 + length];
        if list[at + 2..at + 22] == *validator.as_slice() && here == data {
            return index;
        }
        at += 24 + length;
    }
    unreachable!("it is in the list")
}

/// One owner's part of a list's signature.
pub fn signature_of(index: u8, signature: &[u8]) -> Bytes {
    let length = u16::try_from(signature.len()).expect("short").to_be_bytes();
    [&[index], &length[..], signature].concat().into()
}

/// What [`wallet`] takes for a signature of nothing.
pub fn stub() -> Bytes {
    B256::repeat_byte(0x7f).to_vec().into()
}
