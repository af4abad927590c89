//! The account as it would be with the owner: its configuration in the real module, and a validation that asks the module.
//!
//! ```text
//! EntryPoint ── validateUserOp ──> probe at the account's address ──> module ──> validator ──> owner …
//!                                       │ everything else
//!                                       └── delegatecall ──> the account's own code, moved aside
//! ```
//!
//! The account's own way to the module is left out: it is the same for every owner, and differs by kind.

use alloy::{
    primitives::{Address, B256, Bytes, address, keccak256},
    sol_types::SolCall,
};
use writ_bindings::{
    MODE_OFF, WritModule,
    WritModule::{Configuration, PolicyReference},
    installation_data,
};
use writ_policy::policy_commitment;
use writ_simulation::{Overrides, PinnedBlock, Simulator};

use super::{OwnerSubject, OwnerTraceError};

/// Where the account's own code runs from, and where the operators stand that no owner's check is asked about: the last 20
/// bytes of `keccak256("writ.owner-trace.code")` and `keccak256("writ.owner-trace.operators")`.
pub(super) const MOVED_CODE: Address = address!("08a4d661e2852e2b2f477c57f489fd214a88927d");
pub(super) const OPERATOR_SET: Address = address!("7be16fd6db0e6b951fbeac56bac8dcbbfc06ca43");

/// `validateUserOp(PackedUserOperation,bytes32,uint256)` of EntryPoint v0.7 and later.
const VALIDATE_USER_OP: [u8; 4] = [0x19, 0x82, 0x2f, 0x7c];

/// The state in which the owner's check is traced.
pub(super) async fn prepared(
    simulator: &Simulator,
    block: &PinnedBlock,
    subject: &OwnerSubject,
) -> Result<Overrides, OwnerTraceError> {
    let operator_set = Bytes::from([&[0], Address::repeat_byte(1).as_slice()].concat());
    let policies = [PolicyReference { policyId: B256::ZERO, parameters: Bytes::new() }];
    let configuration = Configuration {
        owner: subject.owner,
        ownerValidator: subject.validator,
        entryPoint: subject.entry_point.address,
        registry: Address::ZERO,
        operatorSet: OPERATOR_SET,
        operatorSetCodeHash: keccak256(&operator_set),
        policy: policy_commitment(&[(B256::ZERO, keccak256([]))]),
        threshold: 1,
        leastOperators: 1,
        level: 1,
        // Only the owner is asked.
        mode: MODE_OFF,
        exitDelay: 0,
        epoch: 0,
        readsHistory: false,
    };
    let installed = installation_data(&configuration, &policies);
    let remove = WritModule::onUninstallCall { data: Bytes::new() }.abi_encode();
    let install = WritModule::onInstallCall { data: installed }.abi_encode();
    let calls = vec![(subject.module, remove.into()), (subject.module, install.into())];
    let before = Overrides::new().with_code(OPERATOR_SET, operator_set);
    let after = simulator
        .changes(block, before, subject.account, calls)
        .await?
        .map_err(|failure| OwnerTraceError::configuration(&failure))?;

    let info = block.account(subject.account).await?;
    let code = info.code.as_ref().filter(|code| !code.is_empty());
    let delegate = code.and_then(|code| code.eip7702_address());
    let overrides =
        after.with_code(subject.account, probe(subject.module, delegate.unwrap_or(MOVED_CODE)));
    Ok(match (code, delegate) {
        (Some(code), None) => overrides.with_code(MOVED_CODE, code.original_bytes()),
        _ => overrides,
    })
}

/// Code that hands validations to `module`, as accounts do, and runs `code` for everything else.
fn probe(module: Address, code: Address) -> Bytes {
    [
        // if CALLDATALOAD(0) >> 224 == validateUserOp jump to 0x30; before: CALLDATACOPY(0, 0, CALLDATASIZE)
        &[0x36, 0x5f, 0x5f, 0x37, 0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63][..],
        &VALIDATE_USER_OP,
        &[0x14, 0x60, 0x30, 0x57],
        // DELEGATECALL(GAS, code, 0, CALLDATASIZE, 0, 0), jump to 0x5e
        &[0x5f, 0x5f, 0x36, 0x5f, 0x73],
        code.as_slice(),
        &[0x5a, 0xf4, 0x60, 0x5e, 0x56],
        // 0x30: the validator's validateUserOp has no third argument; MSTORE(0, its selector)
        &[0x5b, 0x63],
        &WritModule::validateUserOpCall::SELECTOR,
        &[0x5f, 0x52],
        // CALLDATACOPY(32, 4, CALLDATASIZE - 4), CALL(GAS, module, 0, 28, CALLDATASIZE, 0, 0)
        &[0x60, 0x04, 0x36, 0x03, 0x60, 0x04, 0x60, 0x20, 0x37],
        &[0x5f, 0x5f, 0x36, 0x60, 0x1c, 0x5f, 0x73],
        module.as_slice(),
        &[0x5a, 0xf1],
        // 0x5e: return or revert with what came back
        &[0x5b, 0x3d, 0x5f, 0x5f, 0x3e, 0x60, 0x69, 0x57, 0x3d, 0x5f, 0xfd, 0x5b, 0x3d, 0x5f, 0xf3],
    ]
    .concat()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_what_they_are_named_after() {
        let named = |text: &str| Address::from_word(keccak256(text));
        assert_eq!(MOVED_CODE, named("writ.owner-trace.code"));
        assert_eq!(OPERATOR_SET, named("writ.owner-trace.operators"));
    }

    #[test]
    fn jumps_land_where_they_should() {
        let code = probe(Address::repeat_byte(1), Address::repeat_byte(2));
        for target in [0x30, 0x5e, 0x69] {
            assert_eq!(code[target], 0x5b, "{target:#x}");
        }
    }
}
