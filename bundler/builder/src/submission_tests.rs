use proptest::prelude::*;

use super::*;

fn rules() -> SubmissionRules {
    SubmissionRules { max_attempts: 3, max_fee_cap: 1_000_000, ..SubmissionRules::default() }
}

fn fees(max: u128) -> Fees {
    Fees { max_fee_per_gas: max, max_priority_fee_per_gas: max / 10 }
}

fn at(block: u64) -> Moment {
    Moment { block, seconds: block * 12 }
}

fn tick(block: u64, mined: u64) -> Event {
    Event::Tick { now: at(block), mined, market: fees(100), work: true }
}

fn attempt(tag: u8, max: u128, purpose: Purpose, block: u64) -> Attempt {
    Attempt { hash: TxHash::repeat_byte(tag), fees: fees(max), purpose, at: at(block) }
}

/// A flight at nonce 5 that a node has taken.
fn submitted() -> Submission {
    let (state, command) = Submission::default().on(tick(1, 5), &rules());
    assert_eq!(command, Some(Command::Build));
    let (state, command) = state.on(Event::Built { nonce: 5, fees: fees(100) }, &rules());
    assert_eq!(
        command,
        Some(Command::Sign { nonce: 5, fees: fees(100), purpose: Purpose::Bundle })
    );
    let first = attempt(1, 100, Purpose::Bundle, 1);
    let (state, command) = state.on(Event::Signed { nonce: 5, attempt: first }, &rules());
    assert_eq!(command, Some(Command::Broadcast(first.hash)));
    state.on(Event::Sent(Broadcast::Known), &rules()).0
}

#[test]
fn a_bundle_is_built_sent_and_settled() {
    let (state, command) = submitted().on(tick(2, 6), &rules());
    assert_eq!(command, Some(Command::Settle));
    let hash = TxHash::repeat_byte(1);
    let (state, command) = state.on(Event::Settled(Settlement::Bundle(hash)), &rules());
    assert!(
        matches!(command, Some(Command::Included(flight, mined)) if mined == hash && flight.nonce() == 5)
    );
    assert_eq!(state, Submission::default());
}

#[test]
fn a_stuck_bundle_is_replaced_then_cancelled() {
    let (state, command) = submitted().on(tick(3, 5), &rules());
    assert_eq!(command, None, "two blocks are not stuck");
    let (mut state, mut command) = state.on(tick(4, 5), &rules());
    let mut block = 4;
    let mut purposes = Vec::new();
    while let Some(Command::Sign { nonce, fees: offered, purpose }) = command {
        purposes.push(purpose);
        let last = state.flight().expect("in flight").last().fees;
        assert!(offered.max_fee_per_gas >= last.max_fee_per_gas * 1125 / 1000);
        let tag = u8::try_from(purposes.len()).expect("small") + 1;
        let signed = Attempt { fees: offered, ..attempt(tag, 0, purpose, block) };
        state = state.on(Event::Signed { nonce, attempt: signed }, &rules()).0;
        state = state.on(Event::Sent(Broadcast::Known), &rules()).0;
        if purposes.len() == 5 {
            break;
        }
        block += 3;
        (state, command) = state.on(tick(block, 5), &rules());
    }
    use Purpose::{Bundle, Cancel};
    assert_eq!(purposes, [Bundle, Bundle, Cancel, Cancel, Cancel]);
    assert!(matches!(state, Submission::Cancelling(_)));
    let (state, _) = state.on(tick(block + 1, 6), &rules());
    let (_, command) =
        state.on(Event::Settled(Settlement::Cancelled(TxHash::repeat_byte(6))), &rules());
    assert!(matches!(command, Some(Command::Release(_))));
}

#[test]
fn a_standing_chain_is_measured_in_seconds() {
    let now = Moment { block: 1, seconds: 12 + rules().stuck_seconds };
    let event = Event::Tick { now, mined: 5, market: fees(100), work: true };
    assert!(matches!(submitted().on(event, &rules()).1, Some(Command::Sign { .. })));
}

#[test]
fn an_unreachable_node_gets_the_same_bytes_again() {
    let first = attempt(1, 100, Purpose::Bundle, 1);
    let state = Submission::Submitted(Flight::new(5, first));
    let (state, command) = state.on(Event::Sent(Broadcast::Unreachable), &rules());
    assert_eq!(command, None);
    let (state, command) = state.on(tick(90, 5), &rules());
    assert_eq!(command, Some(Command::Broadcast(first.hash)), "not replaced before a node had it");
    // From now on it may be out there: a refusal does not free its operations.
    let (state, command) = state.on(Event::Sent(Broadcast::Refused("no funds".into())), &rules());
    assert_eq!(command, None);
    assert!(matches!(state, Submission::Submitted(_)));
}

#[test]
fn a_refused_first_attempt_frees_its_operations_and_waits() {
    let state = Submission::Submitted(Flight::new(5, attempt(1, 100, Purpose::Bundle, 10)));
    let (state, command) =
        state.on(Event::Sent(Broadcast::Refused("insufficient funds".into())), &rules());
    assert!(matches!(command, Some(Command::Release(_))));
    let soon = Event::Tick { now: at(10), mined: 5, market: fees(100), work: true };
    let (state, command) = state.on(soon, &rules());
    assert_eq!(command, None);
    assert_eq!(state.on(tick(12, 5), &rules()).1, Some(Command::Build));
}

#[test]
fn a_spoiled_bundle_is_cancelled_at_once() {
    let (state, command) =
        submitted().on(Event::Spoiled { now: at(2), market: fees(100) }, &rules());
    let Some(Command::Sign { nonce, fees: offered, purpose: Purpose::Cancel }) = command else {
        panic!("a cancellation expected, not {command:?}");
    };
    assert!(offered >= fees(100).bumped(125));
    let attempt = Attempt { fees: offered, ..attempt(2, 0, Purpose::Cancel, 2) };
    let (state, _) = state.on(Event::Signed { nonce, attempt }, &rules());
    assert!(matches!(state, Submission::Cancelling(_)));
}

#[test]
fn underpriced_is_raised_at_the_next_tick() {
    let (state, _) = submitted().on(Event::Sent(Broadcast::Underpriced), &rules());
    assert!(matches!(state.on(tick(1, 5), &rules()).1, Some(Command::Sign { .. })));
}

#[test]
fn a_used_nonce_is_looked_up_and_a_vanished_block_waited_out() {
    let (state, command) = submitted().on(Event::Sent(Broadcast::NonceUsed), &rules());
    assert_eq!(command, Some(Command::Settle));
    let (state, command) = state.on(tick(2, 5), &rules());
    assert_eq!(command, None);
    assert!(matches!(state, Submission::Submitted(_)));
}

#[test]
fn a_recovered_flight_is_sent_again_first() {
    let attempts = vec![attempt(1, 100, Purpose::Bundle, 1), attempt(2, 120, Purpose::Bundle, 4)];
    let flight = Flight::recover(5, attempts).expect("two attempts");
    let (_, command) = Submission::flying(flight).on(tick(100, 5), &rules());
    assert_eq!(command, Some(Command::Broadcast(TxHash::repeat_byte(2))));
    assert_eq!(Flight::recover(5, Vec::new()), None);
}

#[test]
fn a_reorganised_flight_takes_precedence_over_a_later_one() {
    let earlier =
        Flight::recover(4, vec![attempt(9, 100, Purpose::Bundle, 1)]).expect("one attempt");
    let (state, command) = submitted().on(Event::Unmined(earlier.clone()), &rules());
    assert!(matches!(command, Some(Command::Release(flight)) if flight.nonce() == 5));
    assert_eq!(state.flight(), Some(&earlier));
    let (state, command) = Submission::default().on(Event::Unmined(earlier.clone()), &rules());
    assert_eq!(command, Some(Command::Broadcast(earlier.last().hash)));
    assert_eq!(state.flight(), Some(&earlier));
}

// === laws over arbitrary histories ===

/// What the world around the machine does next, drawn at random.
#[derive(Clone, Debug)]
enum Step {
    Tick { blocks: u64, seconds: u64, mine: bool, market: u128, work: bool },
    Answer(Broadcast),
    SignFails,
    BuildFails,
    Spoil,
    Settle(u8),
    Reorg,
}

fn step() -> impl Strategy<Value = Step> {
    let answers = prop_oneof![
        4 => Just(Broadcast::Known),
        1 => Just(Broadcast::Underpriced),
        1 => Just(Broadcast::NonceUsed),
        1 => Just(Broadcast::Unreachable),
        1 => Just(Broadcast::Refused("no".into())),
    ];
    prop_oneof![
        6 => (0..4u64, 0..60u64, prop::bool::weighted(0.2), 1..2_000_000u128, prop::bool::weighted(0.9))
            .prop_map(|(blocks, seconds, mine, market, work)| Step::Tick { blocks, seconds, mine, market, work }),
        4 => answers.prop_map(Step::Answer),
        1 => Just(Step::SignFails),
        1 => Just(Step::BuildFails),
        1 => Just(Step::Spoil),
        2 => (0..3u8).prop_map(Step::Settle),
        1 => Just(Step::Reorg),
    ]
}

/// Drives the machine as the builder does, checking its laws at each command.
#[derive(Default)]
struct World {
    state: Submission,
    now: Moment,
    mined: u64,
    signed: u64,
    broadcast: Option<TxHash>,
    last: Option<Flight>,
    refused: bool,
}

impl World {
    fn feed(&mut self, event: Event) {
        let refused = matches!(event, Event::Sent(Broadcast::Refused(_)));
        let before = self.state.flight().cloned();
        let (state, command) = std::mem::take(&mut self.state).on(event, &rules());
        self.state = state;
        self.refused = refused;
        if let (Some(before), Some(after)) = (&before, self.state.flight())
            && before.nonce() == after.nonce()
        {
            assert!(after.attempts().starts_with(before.attempts()), "history is only appended to");
        }
        match command {
            None => {}
            Some(Command::Build) => {
                assert!(before.is_none(), "never two bundles at once");
                self.broadcast = None;
            }
            Some(Command::Sign { nonce, fees, purpose }) => self.sign(nonce, fees, purpose),
            Some(Command::Broadcast(hash)) => {
                let flight = self.state.flight().expect("only what is in flight is sent");
                assert_eq!(
                    flight.last().hash,
                    hash,
                    "only the newest attempt is sent, after it was signed"
                );
                self.broadcast = Some(hash);
            }
            Some(Command::Settle) => assert!(matches!(self.state, Submission::Settling(_))),
            Some(Command::Release(_) | Command::Included(..)) => {
                let mined = self.mined;
                self.last = before.filter(|flight| flight.nonce() < mined);
            }
        }
    }

    fn sign(&mut self, nonce: u64, fees: Fees, purpose: Purpose) {
        assert!(fees.max_fee_per_gas <= rules().max_fee_cap);
        assert!(fees.max_priority_fee_per_gas <= fees.max_fee_per_gas);
        if let Some(flight) = self.state.flight() {
            assert_eq!(nonce, flight.nonce());
            let last = flight.last().fees;
            assert!(fees.max_fee_per_gas * 1000 >= last.max_fee_per_gas * 1125);
            assert!(fees.max_priority_fee_per_gas * 1000 >= last.max_priority_fee_per_gas * 1125);
            assert!(fees.max_fee_per_gas > last.max_fee_per_gas);
            let cancelled = flight.last().purpose == Purpose::Cancel;
            assert!(!cancelled || purpose == Purpose::Cancel, "a cancellation is not taken back");
        }
        self.signed += 1;
        let mut hash = TxHash::ZERO;
        hash.0[..8].copy_from_slice(&self.signed.to_be_bytes());
        self.feed(Event::Signed { nonce, attempt: Attempt { hash, fees, purpose, at: self.now } });
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Tick { blocks, seconds, mine, market, work } => {
                self.now =
                    Moment { block: self.now.block + blocks, seconds: self.now.seconds + seconds };
                if mine && self.state.flight().is_some_and(|flight| flight.nonce() == self.mined) {
                    self.mined += 1;
                }
                let event =
                    Event::Tick { now: self.now, mined: self.mined, market: fees(market), work };
                self.feed(event);
                if self.state == Submission::Building {
                    self.feed(Event::Built { nonce: self.mined, fees: fees(market) });
                }
            }
            Step::Answer(Broadcast::NonceUsed)
                if self.state.flight().is_none_or(|f| f.nonce() >= self.mined) => {}
            Step::Answer(answer) => {
                if self.broadcast.take().is_some() {
                    self.feed(Event::Sent(answer));
                }
            }
            Step::SignFails => self.feed(Event::SigningFailed),
            Step::BuildFails => self.feed(Event::NothingToBuild),
            Step::Spoil => self.feed(Event::Spoiled { now: self.now, market: fees(50) }),
            Step::Settle(how) => {
                if let Submission::Settling(flight) = &self.state
                    && flight.nonce() < self.mined
                {
                    let hash = flight.last().hash;
                    let outcome = [
                        Settlement::Bundle(hash),
                        Settlement::Cancelled(hash),
                        Settlement::Foreign,
                    ];
                    self.feed(Event::Settled(outcome[usize::from(how)]));
                }
            }
            Step::Reorg => {
                if let Some(flight) = self.last.take().filter(|flight| flight.nonce() < self.mined)
                {
                    self.mined = flight.nonce();
                    self.feed(Event::Unmined(flight));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_history_keeps_the_laws(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::default();
        for step in steps {
            let flight = world.state.flight().cloned();
            world.step(step);
            // A flight ends only by its nonce, or by a refusal of what no node ever took.
            if let Some(flight) = flight && world.state.flight().is_none() {
                prop_assert!(world.mined > flight.nonce() || (world.refused && flight.attempts().len() == 1));
            }
        }
    }

    #[test]
    fn a_cooperative_chain_always_gets_back_to_idle(steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| world.step(step));
        for _ in 0..4 {
            world.step(Step::Answer(Broadcast::Known));
            world.step(Step::Tick { blocks: 1, seconds: 12, mine: true, market: 100, work: false });
            world.step(Step::Settle(0));
            world.step(Step::BuildFails);
        }
        prop_assert!(matches!(world.state, Submission::Idle { .. }), "{:?}", world.state);
    }
}
