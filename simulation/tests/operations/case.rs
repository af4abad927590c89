//! One operation whose entities are assembled for the test, and what the rules say about it.

use alloy::primitives::{Address, B256, Bytes, U256, address, keccak256};
use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};
use writ_simulation::{
    Simulation,
    rules::{self, RuleContext},
    trace::OpTrace,
};
use writ_types::{
    Constants, EIP7702_FACTORY, EntityKind, EntryPointVersion, Factory, Paymaster, RuleId,
    StakeInfo, UserOperation, Violation,
};

use crate::{
    asm::{Asm, account, asm, contract, factory, paymaster},
    world::World,
};

pub(crate) const FACTORY: Address = address!("00000000000000000000000000000000fac70123");
pub(crate) const PAYMASTER: Address = address!("0000000000000000000000000000000009a33a57");
/// A contract that is no entity.
pub(crate) const HELPER: Address = address!("0000000000000000000000000000000000e19e12");
/// An address with nothing at it.
pub(crate) const EMPTY: Address = address!("00000000000000000000000000000000e3917123");
/// Holds the code that a created account gets, so that its address does not depend on it.
const TEMPLATE: Address = address!("0000000000000000000000000000000000739123");
/// Holds the code that a created account's constructor runs.
const CONSTRUCTOR: Address = address!("0000000000000000000000000000000000c09123");
/// The account when there is no factory.
const EXISTING: Address = address!("00000000000000000000000000000000000acc01");

/// The account's init code: runs the constructor's code, then copies the template's.
pub(crate) fn init_code() -> Bytes {
    asm()
        .call(op::DELEGATECALL, CONSTRUCTOR, 0, &[])
        .address(TEMPLATE)
        .ops(&[op::EXTCODESIZE, op::DUP1])
        .push(0)
        .push(0)
        .address(TEMPLATE)
        .op(op::EXTCODECOPY)
        .push(0)
        .op(op::RETURN)
        .build()
}

/// The account's address when `creator` uses CREATE2 for it.
pub(crate) fn created_by(creator: Address) -> Address {
    creator.create2(B256::ZERO, keccak256(init_code()))
}

/// The sender of a case: what programs must know before the case is built.
pub(crate) fn sender() -> Address {
    EXISTING
}

/// The sender of a case with a factory.
pub(crate) fn new_sender() -> Address {
    created_by(FACTORY)
}

/// An operation under test.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    version: EntryPointVersion,
    spec: SpecId,
    sender: Address,
    account: Asm,
    constructor: Asm,
    factory: Option<Bytes>,
    paymaster: Option<Bytes>,
    contracts: Vec<(Address, Bytes)>,
    staked: Vec<Address>,
    call_data: Bytes,
    account_code: Option<Bytes>,
    initialisation: Option<Bytes>,
    verification_gas: u128,
    paymaster_gas: u128,
    constants: Constants,
}

/// An existing account that runs `body` in validation.
pub(crate) fn existing(body: Asm) -> Case {
    Case {
        version: EntryPointVersion::V07,
        spec: SpecId::PRAGUE,
        sender: sender(),
        account: body,
        constructor: asm(),
        factory: None,
        paymaster: None,
        contracts: Vec::new(),
        staked: Vec::new(),
        call_data: Bytes::new(),
        account_code: None,
        initialisation: None,
        verification_gas: 2_000_000,
        paymaster_gas: 2_000_000,
        constants: Constants::TEXT,
    }
}

/// An account created by a factory that runs `before` and `after` the creation.
pub(crate) fn created(before: Asm, after: Asm) -> Case {
    Case {
        sender: new_sender(),
        factory: Some(factory(before, &init_code(), after)),
        ..existing(asm())
    }
}

/// An account that does nothing, and a paymaster that runs `body`.
pub(crate) fn sponsored(body: Asm) -> Case {
    existing(asm()).paymaster(body, 0)
}

impl Case {
    pub(crate) fn on(mut self, version: EntryPointVersion) -> Self {
        self.version = version;
        self
    }

    pub(crate) fn fork(mut self, spec: SpecId) -> Self {
        self.spec = spec;
        self
    }

    pub(crate) fn account(mut self, body: Asm) -> Self {
        self.account = body;
        self
    }

    /// Runs in the created account's constructor, as the account.
    pub(crate) fn constructor(mut self, body: Asm) -> Self {
        self.constructor = body;
        self
    }

    pub(crate) fn paymaster(mut self, body: Asm, context_length: u64) -> Self {
        self.paymaster = Some(paymaster(body, context_length));
        self
    }

    /// Replaces the whole code of an existing account.
    pub(crate) fn account_code(mut self, code: Bytes) -> Self {
        self.account_code = Some(code);
        self
    }

    /// Calls an existing EIP-7702 account with `data` before it validates.
    pub(crate) fn initialised_by(mut self, data: impl Into<Bytes>) -> Self {
        self.initialisation = Some(data.into());
        self
    }

    /// Replaces the paymaster's whole code.
    pub(crate) fn paymaster_code(mut self, code: Bytes) -> Self {
        self.paymaster = Some(code);
        self
    }

    pub(crate) fn verification_gas(mut self, limit: u64) -> Self {
        self.verification_gas = limit.into();
        self
    }

    pub(crate) fn paymaster_gas(mut self, limit: u64) -> Self {
        self.paymaster_gas = limit.into();
        self
    }

    /// Judges by these constants.
    pub(crate) fn under(mut self, constants: Constants) -> Self {
        self.constants = constants;
        self
    }

    /// Replaces the factory's code; the sender is where `creator` puts it.
    pub(crate) fn factory_code(mut self, code: Bytes, creator: Address) -> Self {
        self.factory = Some(code);
        self.sender = created_by(creator);
        self
    }

    /// Puts the sender somewhere else.
    pub(crate) fn sender_at(mut self, sender: Address) -> Self {
        self.sender = sender;
        self
    }

    pub(crate) fn with(mut self, at: Address, body: Asm) -> Self {
        self.contracts.push((at, contract(body)));
        self
    }

    pub(crate) fn with_code(mut self, at: Address, code: Bytes) -> Self {
        self.contracts.push((at, code));
        self
    }

    pub(crate) fn staked(mut self, entity: Address) -> Self {
        self.staked.push(entity);
        self
    }

    /// Four bytes of callData, so that the account's `executing` part runs.
    pub(crate) fn execute(mut self) -> Self {
        self.call_data = vec![1, 2, 3, 4].into();
        self
    }

    fn operation(&self) -> UserOperation {
        let initialisation = self.initialisation.clone();
        let initialisation = initialisation.map(|data| Factory { address: EIP7702_FACTORY, data });
        UserOperation {
            version: self.version,
            sender: self.sender,
            nonce: U256::ZERO,
            factory: self
                .factory
                .as_ref()
                .map(|_| Factory { address: FACTORY, data: Bytes::new() })
                .or(initialisation),
            call_data: self.call_data.clone(),
            call_gas_limit: 200_000,
            verification_gas_limit: self.verification_gas,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 0,
            max_priority_fee_per_gas: 0,
            paymaster: self.paymaster.as_ref().map(|_| Paymaster {
                address: PAYMASTER,
                verification_gas_limit: self.paymaster_gas,
                post_op_gas_limit: 100_000,
                data: Bytes::new(),
                signature: None,
            }),
            signature: Bytes::new(),
            authorization: None,
        }
    }

    /// Runs it through the real EntryPoint.
    pub(crate) fn simulate(&self) -> Simulation {
        let mut world = World::of(self.version);
        let place = |world: &mut World, at, code: &Bytes| {
            world.put(at, code.clone());
            world.fund(at, U256::from(1_000));
        };
        if self.factory.is_none() {
            let code = || account(self.account.clone());
            let code = self.account_code.clone().unwrap_or_else(code);
            place(&mut world, self.sender, &code);
        } else {
            place(&mut world, TEMPLATE, &account(self.account.clone()));
            place(&mut world, CONSTRUCTOR, &contract(self.constructor.clone()));
            world.fund(self.sender, U256::from(1_000));
        }
        for (at, code) in self
            .contracts
            .iter()
            .map(|(at, code)| (*at, code))
            .chain(self.factory.iter().map(|code| (FACTORY, code)))
            .chain(self.paymaster.iter().map(|code| (PAYMASTER, code)))
        {
            place(&mut world, at, code);
        }
        world.simulate(self.spec, vec![self.operation()])
    }

    /// The trace, whether or not the EntryPoint accepted.
    pub(crate) fn trace(&self) -> OpTrace {
        self.simulate().ops.remove(0).trace
    }

    /// What the rules find in a trace, with the stakes and constants of the case.
    pub(crate) fn judge(&self, trace: &OpTrace) -> Vec<Violation> {
        let stakes = self.staked.iter().map(|address| StakeInfo {
            address: *address,
            stake: U256::from(10).pow(U256::from(18)),
            unstake_delay: 86_400,
        });
        let context = RuleContext { stakes: stakes.collect(), constants: self.constants };
        rules::check(trace, &context)
    }

    /// What the rules find in an operation that the EntryPoint accepts.
    #[track_caller]
    pub(crate) fn violations(&self) -> Vec<Violation> {
        let simulation = self.simulate();
        assert!(simulation.failure.is_none(), "rejected: {}", simulation.failure.unwrap());
        self.judge(&simulation.ops[0].trace)
    }

    /// What the rules find in an operation that the EntryPoint rejects.
    #[track_caller]
    pub(crate) fn violations_when_rejected(&self) -> Vec<Violation> {
        let simulation = self.simulate();
        assert!(simulation.failure.is_some(), "accepted");
        self.judge(&simulation.ops[0].trace)
    }

    /// Asserts the exact set of violations, by rule and entity.
    #[track_caller]
    pub(crate) fn breaks(&self, expected: &[(RuleId, EntityKind)]) {
        assert_eq!(ids(&self.violations()), expected, "{self:?}");
    }

    /// Asserts that there is no violation.
    #[track_caller]
    pub(crate) fn is_fine(&self) {
        self.breaks(&[]);
    }
}

/// Rules and entities of violations.
pub(crate) fn ids(violations: &[Violation]) -> Vec<(RuleId, EntityKind)> {
    violations.iter().map(|violation| (violation.rule, violation.entity.kind)).collect()
}
