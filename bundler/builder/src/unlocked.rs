//! An account whose key is with the node.

use alloy::{
    consensus::{
        TxEnvelope,
        transaction::{SignerRecoverable, TypedTransaction},
    },
    eips::eip2718::Decodable2718,
    primitives::{Address, Bytes},
    rpc::types::TransactionRequest,
};
use serde::Deserialize;
use writ_simulation::NodeClient;

use crate::{SignedTransaction, SignerError, transaction::Unsigned};

/// An account that the node signs for.
#[derive(Clone, Debug)]
pub(crate) struct UnlockedAccount {
    account: Address,
    node: NodeClient,
}

/// What nodes answer to `eth_signTransaction`: the bytes, or (geth) an object with them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Raw(Bytes),
    Object { raw: Bytes },
}

impl UnlockedAccount {
    pub(crate) async fn open(account: Address, node: NodeClient) -> Result<Self, SignerError> {
        let held: Vec<Address> = node
            .request("eth_accounts", ())
            .await
            .map_err(|source| SignerError::Node { account, source })?;
        if !held.contains(&account) {
            return Err(SignerError::NotHeld { account, held });
        }
        Ok(Self { account, node })
    }

    pub(crate) const fn address(&self) -> Address {
        self.account
    }

    pub(crate) async fn sign(&self, unsigned: Unsigned) -> Result<SignedTransaction, SignerError> {
        let account = self.account;
        let mut request = TransactionRequest::from_transaction(typed(unsigned.clone()));
        request.from = Some(account);
        let answer: Answer = self
            .node
            .request("eth_signTransaction", (request,))
            .await
            .map_err(|source| SignerError::Node { account, source })?;
        let (Answer::Raw(raw) | Answer::Object { raw }) = answer;
        verified(&raw, &unsigned, account)
    }
}

fn typed(unsigned: Unsigned) -> TypedTransaction {
    match unsigned {
        Unsigned::Plain(transaction) => transaction.into(),
        Unsigned::Delegating(transaction) => transaction.into(),
    }
}

/// The node's bytes, if they are the given transaction under the account's signature.
fn verified(
    raw: &Bytes,
    unsigned: &Unsigned,
    account: Address,
) -> Result<SignedTransaction, SignerError> {
    let altered = |why: String| SignerError::Altered(why);
    let envelope = TxEnvelope::decode_2718_exact(raw.as_ref())
        .map_err(|error| altered(format!("not a transaction: {error}")))?;
    let signer = envelope.recover_signer().map_err(|error| altered(error.to_string()))?;
    if signer != account {
        return Err(altered(format!("the signature is {signer}'s")));
    }
    let same = match unsigned {
        Unsigned::Plain(given) => envelope.as_eip1559().is_some_and(|tx| tx.tx() == given),
        Unsigned::Delegating(given) => envelope.as_eip7702().is_some_and(|tx| tx.tx() == given),
    };
    if !same {
        return Err(altered("other fields".to_owned()));
    }
    Ok(envelope.into())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;
    use zeroize::Zeroizing;

    use super::*;
    use crate::{BundleSigner, Call, Fees};

    fn unsigned(nonce: u64) -> Unsigned {
        let fees = Fees { max_fee_per_gas: 100, max_priority_fee_per_gas: 10 };
        Unsigned::new(1, nonce, fees, &Call::cancellation(Address::repeat_byte(3)), Vec::new())
    }

    #[tokio::test]
    async fn only_the_very_transaction_by_the_very_account_counts() {
        let signer = BundleSigner::new(&Zeroizing::new([7; 32])).expect("a key");
        let signed = signer.sign(unsigned(4)).await.expect("signs");
        let account = signer.address();
        assert_eq!(verified(&signed.raw, &unsigned(4), account).expect("the same"), signed);
        let refused = |raw: &Bytes, nonce, account| {
            matches!(verified(raw, &unsigned(nonce), account), Err(SignerError::Altered(_)))
        };
        assert!(refused(&signed.raw, 5, account), "another nonce");
        assert!(refused(&signed.raw, 4, Address::repeat_byte(9)), "another account");
        let mut longer = signed.raw.to_vec();
        longer.push(0);
        assert!(refused(&longer.into(), 4, account), "bytes after it");
        assert!(refused(&Bytes::new(), 4, account), "nothing");
        let other = match unsigned(4) {
            Unsigned::Plain(mut transaction) => {
                transaction.value = U256::from(1);
                Unsigned::Plain(transaction)
            }
            other @ Unsigned::Delegating(_) => other,
        };
        assert!(verified(&signed.raw, &other, account).is_err(), "another value");
    }

    #[test]
    fn both_forms_of_answers_are_understood() {
        for text in ["\"0x0102\"", "{\"raw\":\"0x0102\",\"tx\":{\"nonce\":\"0x0\"}}"] {
            let answer: Answer = serde_json::from_str(text).expect("understood");
            let (Answer::Raw(raw) | Answer::Object { raw }) = answer;
            assert_eq!(raw, Bytes::from_static(&[1, 2]));
        }
    }
}
