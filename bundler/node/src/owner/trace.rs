//! Runs the check and judges what it did.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, Bytes, KECCAK256_EMPTY, U256, aliases::U192, keccak256},
    sol_types::SolCall,
};
use writ_bindings::EntryPoint as EntryPointAbi;
use writ_simulation::{
    Failure, OpOutcome, Overrides, PinnedBlock, Simulation, SimulationRequest, Simulator,
    rules::{self, RuleContext},
    trace::FrameStatus,
};
use writ_types::{Profile, UserOperation, Violation};

use super::{
    OwnerSubject, OwnerTraceError,
    probe::{self, MOVED_CODE},
    report::{
        CodeEntry, FORMAT, OwnerReport, OwnerResult, Run, RunOutcome, TracedViolation, complaint,
    },
};

/// Traces the owner's check with `stub`, and with `signature` if there is one.
///
/// # Errors
/// When there is no verdict: the node, the limits of a simulation, or that the module does not take the owner at all.
pub async fn trace(
    simulator: &Simulator,
    block: &PinnedBlock,
    subject: &OwnerSubject,
    stub: &Bytes,
    signature: Option<&Bytes>,
) -> Result<OwnerReport, OwnerTraceError> {
    let entry_point = subject.entry_point.address;
    for (what, at) in [
        ("module", subject.module),
        ("entry-point", entry_point),
        ("owner-validator", subject.validator),
        ("owner", subject.owner),
    ] {
        if is_empty(block, at).await? {
            return Err(OwnerTraceError::NoCode { what, at });
        }
    }
    let overrides = probe::prepared(simulator, block, subject).await?;
    let operation = operation(simulator, block, subject).await?;
    let operation_hash = operation.hash(entry_point, block.chain_id(), None)?;

    let mut touched = BTreeSet::from([subject.module, subject.validator, subject.owner]);
    let mut runs = Vec::new();
    for (with, signature) in [("stub", Some(stub)), ("signature", signature)] {
        let Some(signature) = signature else { continue };
        let operation = UserOperation { signature: signature.clone(), ..operation.clone() };
        let request = SimulationRequest::single(subject.entry_point, operation)
            .with_overrides(overrides.clone())
            .validation_only();
        let simulation = simulator.simulate(block, &request).await?;
        let run = judged(with, subject, &simulation, &overrides);
        touched.extend(&run.touched);
        runs.push(run);
    }
    let violations: Vec<_> = runs
        .iter()
        .flat_map(|run| &run.violations)
        .map(|violation| violation.sentence.clone())
        .collect();
    let result = if !violations.is_empty() {
        OwnerResult::Violates
    } else if runs.iter().any(|run| complaint(run, operation_hash).is_some()) {
        OwnerResult::Unusable
    } else if runs.len() < 2 {
        OwnerResult::StubOnly
    } else {
        OwnerResult::Passes
    };
    let code_of_owner = block.account(subject.owner).await?.code.map(|code| code.original_bytes());
    let owner_data = code_of_owner.as_ref().and_then(|code| code.get(1..)).unwrap_or_default();
    Ok(OwnerReport {
        format: FORMAT.to_owned(),
        chain_id: block.chain_id(),
        block_number: block.number(),
        block_hash: block.hash(),
        entry_point,
        account: subject.account,
        module: subject.module,
        owner_validator: subject.validator,
        owner: subject.owner,
        owner_data: Bytes::copy_from_slice(owner_data),
        operation_hash,
        code: code(block, touched).await?,
        runs,
        violations,
        result,
    })
}

async fn is_empty(block: &PinnedBlock, at: Address) -> Result<bool, OwnerTraceError> {
    let hash = block.account(at).await?.code_hash;
    Ok(hash == KECCAK256_EMPTY || hash.is_zero())
}

/// One that does nothing and costs nothing: whoever gets hold of its signature has gained a nonce that nobody uses.
async fn operation(
    simulator: &Simulator,
    block: &PinnedBlock,
    subject: &OwnerSubject,
) -> Result<UserOperation, OwnerTraceError> {
    let key = U192::from_be_slice(&keccak256("writ.owner-trace.nonce")[8..]);
    let call = EntryPointAbi::getNonceCall { sender: subject.account, key };
    let answer = simulator.call(block, subject.entry_point.address, call.abi_encode().into());
    let answer = answer.await?.map_err(|failure| OwnerTraceError::Nonce(failure.to_string()))?;
    let nonce = EntryPointAbi::getNonceCall::abi_decode_returns(&answer)
        .map_err(|error| OwnerTraceError::Nonce(error.to_string()))?;
    let most = constants().max_verification_gas.saturating_sub(1);
    Ok(UserOperation {
        version: subject.entry_point.version,
        sender: subject.account,
        nonce,
        factory: None,
        call_data: Bytes::new(),
        call_gas_limit: 0,
        verification_gas_limit: most.into(),
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 0,
        max_priority_fee_per_gas: 0,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    })
}

const fn constants() -> writ_types::Constants {
    writ_types::Constants::of(Profile::Default)
}

fn judged(
    with: &str,
    subject: &OwnerSubject,
    simulation: &Simulation,
    overrides: &Overrides,
) -> Run {
    // Nobody's stake is counted: an account without one must be able to have this owner.
    let context = RuleContext { stakes: Vec::new(), constants: constants() };
    let outcome = simulation.last();
    let violations = outcome.map(|outcome| rules::check(&outcome.trace, &context));
    let violations = violations.unwrap_or_default();
    let frame = outcome.and_then(|outcome| outcome.trace.account.as_ref());
    Run {
        with: with.to_owned(),
        outcome: ended(outcome, simulation.failure.as_ref()),
        reason: simulation.failure.as_ref().map(ToString::to_string),
        gas_used: frame.map_or(0, |frame| frame.gas_used),
        touched: outcome.map(|outcome| touched(subject, outcome, overrides)).unwrap_or_default(),
        violations: violations.into_iter().map(|found| told(with, subject, found)).collect(),
    }
}

fn ended(outcome: Option<&OpOutcome>, failure: Option<&Failure>) -> RunOutcome {
    let ran = outcome
        .and_then(|outcome| outcome.trace.account.as_ref())
        .is_some_and(|frame| frame.status == FrameStatus::Success);
    match failure {
        None if ran => RunOutcome::Accepted,
        Some(Failure::Op(failed))
            if ran && failed.aa_code.is_some_and(|code| code.is_signature()) =>
        {
            RunOutcome::Rejected
        }
        _ => RunOutcome::Failed,
    }
}

fn told(with: &str, subject: &OwnerSubject, found: Violation) -> TracedViolation {
    let address = found.address.map(|at| if at == MOVED_CODE { subject.account } else { at });
    let at = match address {
        None => String::new(),
        Some(at) if at == subject.account => format!(", at the account {at}"),
        Some(at) if at == subject.module => format!(", at the module {at}"),
        Some(at) if at == subject.validator => format!(", at the validator {at}"),
        Some(at) => format!(", at {at}"),
    };
    let sentence = format!(
        "{}: with the {with}, the owner's check {}{at}; the rule: {}",
        found.rule,
        found.detail,
        found.rule.meaning()
    );
    TracedViolation { rule: found.rule, address, detail: found.detail, sentence }
}

/// What was run or looked at, but for what was only pretended; the account where its own code was.
fn touched(subject: &OwnerSubject, outcome: &OpOutcome, overrides: &Overrides) -> Vec<Address> {
    let pretended =
        |at: &Address| overrides.get(at).is_some_and(|pretended| pretended.code.is_some());
    let visited = outcome.trace.code_visits.iter().map(|visit| visit.address);
    let touched: BTreeSet<_> = visited
        .filter_map(|at| match at {
            MOVED_CODE => Some(subject.account),
            _ => (!pretended(&at)).then_some(at),
        })
        .collect();
    touched.into_iter().collect()
}

/// The code at these addresses. Precompiles have none.
async fn code(
    block: &PinnedBlock,
    addresses: BTreeSet<Address>,
) -> Result<Vec<CodeEntry>, OwnerTraceError> {
    let mut entries = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !is_empty(block, address).await? {
            let code_hash = block.account(address).await?.code_hash;
            entries.push(CodeEntry { address, code_hash });
        }
    }
    Ok(entries)
}
