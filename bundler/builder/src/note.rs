//! What a recorded transaction says about itself, so that a restart finds the flight as it was.

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::{eip2718::Decodable2718, eip7702::SignedAuthorization},
    primitives::Address,
};
use serde::{Deserialize, Serialize};
use writ_pool::Attempt as Recorded;

use crate::{Attempt, Call, Fees, Flight, Moment, Purpose};

/// The builder's part of a recorded attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    fees: Fees,
    purpose: Purpose,
    at: Moment,
}

/// The bytes to record with an attempt.
pub(crate) fn encode(attempt: &Attempt) -> Vec<u8> {
    let note = Note { fees: attempt.fees, purpose: attempt.purpose, at: attempt.at };
    // Plain numbers always serialize; an empty note is read as below.
    serde_json::to_vec(&note).unwrap_or_default()
}

/// The attempt again. Without a readable note the signed bytes themselves say what it was.
pub(crate) fn decode(recorded: &Recorded) -> Attempt {
    if let Ok(note) = serde_json::from_slice::<Note>(&recorded.note) {
        return Attempt {
            hash: recorded.transaction,
            fees: note.fees,
            purpose: note.purpose,
            at: note.at,
        };
    }
    let purpose = if recorded.operations.is_empty() { Purpose::Cancel } else { Purpose::Bundle };
    let fees = TxEnvelope::decode_2718(&mut recorded.raw.as_ref()).map_or(
        Fees::default(),
        |transaction| Fees {
            max_fee_per_gas: transaction.max_fee_per_gas(),
            max_priority_fee_per_gas: transaction.max_priority_fee_per_gas().unwrap_or_default(),
        },
    );
    Attempt { hash: recorded.transaction, fees, purpose, at: Moment::default() }
}

/// The call and the authorizations of a recorded transaction, to be signed again at another price.
pub(crate) fn call_of(recorded: &Recorded) -> Option<(Call, Vec<SignedAuthorization>)> {
    let transaction = TxEnvelope::decode_2718(&mut recorded.raw.as_ref()).ok()?;
    let call = Call {
        to: transaction.to()?,
        input: transaction.input().clone(),
        gas: transaction.gas_limit(),
    };
    Some((call, transaction.authorization_list().unwrap_or_default().to_vec()))
}

/// The lowest open flight of `signer` among recorded attempts, oldest first, and the nonces above it.
pub(crate) fn recover(attempts: &[Recorded], signer: Address) -> (Option<Flight>, Vec<u64>) {
    let own = || attempts.iter().filter(|attempt| attempt.signer == signer);
    let Some(nonce) = own().map(|attempt| attempt.nonce).min() else { return (None, Vec::new()) };
    let flight = own().filter(|attempt| attempt.nonce == nonce).map(decode).collect();
    let mut later: Vec<u64> =
        own().map(|attempt| attempt.nonce).filter(|other| *other != nonce).collect();
    later.dedup();
    (Flight::recover(nonce, flight), later)
}

#[cfg(test)]
mod tests {
    use alloy::{
        eips::eip7702::Authorization,
        primitives::{B256, Bytes, U256},
    };
    use zeroize::Zeroizing;

    use super::*;
    use crate::{BundleSigner, transaction::Unsigned};

    async fn recorded(nonce: u64, tag: u8, purpose: Purpose) -> Recorded {
        let signer = BundleSigner::new(&Zeroizing::new([7; 32])).expect("a key");
        let fees = Fees { max_fee_per_gas: 100 + u128::from(tag), max_priority_fee_per_gas: 1 };
        let call =
            Call { to: Address::repeat_byte(tag), input: Bytes::from(vec![tag; 8]), gas: 99_000 };
        let tuple = Authorization { chain_id: U256::ZERO, address: Address::ZERO, nonce: 0 };
        let tuple = SignedAuthorization::new_unchecked(tuple, 1, U256::from(1), U256::from(1));
        let unsigned = Unsigned::new(1, nonce, fees, &call, vec![tuple]);
        let signed = signer.sign(unsigned).await.expect("signs");
        let attempt =
            Attempt { hash: signed.hash, fees, purpose, at: Moment { block: 5, seconds: 60 } };
        Recorded {
            transaction: signed.hash,
            signer: signer.address(),
            nonce,
            operations: vec![B256::repeat_byte(tag)],
            raw: signed.raw,
            note: encode(&attempt),
        }
    }

    #[tokio::test]
    async fn an_attempt_comes_back_as_it_was() {
        let record = recorded(4, 1, Purpose::Cancel).await;
        let attempt = decode(&record);
        assert_eq!((attempt.purpose, attempt.at.seconds), (Purpose::Cancel, 60));
        let (call, authorizations) = call_of(&record).expect("decodes");
        assert_eq!((call.to, call.gas, authorizations.len()), (Address::repeat_byte(1), 99_000, 1));
        let lost = Recorded { note: b"?".to_vec(), ..record };
        assert_eq!(decode(&lost).fees, attempt.fees, "the bytes themselves tell the price");
        assert_eq!(decode(&lost).purpose, Purpose::Bundle);
    }

    #[tokio::test]
    async fn the_lowest_nonce_is_the_flight() {
        let attempts = [
            recorded(5, 1, Purpose::Bundle).await,
            recorded(4, 2, Purpose::Bundle).await,
            recorded(4, 3, Purpose::Bundle).await,
        ];
        let (flight, later) = recover(&attempts, attempts[0].signer);
        let flight = flight.expect("in flight");
        assert_eq!((flight.nonce(), flight.attempts().len(), later), (4, 2, vec![5]));
        assert_eq!(recover(&attempts, Address::ZERO), (None, Vec::new()));
    }
}
