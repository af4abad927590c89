//! Reads under way: whoever needs what was asked for already waits for the same answer.

use std::{collections::HashMap, sync::Arc};

use alloy::primitives::{Address, U256};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;
use revm::state::AccountInfo;
use tokio::{runtime::Handle, sync::oneshot};

use crate::node::NodeError;

/// What can be read of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Account(Address),
    Slot(Address, U256),
}

/// What was read.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Account(AccountInfo),
    Word(U256),
}

/// Answers of one round to the node.
pub(super) type Answers = HashMap<Key, Value>;
type Outcome = Result<Arc<Answers>, NodeError>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// The reads under way for one block.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<Key, Flight>>>,
}

impl Flights {
    /// Answers to `keys` that are not `known`; each is asked for once, whoever asks at the same time. A round that has
    /// begun is finished even when nobody waits for it any more: it holds a place in the node's queue.
    ///
    /// # Errors
    /// The first round that fails, for everybody who waits for it.
    pub(super) async fn join<F>(
        &self,
        keys: Vec<Key>,
        known: impl Fn(&Key) -> bool,
        runtime: &Handle,
        ask: impl FnOnce(Vec<Key>) -> F,
    ) -> Result<Vec<Arc<Answers>>, NodeError>
    where
        F: Future<Output = Result<Answers, NodeError>> + Send + 'static,
    {
        let mut flights: Vec<Flight> = Vec::new();
        {
            let mut under_way = self.under_way.lock();
            let mut mine = Vec::new();
            for key in keys {
                match under_way.get(&key) {
                    Some(flight) if flights.iter().any(|other| other.ptr_eq(flight)) => {}
                    Some(flight) => flights.push(flight.clone()),
                    // Whoever lands a read first makes it known and then takes it off the list.
                    None if known(&key) => {}
                    None => mine.push(key),
                }
            }
            if !mine.is_empty() {
                let flight = self.depart(&mine, runtime, ask(mine.clone()));
                under_way.extend(mine.into_iter().map(|key| (key, flight.clone())));
                flights.push(flight);
            }
        }
        futures::future::try_join_all(flights).await
    }

    fn depart(
        &self,
        keys: &[Key],
        runtime: &Handle,
        asked: impl Future<Output = Result<Answers, NodeError>> + Send + 'static,
    ) -> Flight {
        let (landed, landing) = oneshot::channel();
        let (under_way, keys) = (self.under_way.clone(), keys.to_vec());
        runtime.spawn(async move {
            let outcome = asked.await.map(Arc::new);
            {
                let mut under_way = under_way.lock();
                for key in &keys {
                    under_way.remove(key);
                }
            }
            // Nobody may be waiting any more.
            let _ = landed.send(outcome);
        });
        landing.map(|outcome| outcome.unwrap_or_else(|_| Err(interrupted()))).boxed().shared()
    }
}

/// The runtime ended under the read.
fn interrupted() -> NodeError {
    NodeError::Unreachable {
        endpoint: "(this process)".to_owned(),
        detail: "the read was interrupted".to_owned(),
        attempts: 1,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    fn key(tag: u8) -> Key {
        Key::Account(Address::repeat_byte(tag))
    }

    // On one thread, where whoever asks first has joined before the next one asks.
    #[tokio::test]
    async fn the_same_read_is_asked_once_and_given_to_everybody() {
        let (flights, gate) = (Flights::default(), Arc::new(Semaphore::new(0)));
        let asked = Arc::new(AtomicUsize::new(0));
        let runtime = Handle::current();
        let read = |keys: Vec<Key>| {
            let (flights, gate, asked) = (flights.clone(), gate.clone(), asked.clone());
            let runtime = runtime.clone();
            tokio::spawn(async move {
                let ask = |keys: Vec<Key>| async move {
                    asked.fetch_add(keys.len(), Ordering::SeqCst);
                    let _ = gate.acquire().await.map(|permit| permit.forget());
                    Ok(keys.into_iter().map(|key| (key, Value::Word(U256::from(7)))).collect())
                };
                flights.join(keys, |_| false, &runtime, ask).await
            })
        };
        let given_up = read(vec![key(1), key(2)]);
        while asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        // Whoever asked first does not wait for it; those who come later still get it.
        given_up.abort();
        let (one, both) = (read(vec![key(2)]), read(vec![key(1), key(3)]));
        while asked.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        let one = one.await.expect("it ran").expect("an answer");
        assert!(one.iter().any(|answers| answers.contains_key(&key(2))));
        let both = both.await.expect("it ran").expect("an answer");
        assert_eq!(both.len(), 2, "one round of somebody else's, one of its own");
        assert_eq!(asked.load(Ordering::SeqCst), 3, "each of the three was asked once");
        assert!(flights.under_way.lock().is_empty());
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_is_not_remembered() {
        let flights = Flights::default();
        let runtime = Handle::current();
        let fail = |_| async { Err(interrupted()) };
        flights.join(vec![key(1)], |_| false, &runtime, fail).await.expect_err("the node failed");
        let answer = |keys: Vec<Key>| async move {
            Ok(keys.into_iter().map(|key| (key, Value::Word(U256::ZERO))).collect())
        };
        let again = flights.join(vec![key(1)], |_| false, &runtime, answer).await;
        assert_eq!(again.expect("asked anew").len(), 1);
        let known = flights.join(vec![key(1)], |_| true, &runtime, fail).await;
        assert!(known.expect("nothing to ask").is_empty());
    }
}
