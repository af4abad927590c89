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
    let request = client().post(url.as_str()).header("content-type", "application/json").body(body);
    answer(request).await
}

/// POSTs a body that is too long; `None` when the server ends the connection while it is still sent.
///
/// # Panics
/// When an answer began and did not end.
pub async fn post_too_long(url: &Url, body: String) -> Option<Answer> {
    let request = client().post(url.as_str()).header("content-type", "application/json").body(body);
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Some(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
}

/// GETs `path`.
///
/// # Panics
/// When nothing answers.
pub async fn get(url: &Url, path: &str) -> Answer {
    let url = url.join(path).expect("a path");
    answer(client().get(url.as_str())).await
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(LIMIT).no_proxy().build().expect("an HTTP client")
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}
