//! JSON-RPC calls whose outcome the test knows.

use serde_json::Value;
use url::Url;
use writ_node::dev::{BundlerClient, RpcFailure};

/// A JSON-RPC server: a bundler's or a node's.
#[derive(Clone, Debug)]
pub struct Rpc(BundlerClient);

impl Rpc {
    /// The server at `url`.
    pub fn new(url: Url) -> Self {
        Self(BundlerClient::new(url))
    }

    /// The client as the wallets of the demonstration use it.
    pub const fn client(&self) -> &BundlerClient {
        &self.0
    }

    /// A call that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn must(&self, method: &'static str, params: Value) -> Value {
        let answer = self.0.must(method, params).await;
        answer.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A call that must be refused with this code.
    ///
    /// # Panics
    /// When it is not.
    pub async fn refused(&self, method: &'static str, params: Value, code: i64) -> RpcFailure {
        match self.0.call(method, params).await {
            Err(Ok(failure)) => {
                assert_eq!(failure.code, code, "{method}: {} {}", failure.message, failure.data);
                failure
            }
            Err(Err(error)) => panic!("{method}: {error}"),
            Ok(answer) => panic!("{method}: {code} was due, and it answered {answer}"),
        }
    }
}
