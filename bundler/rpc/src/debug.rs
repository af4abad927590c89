//! `debug_bundler_*` of ERC-7769: a bundler under test is looked at, set up and driven.
//!
//! Whoever reaches these methods owns the pool. They are served on a listener of their own, which is off unless it is
//! asked for, and none of them gets an operation past the gate.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use jsonrpsee::core::RegisterMethodError;
use serde::Serialize;
use serde_json::{Value, json};
use writ_types::{
    EntryPoint, ErrorCode, FieldError, ParseLimits, Refusal, UserOperation, parse_address,
    parse_quantity,
};

use crate::{
    MethodLimits,
    dispatch::{Context, Methods},
    params::entry_point,
};

/// Most entries in one call.
const MAX_LIST: usize = 1_000;

/// How ERC-7562 looks at an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReputationStatus {
    /// Not limited beyond the usual.
    Ok,
    /// Few operations at a time (GREP-020).
    Throttled,
    /// No operations at all (GREP-010).
    Banned,
}

impl ReputationStatus {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Banned => "banned",
        }
    }

    /// The number that public test suites compare with.
    const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Throttled => 1,
            Self::Banned => 2,
        }
    }
}

/// What is known of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReputationEntry {
    /// The entity.
    pub address: Address,
    /// Valid operations received.
    pub ops_seen: u64,
    /// Of those, included.
    pub ops_included: u64,
    /// What follows from the two.
    pub status: ReputationStatus,
}

/// What `debug_bundler_setReputation` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReputationSetting {
    /// The entity.
    pub address: Address,
    /// Valid operations received.
    pub ops_seen: u64,
    /// Of those, included.
    pub ops_included: u64,
}

/// When bundles are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundling {
    /// Every block.
    Auto,
    /// Only on `debug_bundler_sendBundleNow`.
    Manual,
}

/// An address's stake at an EntryPoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StakeStatus {
    /// The stake.
    pub stake_info: StakeView,
    /// Whether it counts as staked by this bundler's minimums (SREP-010).
    pub is_staked: bool,
}

/// The numbers of a stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StakeView {
    /// Whose.
    #[serde(serialize_with = "crate::response::checksummed")]
    pub addr: Address,
    /// Wei, in decimal.
    #[serde(serialize_with = "decimal")]
    pub stake: U256,
    /// Seconds, in decimal.
    #[serde(serialize_with = "decimal")]
    pub unstake_delay_sec: u32,
}

fn decimal<T: ToString, S: serde::Serializer>(
    number: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&number.to_string())
}

/// The bundler behind the debug methods.
pub trait DebugBackend: Send + Sync + 'static {
    /// The EntryPoints served, preferred first.
    fn entry_points(&self) -> Vec<EntryPoint>;

    /// Bounds on operations.
    fn parse_limits(&self) -> ParseLimits;

    /// Drops every pooled operation.
    fn clear_mempool(&self) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Forgets every reputation.
    fn clear_reputation(&self) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The pooled operations of one EntryPoint, in the order of their arrival.
    fn dump_mempool(
        &self,
        entry_point: EntryPoint,
    ) -> impl Future<Output = Result<Vec<UserOperation>, Refusal>> + Send;

    /// Every known reputation.
    fn dump_reputation(
        &self,
        entry_point: EntryPoint,
    ) -> impl Future<Output = Result<Vec<ReputationEntry>, Refusal>> + Send;

    /// Sets reputations.
    fn set_reputation(
        &self,
        entry_point: EntryPoint,
        settings: Vec<ReputationSetting>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Builds and sends a bundle now; the transaction, if one was sent.
    fn send_bundle_now(&self) -> impl Future<Output = Result<Option<B256>, Refusal>> + Send;

    /// Sets when bundles are built.
    fn set_bundling(&self, bundling: Bundling) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// An address's stake.
    fn stake_status(
        &self,
        address: Address,
        entry_point: EntryPoint,
    ) -> impl Future<Output = Result<StakeStatus, Refusal>> + Send;

    /// Pools operations without validating them. The gate is asked all the same.
    fn add_user_operations(
        &self,
        entry_point: EntryPoint,
        operations: Vec<UserOperation>,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// How the debug methods answer where tools disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DebugOptions {
    /// `dumpReputation` gives the status as a number (0 ok, 1 throttled, 2 banned), as a public test suite wants it, and
    /// not as ERC-7769's word.
    pub numeric_status: bool,
}

/// All debug methods over `backend`.
///
/// # Errors
/// Never in practice: only if two methods had one name.
pub fn debug_methods<B: DebugBackend>(
    backend: Arc<B>,
    limits: MethodLimits,
    options: DebugOptions,
) -> Result<jsonrpsee::Methods, RegisterMethodError> {
    let mut all = Methods::new(backend, limits);
    clearing(&mut all)?;
    reputation(&mut all, options)?;
    bundling(&mut all)?;
    all.add("debug_bundler_dumpMempool", |context, parameters| async move {
        let [at] = parameters.exactly(["entryPoint"])?;
        let operations = context.backend.dump_mempool(context.at(&at)?).await?;
        Ok(operations.iter().map(UserOperation::to_rpc).collect::<Vec<_>>())
    })?;
    all.add("debug_bundler_addUserOps", |context, parameters| async move {
        let ([list], at) = parameters.with_optional(["userOperations"])?;
        let at = match at {
            Some(at) => context.at(&at)?,
            None => context.preferred()?,
        };
        let limits = context.backend.parse_limits();
        let operations = items("userOperations", &list)?
            .iter()
            .map(|operation| UserOperation::from_rpc_with(operation, at.version, &limits))
            .collect::<Result<Vec<_>, _>>()?;
        context.backend.add_user_operations(at, operations).await.map(|()| "ok")
    })?;
    Ok(all.finish())
}

impl<B: DebugBackend> Context<B> {
    fn at(&self, value: &Value) -> Result<EntryPoint, Refusal> {
        entry_point(value, &self.backend.entry_points())
    }

    fn preferred(&self) -> Result<EntryPoint, Refusal> {
        let served = self.backend.entry_points();
        served
            .first()
            .copied()
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "no EntryPoint is served"))
    }
}

fn clearing<B: DebugBackend>(all: &mut Methods<B>) -> Result<(), RegisterMethodError> {
    all.add("debug_bundler_clearState", |context, parameters| async move {
        parameters.exactly([])?;
        context.backend.clear_mempool().await?;
        context.backend.clear_reputation().await.map(|()| "ok")
    })?;
    all.add("debug_bundler_clearMempool", |context, parameters| async move {
        parameters.exactly([])?;
        context.backend.clear_mempool().await.map(|()| "ok")
    })?;
    all.add("debug_bundler_clearReputation", |context, parameters| async move {
        parameters.exactly([])?;
        context.backend.clear_reputation().await.map(|()| "ok")
    })
}

fn reputation<B: DebugBackend>(
    all: &mut Methods<B>,
    options: DebugOptions,
) -> Result<(), RegisterMethodError> {
    all.add("debug_bundler_dumpReputation", move |context, parameters| async move {
        let [at] = parameters.exactly(["entryPoint"])?;
        let known = context.backend.dump_reputation(context.at(&at)?).await?;
        let shown = known.iter().map(|entry| {
            json!({
                "address": entry.address.to_checksum(None),
                "opsSeen": U256::from(entry.ops_seen),
                "opsIncluded": U256::from(entry.ops_included),
                "status": if options.numeric_status {
                    json!(U256::from(entry.status.number()))
                } else {
                    json!(entry.status.word())
                },
            })
        });
        Ok(shown.collect::<Vec<_>>())
    })?;
    all.add("debug_bundler_setReputation", |context, parameters| async move {
        let [list, at] = parameters.exactly(["reputations", "entryPoint"])?;
        let at = context.at(&at)?;
        let settings = items("reputations", &list)?
            .iter()
            .map(setting)
            .collect::<Result<Vec<_>, FieldError>>()?;
        context.backend.set_reputation(at, settings).await.map(|()| "ok")
    })?;
    all.add("debug_bundler_getStakeStatus", |context, parameters| async move {
        let [address, at] = parameters.exactly(["address", "entryPoint"])?;
        let address = parse_address("address", &address)?;
        context.backend.stake_status(address, context.at(&at)?).await
    })
}

fn bundling<B: DebugBackend>(all: &mut Methods<B>) -> Result<(), RegisterMethodError> {
    all.add("debug_bundler_sendBundleNow", |context, parameters| async move {
        parameters.exactly([])?;
        let sent = context.backend.send_bundle_now().await?;
        // Truthy also when there was nothing to send: the call did what it is for.
        Ok(sent.map_or_else(|| json!("ok"), |transaction| json!(transaction)))
    })?;
    all.add("debug_bundler_setBundlingMode", |context, parameters| async move {
        let [mode] = parameters.exactly(["mode"])?;
        let bundling = match mode.as_str() {
            Some("auto") => Bundling::Auto,
            Some("manual") => Bundling::Manual,
            _ => return Err(FieldError::new("mode", "expected \"auto\" or \"manual\"").into()),
        };
        context.backend.set_bundling(bundling).await.map(|()| "ok")
    })
}

fn items<'a>(field: &str, value: &'a Value) -> Result<&'a [Value], FieldError> {
    let list = value.as_array().ok_or_else(|| FieldError::new(field, "expected an array"))?;
    if list.len() > MAX_LIST {
        let reason = format!("{} entries, at most {MAX_LIST} are accepted", list.len());
        return Err(FieldError::new(field, reason));
    }
    Ok(list)
}

fn setting(value: &Value) -> Result<ReputationSetting, FieldError> {
    let field = |name: &str| value.get(name).cloned().unwrap_or(Value::Null);
    let count = |name: &str| -> Result<u64, FieldError> {
        // Quantities as everywhere; plain numbers too, because tools send them here.
        match field(name) {
            Value::Number(number) => {
                number.as_u64().ok_or_else(|| FieldError::new(name, "expected a whole number"))
            }
            other => parse_quantity(name, &other, 64).map(|number| number.to()),
        }
    };
    let within = |error: FieldError| error.within("reputations");
    Ok(ReputationSetting {
        address: parse_address("address", &field("address")).map_err(within)?,
        ops_seen: count("opsSeen").map_err(within)?,
        ops_included: count("opsIncluded").map_err(within)?,
    })
}
