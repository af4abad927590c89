//! Plain HTTP, for what no JSON-RPC client would send or shows.

use std::time::Duration;

use serde_json::Value;
use url::Url;

/// Longest time for one exchange.
const LIMIT: Duration = Duration::from_secs(30);

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

/// POSTs `body`, whatever it is, as JSON.
///
/// # Panics
/// When nothing answers.
pub async fn post(url: &Url, body: String) -> Answer {
    read(posting(url, body).send().await.expect("an answer")).await
}

/// POSTs a body that is too long; `None` when the server ends the connection while it is still sent.
///
/// # Panics
/// When the server cannot be reached or does not react.
pub async fn post_too_long(url: &Url, body: String) -> Option<Answer> {
    match posting(url, body).send().await {
        Ok(response) => Some(read(response).await),
        Err(error) => {
            assert!(!error.is_connect() && !error.is_timeout(), "no reaction: {error}");
            None
        }
    }
}

/// GETs `path`.
///
/// # Panics
/// When nothing answers.
pub async fn get(url: &Url, path: &str) -> Answer {
    let url = url.join(path).expect("a path");
    read(client().get(url.as_str()).send().await.expect("an answer")).await
}

/// GETs `path`, whose answer is text.
///
/// # Panics
/// When nothing answers, or not with success.
pub async fn get_text(url: &Url, path: &str) -> String {
    let url = url.join(path).expect("a path");
    let response = client().get(url.as_str()).send().await.expect("an answer");
    response.error_for_status().expect("success").text().await.expect("a body")
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(LIMIT).no_proxy().build().expect("an HTTP client")
}

fn posting(url: &Url, body: String) -> reqwest::RequestBuilder {
    client().post(url.as_str()).header("content-type", "application/json").body(body)
}

async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}
