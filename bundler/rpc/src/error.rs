//! Refusals as JSON-RPC error objects.

use jsonrpsee::types::ErrorObjectOwned;
use writ_types::{ErrorData, Refusal};

/// The error object of a refusal; without `data` when there is none.
pub fn error_object(refusal: &Refusal) -> ErrorObjectOwned {
    let data = (*refusal.data != ErrorData::default()).then_some(&*refusal.data);
    ErrorObjectOwned::owned(refusal.code.code(), refusal.message.clone(), data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use writ_types::ErrorCode;

    #[test]
    fn data_is_there_when_there_is_any() {
        let bare = Refusal::new(ErrorCode::NoQuorum, "no quorum in time");
        let object = serde_json::to_value(error_object(&bare)).unwrap();
        assert_eq!(object, serde_json::json!({ "code": -32534, "message": "no quorum in time" }));
        let reasoned = bare.with(|data| data.reasons = vec!["too much".into()]);
        let object = serde_json::to_value(error_object(&reasoned)).unwrap();
        assert_eq!(object["data"], serde_json::json!({ "reasons": ["too much"] }));
    }
}
