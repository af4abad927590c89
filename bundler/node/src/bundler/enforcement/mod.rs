//! What can go around the module on an account, by WritLens.
//!
//! ```text
//! account ──┬─ events (scan) ──> candidates ──┐
//!           └─ ERC-1967 slot ─────────────────┴─> Evidence ──> WritLens in revm, on the pinned block ──> EnforcementView
//! ```
//!
//! Invariants:
//! * The lens judges; here nothing is called closed that it does not call closed.
//! * A scan that is not whole is handed over as `Partial`: what was not looked at can be open, never closed.
//! * Reports are kept for one block, and a scan for as long as the account runs the same code.

mod candidates;
mod scan;
mod words;

use std::{num::NonZeroUsize, sync::Arc};

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, uint},
    sol_types::SolCall,
};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::{OnceCell, Semaphore};
use writ_bindings::WritLens;
use writ_rpc::{CandidatesView, EnforcementView, PathView};
use writ_simulation::{NodeClient, Overrides, PinnedBlock, SimulationError, Simulator};

use self::{
    candidates::Candidates,
    scan::{Scan, ScanLimits},
    words::{HARMLESS_FROM, KINDS, PATHS, VERDICTS},
};

/// Where the lens stands while it is asked: the last 20 bytes of `keccak256("writ.lens")`.
const LENS: Address = address!("9151380b02cd5df6898490d4789cec012c7281ba");
/// ERC-1967's slot of the implementation.
const ERC1967: U256 =
    uint!(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256);
/// `Source` of the lens.
const PARTIAL: u8 = 0;
const EVENTS: u8 = 1;
/// Accounts whose scans and reports are kept.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_023);
/// Accounts that are looked at at the same time; further ones wait.
const AT_ONCE: usize = 4;

/// Asks the lens, and remembers.
#[derive(Debug)]
pub(super) struct Enforcement {
    simulator: Simulator,
    client: NodeClient,
    limits: ScanLimits,
    /// Runtime code.
    lens: OnceCell<Bytes>,
    kept: Mutex<LruCache<(Address, Address), Kept>>,
    workers: Semaphore,
}

/// What is known of an account under a module.
#[derive(Clone, Debug)]
struct Kept {
    code_hash: B256,
    scan: Scan,
    block: B256,
    view: Arc<EnforcementView>,
}

impl Enforcement {
    /// Nothing is asked yet.
    pub(super) fn new(simulator: Simulator, client: NodeClient) -> Self {
        Self {
            simulator,
            client,
            limits: ScanLimits::default(),
            lens: OnceCell::new(),
            kept: Mutex::new(LruCache::new(KEPT)),
            workers: Semaphore::new(AT_ONCE),
        }
    }

    /// What the lens says of the account at the block. What cannot be examined is told as such, and is never an error.
    pub(super) async fn view(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
    ) -> EnforcementView {
        match self.examine(block, module, account).await {
            Ok(view) => (*view).clone(),
            Err(reason) => unexamined(reason),
        }
    }

    async fn examine(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
    ) -> Result<Arc<EnforcementView>, String> {
        let _permit = self.workers.acquire().await.map_err(|error| error.to_string())?;
        let info = block.account(account).await.map_err(|error| error.to_string())?;
        let kept = self.kept.lock().get(&(module, account)).cloned();
        let kept = kept.filter(|kept| kept.code_hash == info.code_hash);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.block == block.hash()) {
            return Ok(kept.view.clone());
        }
        let before = kept.map(|kept| kept.scan);
        let mut scan = Scan::of(&self.client, account, block, before, self.limits).await;
        let delegated = info.code.as_ref().is_some_and(|code| code.eip7702_address().is_some());
        if delegated && scan.partial.is_none() {
            // Its code may have come and gone before, and its storage stays.
            scan.partial = Some("an EIP-7702 account may have lived before it had code".to_owned());
        }
        let view = self.ask(block, module, account, &scan).await?;
        let view = Arc::new(view);
        let kept =
            Kept { code_hash: info.code_hash, scan, block: block.hash(), view: view.clone() };
        self.kept.lock().put((module, account), kept);
        Ok(view)
    }

    async fn ask(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
        scan: &Scan,
    ) -> Result<EnforcementView, String> {
        let slot = block.storage(account, ERC1967).await.map_err(|error| error.to_string())?;
        let candidates = Candidates::of(&scan.events);
        let reason = scan.partial.clone().or_else(|| candidates.lacking.map(str::to_owned));
        let evidence = WritLens::Evidence {
            implementation: Address::from_word(slot.into()),
            source: if reason.is_some() { PARTIAL } else { EVENTS },
            validators: candidates.validators,
            permissions: candidates.permissions,
            executors: candidates.executors,
            handlers: candidates.handlers,
            // Of a Safe nobody told which guards are Writ's, and of handlers no event tells the functions.
            guard: Address::ZERO,
            moduleGuard: Address::ZERO,
            selectors: Vec::new(),
            vouched: Vec::new(),
        };
        let call = WritLens::verifyEnforcementCall { account, module, evidence };
        let lens = self
            .lens
            .get_or_try_init(|| self.lens_code(block))
            .await
            .map_err(|error| error.to_string())?;
        let overrides = Overrides::new().with_code(LENS, lens.clone());
        let answer = self
            .simulator
            .call_with(block, &overrides, LENS, call.abi_encode().into())
            .await
            .map_err(|error| error.to_string())?
            .map_err(|failure| format!("the lens {failure}"))?;
        let report = WritLens::verifyEnforcementCall::abi_decode_returns(&answer)
            .map_err(|error| format!("the lens answers with something else: {error}"))?;
        let candidates = CandidatesView {
            source: if reason.is_some() { "partial" } else { "events" }.to_owned(),
            from_block: (scan.from <= scan.to).then_some(scan.from),
            reason,
        };
        told(&report, candidates)
    }

    /// The lens has no constructor: what its creation code returns is its code.
    async fn lens_code(&self, block: &PinnedBlock) -> Result<Bytes, SimulationError> {
        let overrides = Overrides::new().with_code(LENS, WritLens::BYTECODE.clone());
        let made = self.simulator.call_with(block, &overrides, LENS, Bytes::new()).await?;
        made.map_err(|failure| {
            SimulationError::InvalidRequest(format!("the lens cannot be made: it {failure}"))
        })
    }
}

fn unexamined(reason: String) -> EnforcementView {
    EnforcementView {
        enforced: false,
        unexamined: Some(reason),
        kind: KINDS[0].to_owned(),
        implementation: Address::ZERO,
        code_hash: B256::ZERO,
        implementation_from_storage: false,
        candidates: CandidatesView { source: "partial".to_owned(), from_block: None, reason: None },
        paths: Vec::new(),
    }
}

fn told(report: &WritLens::Report, candidates: CandidatesView) -> Result<EnforcementView, String> {
    let unknown = |what: &str| format!("the lens speaks of a {what} that is not known");
    if report.findings.len() != PATHS.len() {
        return Err(unknown("path"));
    }
    let mut paths = Vec::with_capacity(PATHS.len());
    for (index, (finding, path)) in report.findings.iter().zip(&PATHS).enumerate() {
        if usize::from(finding.path) != index {
            return Err(unknown("path"));
        }
        let verdict =
            *VERDICTS.get(usize::from(finding.verdict)).ok_or_else(|| unknown("verdict"))?;
        paths.push(PathView {
            path: path.name.to_owned(),
            title: path.title.to_owned(),
            verdict: verdict.to_owned(),
            reason: (finding.verdict < HARMLESS_FROM).then(|| path.reason.to_owned()),
            subject: (!finding.subject.is_zero()).then_some(finding.subject),
            selector: (!finding.selector.is_zero()).then_some(finding.selector),
        });
    }
    let closed = report.findings.iter().all(|finding| finding.verdict >= HARMLESS_FROM);
    let kind = *KINDS.get(usize::from(report.kind)).ok_or_else(|| unknown("kind"))?;
    Ok(EnforcementView {
        enforced: report.enforced && closed,
        unexamined: None,
        kind: kind.to_owned(),
        implementation: report.implementation,
        code_hash: report.codeHash,
        implementation_from_storage: report.implementationFromCaller,
        candidates,
        paths,
    })
}
