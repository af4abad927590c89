//! Who may be judged now: a bound for all, and one at a time per sender.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alloy::primitives::Address;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::AdmissionError;

/// Operations of one sender that may wait at a time, so that one sender cannot fill the queue.
const PER_SENDER: usize = 16;

type Senders = Arc<Mutex<HashMap<Address, Arc<AsyncMutex<()>>>>>;

/// Places for operations being judged.
#[derive(Debug)]
pub(crate) struct Order {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    senders: Senders,
}

/// A place and the sender's turn; both are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    // Dropped in this order: the turn before the ticket for it.
    _guard: OwnedMutexGuard<()>,
    _place: OwnedSemaphorePermit,
    _ticket: Ticket,
}

/// A share in a sender's lock. The last one to go takes the lock out of the map, also when it gave up waiting.
#[derive(Debug)]
struct Ticket {
    sender: Address,
    senders: Senders,
}

impl Order {
    pub(crate) fn new(places: usize, most_waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.max(1))),
            waiting: AtomicUsize::new(0),
            most_waiting,
            senders: Arc::default(),
        }
    }

    /// Waits for the sender's turn, then for a place.
    ///
    /// The turn comes first: a sender with many operations waits for itself and keeps nobody else out.
    pub(crate) async fn turn(&self, sender: Address) -> Result<Turn, AdmissionError> {
        let _waiting = Waiting::enter(&self.waiting, self.most_waiting)?;
        let ticket = Ticket { sender, senders: self.senders.clone() };
        let lock = {
            let mut senders = self.senders.lock();
            let lock = senders.entry(sender).or_default();
            // One reference is the map's, one that of the operation being judged.
            let waiting = Arc::strong_count(lock).saturating_sub(2);
            if waiting >= PER_SENDER {
                return Err(AdmissionError::Busy(waiting));
            }
            lock.clone()
        };
        let guard = lock.lock_owned().await;
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|error| AdmissionError::Internal(error.to_string()))?;
        Ok(Turn { _guard: guard, _place: place, _ticket: ticket })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut senders = self.senders.lock();
        // One reference is the map's: nobody else has or waits for the turn.
        if senders.get(&self.sender).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            senders.remove(&self.sender);
        }
    }
}

/// Counts those who wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(counter: &'a AtomicUsize, most: usize) -> Result<Self, AdmissionError> {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(counter);
        if before >= most { Err(AdmissionError::Busy(before)) } else { Ok(waiting) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const A: Address = Address::repeat_byte(1);
    const B: Address = Address::repeat_byte(2);
    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn senders_wait_for_themselves_only() {
        let order = Order::new(8, 8);
        let first = order.turn(A).await.expect("free");
        assert!(timeout(SOON, order.turn(A)).await.is_err(), "the second waits");
        let other = order.turn(B).await.expect("another sender does not");
        drop(first);
        let second = timeout(SOON, order.turn(A)).await.expect("in time").expect("free");
        drop((second, other));
        assert!(order.senders.lock().is_empty(), "nothing is kept for senders that are gone");
    }

    #[tokio::test]
    async fn one_sender_cannot_fill_the_queue() {
        let order = Order::new(4, 1_000);
        let held = order.turn(A).await.expect("free");
        let mut waiting: Vec<_> = (0..PER_SENDER).map(|_| Box::pin(order.turn(A))).collect();
        for one in &mut waiting {
            assert!(timeout(Duration::ZERO, one.as_mut()).await.is_err());
        }
        assert!(matches!(order.turn(A).await, Err(AdmissionError::Busy(_))));
        assert!(order.turn(B).await.is_ok());
        drop(held);
        drop(waiting);
        assert!(order.senders.lock().is_empty(), "those who gave up leave nothing either");
    }

    #[tokio::test]
    async fn places_are_bounded_and_so_is_the_queue() {
        let order = Order::new(1, 1);
        let held = order.turn(A).await.expect("free");
        let (waiting, refused) = tokio::join!(timeout(SOON, order.turn(B)), async {
            tokio::task::yield_now().await;
            order.turn(Address::repeat_byte(3)).await
        });
        assert!(waiting.is_err());
        assert!(matches!(refused, Err(AdmissionError::Busy(1))));
        drop(held);
        assert!(order.turn(B).await.is_ok());
    }
}
