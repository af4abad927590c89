//! Operations of every kind of account that the tests have, doing many different things: what estimates are measured
//! on. Shared with the bench `estimation`.

use std::sync::Arc;

use alloy::{
    eips::eip7702::Authorization,
    primitives::{Address, Bytes, U256, address, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use revm::bytecode::opcode as op;
use writ_simulation::{
    PinnedBlock, SimulationRequest, Simulator,
    estimation::{AsSent, EstimationRequest, GasEstimate, GasLimits, SignaturePlan, estimate},
    test_utils::{CHAIN_ID, SimpleAccount, TestChain, artifact, execute_call},
};
use writ_types::{
    EIP7702_FACTORY, EntryPoint, EntryPointVersion, Factory, PartialUserOperation, Paymaster,
    UserOperation,
};

use crate::{
    asm::{Asm, asm, contract, paymaster},
    guarded::Guarded,
};

/// `postOp(uint8,bytes,uint256,uint256)`
const POST_OP: u32 = 0x7c62_7b21;
const SPONSOR: Address = address!("0000000000000000000000000000000009a33a58");
const PAYEE: Address = Address::repeat_byte(0x77);

/// Makes an operation's signature real again after its fields changed.
type Sign = Box<dyn Fn(&mut UserOperation)>;

/// One operation in one state.
pub(crate) struct Sample {
    /// Account, and EntryPoint version.
    pub(crate) account: String,
    /// What it does.
    pub(crate) call: &'static str,
    pub(crate) block: PinnedBlock,
    pub(crate) entry_point: EntryPoint,
    /// What stands in the signature field while it is estimated.
    pub(crate) stub: Bytes,
    /// Complete; its gas fields are to be estimated.
    pub(crate) operation: UserOperation,
    pub(crate) plan: Box<dyn SignaturePlan>,
    pub(crate) sign: Sign,
}

/// What an account is made to do: name, target, wei, input.
type Call = (&'static str, Address, u64, Bytes);

fn at(tag: u8) -> Address {
    Address::with_last_byte(tag)
}

/// Calls the next in a row of contracts with all gas, and fails if it fails.
fn link(next: Address) -> Asm {
    let call = asm().push(0).push(0).push(0).push(0).push(0).address(next);
    call.ops(&[op::GAS, op::CALL, op::ISZERO]).when(asm().push(0).push(0).op(op::REVERT))
}

/// Places contracts to call, and lists calls to them.
fn calls(chain: &mut TestChain) -> Vec<Call> {
    chain.fund(PAYEE, U256::from(1));
    let mut calls: Vec<Call> = vec![
        ("nothing", PAYEE, 0, Bytes::new()),
        ("pays an account", PAYEE, 5, Bytes::new()),
        ("pays a new account", Address::repeat_byte(0x78), 5, Bytes::new()),
        ("sends 4 bytes", PAYEE, 0, vec![7; 4].into()),
        ("sends 68 bytes", PAYEE, 0, vec![7; 68].into()),
        ("sends 300 zeros", PAYEE, 0, vec![0; 300].into()),
        ("sends 1 KB", PAYEE, 1, vec![7; 1_024].into()),
        ("sends 3 KB", PAYEE, 0, vec![9; 3_072].into()),
    ];
    let mut place = |name, tag: u8, body: Asm| {
        chain.put(at(tag), contract(body));
        calls.push((name, at(tag), 0, Bytes::new()));
    };
    place("computes, 1 round", 0xa0, asm().burn(1));
    place("computes, 100 rounds", 0xa1, asm().burn(100));
    place("computes, 2,000 rounds", 0xa2, asm().burn(2_000));
    place("computes, 40,000 rounds", 0xa3, asm().burn(40_000));
    let store = |from: u64, slots: u64| {
        (from..from + slots).fold(asm(), |code, slot| code.push(slot + 1).push(slot).op(op::SSTORE))
    };
    place("stores 1 slot", 0xa4, store(0, 1));
    place("stores 12 slots", 0xa5, store(0, 12));
    let load = (0..20_u64).fold(asm(), |code, slot| code.push(slot).ops(&[op::SLOAD, op::POP]));
    place("loads 20 slots", 0xa6, load);
    // A slot set and cleared again: refunds must not make the limit too low.
    let undo = (0..4_u64).fold(store(0, 4), |code, slot| code.push(0).push(slot).op(op::SSTORE));
    place("stores and clears", 0xa7, undo);
    place("expands memory", 0xa8, asm().push(1).push(100_000).op(op::MSTORE));
    let hash =
        (0..50).fold(asm(), |code, _| code.push(2_000).push(0).ops(&[op::KECCAK256, op::POP]));
    place("hashes", 0xa9, hash);
    place("logs", 0xaa, asm().push(9).push(500).push(0).op(op::LOG1));
    for depth in 0xb0..0xb9 {
        let body = if depth == 0xb8 { asm().burn(3_000) } else { link(at(depth + 1)) };
        place(if depth == 0xb0 { "calls 8 deep" } else { "" }, depth, body);
    }
    place("calls 1 deep", 0xc0, link(at(0xa5)));
    // Whoever swallows the failure of a call is still given enough for it.
    place("does not care", 0xc1, asm().call(op::CALL, at(0xa2), 0, &[]));
    place("creates a contract", 0xc2, asm().create(op::CREATE, &contract(store(9, 1))).op(op::POP));
    calls.retain(|(name, ..)| !name.is_empty());
    calls
}

fn simple(version: EntryPointVersion, create: bool) -> Vec<Sample> {
    let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else {
        return Vec::new();
    };
    let calls = calls(&mut chain);
    let account = if create {
        SimpleAccount::new(&mut chain, entry_point, 1)
    } else {
        SimpleAccount::deployed(&mut chain, entry_point, 1)
    };
    let block = chain.pin();
    let name = format!("SimpleAccount{} v{version}", if create { ", new," } else { "" });
    let sample = |(call, to, wei, data): Call| {
        let data = execute_call(to, U256::from(wei), data);
        let operation = account.operation(u64::from(!create), data, create);
        let account = account.clone();
        Sample {
            account: name.clone(),
            call,
            block: block.clone(),
            entry_point,
            stub: operation.signature.clone(),
            operation,
            plan: Box::new(AsSent),
            sign: Box::new(move |op| account.sign(op)),
        }
    };
    calls.into_iter().map(sample).collect()
}

/// The same account behind a paymaster that burns gas before and after.
fn sponsored(version: EntryPointVersion) -> Vec<Sample> {
    let mut samples = Vec::new();
    let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else {
        return samples;
    };
    let calls = calls(&mut chain);
    let account = SimpleAccount::deployed(&mut chain, entry_point, 1);
    let deposit = [&keccak256("depositTo(address)")[..4], SPONSOR.into_word().as_slice()].concat();
    let ether = U256::from(10).pow(U256::from(19));
    chain.send(entry_point.address, deposit.into(), ether);
    for (before, after) in [(1_u64, 1_u64), (300, 2_000), (4_000, 30)] {
        let body = asm().on_selector(POST_OP, asm().burn(after)).burn(before);
        chain.put(SPONSOR, paymaster(body, 64));
        let block = chain.pin();
        for (call, to, wei, data) in calls.iter().skip(1).step_by(6) {
            let data = execute_call(*to, U256::from(*wei), data.clone());
            let mut operation = account.operation(1, data, false);
            operation.paymaster = Some(Paymaster {
                address: SPONSOR,
                verification_gas_limit: 400_000,
                post_op_gas_limit: 400_000,
                data: vec![3; 40].into(),
                signature: None,
            });
            account.sign(&mut operation);
            let account = account.clone();
            samples.push(Sample {
                account: format!("SimpleAccount, sponsored, v{version}"),
                call,
                block: block.clone(),
                entry_point,
                stub: operation.signature.clone(),
                operation,
                plan: Box::new(AsSent),
                sign: Box::new(move |op| account.sign(op)),
            });
        }
    }
    samples
}

/// An EIP-7702 account whose first operation brings its delegation along.
fn delegated() -> Vec<Sample> {
    let version = EntryPointVersion::V08;
    let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else {
        return Vec::new();
    };
    let calls = calls(&mut chain);
    let mut account = SimpleAccount::new(&mut chain, entry_point, 7);
    let delegate = chain.create(artifact(version, "Simple7702Account"));
    account.owner = PrivateKeySigner::from_bytes(&keccak256("delegated")).expect("a hash is a key");
    account.address = account.owner.address();
    chain.fund(account.address, U256::from(10).pow(U256::from(19)));
    let tuple = Authorization { chain_id: U256::from(CHAIN_ID), address: delegate, nonce: 0 };
    let signature = account.owner.sign_hash_sync(&tuple.signature_hash()).expect("signs");
    let tuple = tuple.into_signed(signature);
    let block = chain.pin();
    let sample = |(call, to, wei, data): Call| {
        let data = execute_call(to, U256::from(wei), data);
        let mut operation = account.operation(0, data, false);
        operation.factory = Some(Factory { address: EIP7702_FACTORY, data: Bytes::new() });
        operation.authorization = Some(tuple.clone());
        account.sign(&mut operation);
        let account = account.clone();
        Sample {
            account: format!("Simple7702Account v{version}"),
            call,
            block: block.clone(),
            entry_point,
            stub: operation.signature.clone(),
            operation,
            plan: Box::new(AsSent),
            sign: Box::new(move |op| account.sign(op)),
        }
    };
    calls.into_iter().map(sample).collect()
}

/// An account under Writ's module, estimated without an attestation.
fn guarded(version: EntryPointVersion) -> Vec<Sample> {
    let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else {
        return Vec::new();
    };
    let calls = calls(&mut chain);
    let account = Arc::new(Guarded::new(&mut chain, entry_point, 3, 5));
    let block = chain.pin();
    let sample = |(call, to, wei, data): Call| {
        let operation = account.call(0, to, U256::from(wei), &data);
        let signer = account.clone();
        Sample {
            account: format!("module, 3 of 5, v{version}"),
            call,
            block: block.clone(),
            entry_point,
            stub: account.owner_signature(&operation),
            operation,
            plan: Box::new(Quorum(account.clone())),
            sign: Box::new(move |op| signer.sign(op)),
        }
    };
    calls.into_iter().map(sample).collect()
}

/// The account's own quorum signs each candidate.
#[derive(Debug)]
struct Quorum(Arc<Guarded>);

impl SignaturePlan for Quorum {
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String> {
        self.0.signature(operation)
    }

    fn longest(&self, operation: &UserOperation) -> usize {
        self.0.longest(operation)
    }
}

/// All of them; those of EntryPoint v0.9 only where its code is on the machine.
pub(crate) fn corpus() -> Vec<Sample> {
    let versions = EntryPointVersion::ALL;
    let packed = || versions.into_iter().filter(|version| version.is_packed());
    let mut samples = delegated();
    samples.extend(versions.into_iter().flat_map(|version| simple(version, false)));
    samples.extend(versions.into_iter().flat_map(|version| simple(version, true)));
    samples.extend(packed().flat_map(sponsored));
    samples.extend(packed().flat_map(guarded));
    samples
}

/// What was estimated, beside what was used in the same state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Sum of the limits found, slack aside, preVerificationGas aside.
    pub(crate) found: u64,
    /// Gas that the EntryPoint charged under those limits, preVerificationGas aside.
    pub(crate) used: u64,
    /// Runs of `handleOps` that the estimate took.
    #[allow(dead_code, reason = "for the bench")]
    pub(crate) runs: usize,
}

impl Measured {
    /// How far the estimate lies over real use, in per cent.
    pub(crate) fn excess(&self) -> f64 {
        100.0 * (self.found as f64 - self.used as f64) / self.used as f64
    }
}

impl Sample {
    fn partial(&self) -> PartialUserOperation {
        let mut partial = PartialUserOperation::from(self.operation.clone());
        partial.signature = Some(self.stub.clone());
        partial.call_gas_limit = None;
        partial.verification_gas_limit = None;
        partial.pre_verification_gas = None;
        if let Some(paymaster) = &mut partial.paymaster {
            paymaster.verification_gas_limit = None;
            paymaster.post_op_gas_limit = None;
        }
        partial
    }

    pub(crate) fn estimate(&self, simulator: &Simulator) -> GasEstimate {
        let request =
            EstimationRequest::new(self.entry_point, self.partial()).signed_by(self.plan.as_ref());
        estimate(simulator, &self.block, &request)
            .unwrap_or_else(|error| panic!("{}, {}: {error}", self.account, self.call))
    }

    /// Estimates, then sends the operation, signed, with exactly what was found.
    ///
    /// # Panics
    /// When that is too little, or it is too little with the slack on top.
    pub(crate) fn measure(&self, simulator: &Simulator) -> Measured {
        let estimate = self.estimate(simulator);
        let run = |limits: GasLimits| {
            let mut sent = self.operation.clone();
            limits.apply(&mut sent);
            sent.pre_verification_gas = estimate.pre_verification_gas;
            (self.sign)(&mut sent);
            let request = SimulationRequest::single(self.entry_point, sent);
            let simulation = simulator.simulate_sync(&self.block, &request).expect("a verdict");
            let name = format!("{}, {}", self.account, self.call);
            assert!(simulation.is_success(), "{name}: {limits:?}: {:?}", simulation.failure);
            simulation.ops[0].receipt.clone().expect("included").actual_gas_used
        };
        run(estimate.limits());
        let used = run(estimate.found) - estimate.pre_verification_gas;
        let found = estimate.found;
        let found = found.verification + found.call + found.paymaster_verification + found.post_op;
        let found = u64::try_from(found).expect("gas");
        Measured { found, used: used.to(), runs: estimate.runs }
    }
}
