//! Compiled policies, and policies bound to an account's parameters.

use std::{cell::RefCell, fmt, sync::Arc};

use alloy::primitives::B256;

use crate::{
    Bundle, BundleError, Decision, DenyCode, Limits, Manifest, Parameters, ParametersError, Value,
    agreement, check_input, decode, decode_json,
    encoding::encode_bare,
    engine::Engine,
    facts::FactSource,
    schema::Schema,
    self_check,
    vm::{Answer, FUEL_LIMIT, FuelBound, InputSize, Machine, Program, Shape},
};

mod examine;

pub use examine::{EngineAnswer, Examination};

/// An evaluation without an answer. Nobody may sign anything because of it, not even a denial:
/// another machine may well get further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A limit of this machine was reached, or its engine failed.
    #[error("evaluation abandoned: {0}")]
    Abstain(String),
    /// PolicyVM and regorus came to different results: a defect in one of them.
    #[error("the policy's two engines differ: {0}")]
    Differ(String),
}

/// A policy that passed every check and is ready to be bound to parameters.
///
/// Cheap to share: `Send`, `Sync`, and usually held in an [`Arc`].
pub struct CompiledPolicy {
    bundle: Bundle,
    manifest: Arc<Manifest>,
    policy_id: B256,
    schema: Schema,
    engine: Engine,
    program: Option<Arc<Program>>,
}

impl CompiledPolicy {
    /// Compiles a bundle: once here, evaluated many times later.
    ///
    /// # Errors
    /// If this build's engine is not exact, or the code, the schema or the entry rule is not
    /// accepted, with file, line and column where there is one.
    pub fn compile(bundle: Bundle) -> Result<Self, BundleError> {
        self_check().map_err(BundleError::Engine)?;
        let schema = Schema::compile(bundle.schema()).map_err(BundleError::Schema)?;
        let files: Vec<(&str, &str)> =
            bundle.sources().iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (engine, checks) = Engine::new(&files, &bundle.manifest().entry)?;
        checks.check()?;
        if !bundle.manifest().reads_history
            && let Some(at) = checks.input_field("history")
        {
            return Err(BundleError::History(at));
        }
        let program = match bundle.manifest().program {
            None => None,
            Some(expected) => {
                let program = engine.provable()?;
                let actual = program.hash();
                if actual != expected {
                    return Err(BundleError::Program { expected, actual });
                }
                Some(Arc::new(program))
            }
        };
        let manifest = Arc::new(bundle.manifest().clone());
        Ok(Self { policy_id: bundle.policy_id(), bundle, manifest, schema, engine, program })
    }

    /// The PolicyVM program, if the policy is provable.
    pub fn program(&self) -> Option<&Program> {
        self.program.as_deref()
    }

    /// The most that any evaluation takes, if the policy is provable: of whatever parameters the
    /// schema permits, on whatever input.
    pub fn fuel_bound(&self) -> Option<FuelBound> {
        self.fuel_bound_for(&InputSize::ANY)
    }

    /// The same on inputs of at most this size.
    pub fn fuel_bound_for(&self, size: &InputSize) -> Option<FuelBound> {
        let parameters = Shape::of_schema(self.bundle.schema());
        Some(FuelBound::of(self.program()?, &parameters, &Shape::of_input(size)))
    }

    /// The policy's id.
    pub const fn policy_id(&self) -> B256 {
        self.policy_id
    }

    /// The files that it was compiled from.
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What the policy says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checks parameters written as JSON, as people set them.
    ///
    /// # Errors
    /// If the JSON does not decode or does not fit the schema.
    pub fn parameters_from_json(&self, json: &str) -> Result<Parameters, ParametersError> {
        self.parameters(decode_json(json, &Limits::PARAMETERS)?)
    }

    /// Checks parameters in canonical encoding, as the chain's events carry them.
    ///
    /// # Errors
    /// If the bytes are not canonical or the value does not fit the schema.
    pub fn parameters_from_encoding(&self, encoded: &[u8]) -> Result<Parameters, ParametersError> {
        self.parameters(decode(encoded, &Limits::PARAMETERS)?)
    }

    /// Checks parameters that are already a value.
    ///
    /// # Errors
    /// If the value does not fit the schema.
    pub fn parameters(&self, value: Value) -> Result<Parameters, ParametersError> {
        self.schema.check(&value).map_err(ParametersError::Schema)?;
        for fact in &self.manifest.required_facts {
            if let FactSource::Statement(rule) = &fact.source
                && rule.issuers.resolve(&value).is_none()
            {
                let problem =
                    format!("the issuers of fact {} are not a list of addresses", fact.name);
                return Err(ParametersError::Schema(vec![problem]));
            }
        }
        Ok(Parameters::new(self.policy_id, value))
    }

    /// Binds the policy to parameters.
    ///
    /// # Errors
    /// If the parameters were checked for another policy.
    pub fn bind(&self, parameters: Parameters) -> Result<BoundPolicy, ParametersError> {
        if parameters.policy_id() != self.policy_id {
            return Err(ParametersError::OtherPolicy(parameters.policy_id(), self.policy_id));
        }
        let engine =
            self.engine.with_parameters(parameters.value()).map_err(ParametersError::Engine)?;
        let description = self.bundle.words().describe(parameters.value());
        let manifest = self.manifest.clone();
        let program = self.program.clone().map(|program| {
            let parameters = encode_bare(parameters.value());
            BoundProgram { program, parameters }
        });
        Ok(BoundPolicy { manifest, parameters, engine, program, description })
    }

    /// Binds and evaluates at once; whoever evaluates more than once binds once.
    ///
    /// # Errors
    /// As [`BoundPolicy::evaluate`]. Parameters of another policy are a denial.
    pub fn evaluate(
        &self,
        input: &Value,
        parameters: &Parameters,
    ) -> Result<Decision, EvaluationError> {
        match self.bind(parameters.clone()) {
            Ok(bound) => bound.evaluate(input),
            Err(error) => Ok(Decision::deny(DenyCode::EvaluationFailed, error.to_string())),
        }
    }

    /// What the policy means under these parameters, in sentences for people.
    pub fn describe(&self, parameters: &Parameters) -> Vec<String> {
        self.bundle.words().describe(parameters.value())
    }
}

impl fmt::Debug for CompiledPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompiledPolicy")
            .field("name", &self.manifest().name)
            .field("policy_id", &self.policy_id)
            .finish_non_exhaustive()
    }
}

/// A policy with an account's parameters in place.
#[derive(Clone)]
pub struct BoundPolicy {
    manifest: Arc<Manifest>,
    parameters: Parameters,
    engine: Engine,
    program: Option<BoundProgram>,
    description: Vec<String>,
}

impl BoundPolicy {
    /// The policy's id.
    pub const fn policy_id(&self) -> B256 {
        self.parameters.policy_id()
    }

    /// The parameters.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether the decision depends on the account's history.
    pub fn reads_history(&self) -> bool {
        self.manifest.reads_history
    }

    /// What the policy says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the policy means under its parameters, in sentences for people.
    pub fn describe(&self) -> &[String] {
        &self.description
    }

    /// Decides on an input document.
    ///
    /// Everything that is the same on every machine is a decision, and everything but an allow
    /// without reasons is a denial: an undefined result, an error, a result of another shape, an
    /// input that is not version 2.
    ///
    /// # Errors
    /// [`EvaluationError::Abstain`] if a limit of this machine was reached.
    pub fn evaluate(&self, input: &Value) -> Result<Decision, EvaluationError> {
        match check_input(input) {
            Ok(()) => self.evaluate_checked(input),
            Err(error) => Ok(Decision::deny(DenyCode::MalformedInput, error.to_string())),
        }
    }

    /// What PolicyVM alone decides on an input document, as the chain re-executes it in a dispute: without a second engine
    /// and without looking at the document's shape. `None` if the policy is not provable.
    pub fn re_execute(&self, input: &Value) -> Option<Decision> {
        self.program.as_ref().map(|bound| agreement::decide_by_proof(&bound.run(input).0))
    }

    /// Decides on an input whose shape is already known to be right.
    pub(crate) fn evaluate_checked(&self, input: &Value) -> Result<Decision, EvaluationError> {
        let strict = self.engine.evaluate(input);
        let decision = match &self.program {
            Some(bound) => agreement::decide(&bound.run(input).0, strict),
            None => agreement::decide_alone(strict),
        };
        // Behind the policy, and not instead of it: a fact that is missing takes the same way as one that is there.
        self.with_facts(decision, input)
    }
}

/// A program with its parameters as it reads them.
#[derive(Clone, Debug)]
struct BoundProgram {
    program: Arc<Program>,
    parameters: Vec<u8>,
}

impl BoundProgram {
    /// The answer, and the fuel that it took.
    fn run(&self, input: &Value) -> (Answer, u64) {
        thread_local! {
            /// Its memory is kept from one evaluation to the next.
            static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
        }
        let input = encode_bare(input);
        MACHINE.with_borrow_mut(|machine| {
            machine.run(&self.program, &self.parameters, &input, FUEL_LIMIT)
        })
    }
}

impl fmt::Debug for BoundPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BoundPolicy")
            .field("policy_id", &self.policy_id())
            .field("parameters", &self.parameters.hash())
            .finish_non_exhaustive()
    }
}

/// Compile-time proof that policies can be shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Arc<CompiledPolicy>>();
    shared::<BoundPolicy>();
};
