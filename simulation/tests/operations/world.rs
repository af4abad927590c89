//! Test chains with one EntryPoint each, deployed once per process.

use std::sync::LazyLock;

use alloy::primitives::{Address, Bytes, U256};
use revm::primitives::hardfork::SpecId;
use writ_simulation::{
    PinnedBlock, Simulation, SimulationRequest, Simulator, SimulatorOptions, test_utils::TestChain,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

/// A simulator under a fork's rules.
pub(crate) fn simulator(fork: SpecId) -> Simulator {
    Simulator::new(SimulatorOptions { spec: fork, ..SimulatorOptions::default() })
}

/// A chain with one EntryPoint at its canonical address.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) entry_point: EntryPoint,
}

type Lazy = LazyLock<Option<World>>;

static V06: Lazy = LazyLock::new(|| World::new(EntryPointVersion::V06));
static V07: Lazy = LazyLock::new(|| World::new(EntryPointVersion::V07));
static V08: Lazy = LazyLock::new(|| World::new(EntryPointVersion::V08));
static V09: Lazy = LazyLock::new(|| World::new(EntryPointVersion::V09));

impl World {
    fn new(version: EntryPointVersion) -> Option<Self> {
        let (chain, entry_point) = TestChain::with_entry_point(version)?;
        Some(Self { chain, entry_point })
    }

    fn shared(version: EntryPointVersion) -> Option<&'static Self> {
        match version {
            EntryPointVersion::V06 => V06.as_ref(),
            EntryPointVersion::V07 => V07.as_ref(),
            EntryPointVersion::V08 => V08.as_ref(),
            EntryPointVersion::V09 => V09.as_ref(),
        }
    }

    /// A chain with nothing but the EntryPoint.
    pub(crate) fn of(version: EntryPointVersion) -> Self {
        Self::shared(version).expect("its code is on this machine").clone()
    }

    /// The versions whose code is on this machine; absence of v0.9 is told.
    pub(crate) fn versions() -> Vec<EntryPointVersion> {
        let present = |version: &EntryPointVersion| Self::shared(*version).is_some();
        EntryPointVersion::ALL.into_iter().filter(present).collect()
    }

    pub(crate) fn put(&mut self, at: Address, code: Bytes) {
        self.chain.put(at, code);
    }

    /// Sets a balance.
    pub(crate) fn fund(&mut self, account: Address, wei: U256) {
        self.chain.fund(account, wei);
    }

    pub(crate) fn pin(&self) -> PinnedBlock {
        self.chain.pin()
    }

    /// Runs a bundle through the EntryPoint as a fork's rules have it.
    pub(crate) fn simulate(&self, fork: SpecId, ops: Vec<UserOperation>) -> Simulation {
        let request = SimulationRequest::bundle(self.entry_point, ops);
        simulator(fork).simulate_sync(&self.pin(), &request).unwrap()
    }
}
