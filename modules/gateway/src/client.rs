//! One operator behind HTTP.

use std::{fmt, time::Duration};

use alloy::primitives::Address;
use jsonrpsee::{
    core::{ClientError, client::ClientT},
    http_client::{HttpClient, HttpClientBuilder},
    rpc_params,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout_at};
use writ_attestation::wire::{Identity, MAX_MESSAGE_LEN, OperatorFault, OperatorRecord};

use crate::{Lie, error::Outcome};

/// Longest text of a failure that is kept.
const MAX_TEXT: usize = 300;

/// Attempts when the connection fails: one more than the first, for an operator that is just restarting.
const CONNECT_ATTEMPTS: u32 = 2;

/// Where an operator is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorEndpoint {
    /// Its HTTP URL.
    pub url: String,
    /// Its address, when known: then it is only asked for accounts whose set has it, and held to its own signature.
    pub address: Option<Address>,
}

/// The gateway cannot use an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("operator URL {url:?} is unusable: {reason}")]
pub struct OperatorError {
    url: String,
    reason: String,
}

/// A client of one operator.
pub(crate) struct OperatorClient {
    endpoint: OperatorEndpoint,
    http: HttpClient,
    pause: Duration,
}

impl fmt::Debug for OperatorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorClient").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl OperatorClient {
    pub(crate) fn new(
        endpoint: OperatorEndpoint,
        time: Duration,
        pause: Duration,
    ) -> Result<Self, OperatorError> {
        let http = HttpClientBuilder::default()
            .request_timeout(time)
            .max_request_size(MAX_MESSAGE_LEN)
            .max_response_size(MAX_MESSAGE_LEN)
            .build(&endpoint.url)
            .map_err(|error| OperatorError {
                url: endpoint.url.clone(),
                reason: error.to_string(),
            })?;
        Ok(Self { endpoint, http, pause })
    }

    pub(crate) const fn endpoint(&self) -> &OperatorEndpoint {
        &self.endpoint
    }

    /// Who the operator says it is.
    pub(crate) async fn identity(&self, deadline: Instant) -> Result<Identity, Outcome> {
        self.once("operator_identity", rpc_params![], deadline).await
    }

    /// A decision that the operator recorded.
    pub(crate) async fn decision(
        &self,
        evidence: alloy::primitives::B256,
        deadline: Instant,
    ) -> Result<Option<OperatorRecord>, Outcome> {
        self.once("operator_decision", rpc_params![evidence], deadline).await
    }

    /// Asks `method`, and asks again while the operator lags, is busy or cannot be reached, until `deadline`.
    pub(crate) async fn ask<T: DeserializeOwned, R: Serialize>(
        &self,
        method: &'static str,
        request: &R,
        deadline: Instant,
    ) -> Result<T, Outcome> {
        let mut pause = self.pause;
        let mut failures = 0;
        loop {
            let outcome = match self.once(method, rpc_params![request], deadline).await {
                Ok(answer) => return Ok(answer),
                Err(outcome) => outcome,
            };
            let again = match &outcome {
                Outcome::Fault(fault) => fault.is_transient(),
                Outcome::Unreachable(_) => {
                    failures += 1;
                    failures < CONNECT_ATTEMPTS
                }
                _ => false,
            };
            // What it said last tells more than that time ran out afterwards.
            if !again || Instant::now() + pause >= deadline {
                return Err(outcome);
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: jsonrpsee::core::params::ArrayParams,
        deadline: Instant,
    ) -> Result<T, Outcome> {
        match timeout_at(deadline, self.http.request::<T, _>(method, params)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(outcome_of(error)),
            Err(_) => Err(Outcome::TimedOut),
        }
    }
}

fn outcome_of(error: ClientError) -> Outcome {
    match error {
        ClientError::Call(object) => {
            match object.data().map(|data| serde_json::from_str(data.get())) {
                Some(Ok(fault)) => Outcome::Fault(fault),
                // An error object that is not a fault: JSON-RPC's own, such as "method not found".
                _ => Outcome::Fault(OperatorFault::Refused {
                    reason: cut(&format!("{} ({})", object.message(), object.code())),
                }),
            }
        }
        ClientError::RequestTimeout => Outcome::TimedOut,
        ClientError::ParseError(error) => Outcome::Lied(Lie::Malformed(cut(&error.to_string()))),
        ClientError::InvalidRequestId(error) => {
            Outcome::Lied(Lie::Malformed(cut(&error.to_string())))
        }
        other => Outcome::Unreachable(cut(&full(&other))),
    }
}

/// The error with its causes: the outermost text alone says nothing.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
