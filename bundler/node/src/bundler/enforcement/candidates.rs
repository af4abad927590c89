//! Who may be installed on an account, from its own events. The account may lie in them: a candidate is only asked about.

use alloy::{
    primitives::{Address, B256, FixedBytes, keccak256},
    rpc::types::Log,
    sol_types::SolEvent,
};
use writ_bindings::Erc7579Account;

/// Entries that the lens takes of one list.
const MOST: usize = 64;

/// `SelectorSet(bytes4,bytes21,bool)` and `RootValidatorUpdated(bytes21)`, Kernel's own.
fn selector_set() -> B256 {
    keccak256("SelectorSet(bytes4,bytes21,bool)")
}
fn root_validator_updated() -> B256 {
    keccak256("RootValidatorUpdated(bytes21)")
}

/// The events that name candidates.
pub(super) fn topics() -> Vec<B256> {
    vec![
        Erc7579Account::ModuleInstalled::SIGNATURE_HASH,
        Erc7579Account::ModuleUninstalled::SIGNATURE_HASH,
        selector_set(),
        root_validator_updated(),
    ]
}

/// What one event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A module of this type; `None` where the type is none that fits into 64 bits.
    Installed(Option<u64>, Address),
    /// A fallback handler was removed.
    HandlerRemoved(Address),
    /// Kernel: `type(1) ‖ validator(20)`, or `type(1) ‖ permission(4)`.
    Id(B256),
}

impl Event {
    /// Reads a log; whether a word is indexed makes no difference, since accounts differ in that.
    pub(super) fn read(log: &Log) -> Option<Self> {
        let topics = log.topics();
        let mut words: Vec<B256> = topics.iter().skip(1).copied().collect();
        words.extend(log.data().data.chunks_exact(32).take(3).map(B256::from_slice));
        let topic = *topics.first()?;
        if topic == root_validator_updated() {
            return Some(Self::Id(*words.first()?));
        }
        if topic == selector_set() {
            return Some(Self::Id(*words.get(1)?));
        }
        let [kind, module, ..] = words[..] else { return None };
        let kind = kind[..24]
            .iter()
            .all(|byte| *byte == 0)
            .then(|| u64::from_be_bytes(kind[24..].try_into().unwrap_or_default()));
        let module = Address::from_word(module);
        if topic == Erc7579Account::ModuleInstalled::SIGNATURE_HASH {
            return Some(Self::Installed(kind, module));
        }
        (topic == Erc7579Account::ModuleUninstalled::SIGNATURE_HASH && kind == Some(3))
            .then_some(Self::HandlerRemoved(module))
    }
}

/// The lists that the lens is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    pub(super) validators: Vec<Address>,
    pub(super) executors: Vec<Address>,
    /// Each as often as it was installed and not removed.
    pub(super) handlers: Vec<Address>,
    pub(super) permissions: Vec<FixedBytes<4>>,
    /// Why the lists may lack somebody although every event was read.
    pub(super) lacking: Option<&'static str>,
}

impl Candidates {
    /// What the events name, oldest first.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut found = Self::default();
        for event in events {
            found.take(*event);
        }
        let Self { validators, executors, handlers, permissions, lacking } = &mut found;
        let longest = validators.len().max(executors.len()).max(handlers.len());
        if longest.max(permissions.len()) > MOST {
            *lacking = Some("there are more candidates than the lens goes through");
            for list in [validators, executors, handlers] {
                list.truncate(MOST);
            }
            permissions.truncate(MOST);
        }
        found
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Installed(Some(1), module) => add(&mut self.validators, module),
            Event::Installed(Some(2), module) => add(&mut self.executors, module),
            Event::Installed(Some(3), module) => self.handlers.push(module),
            Event::Installed(Some(4), _) => {}
            // A policy or a signer: a permission, whose name no event tells.
            Event::Installed(..) => {
                self.lacking = Some("a module was installed whose permission no event names");
            }
            Event::HandlerRemoved(module) => {
                if let Some(at) = self.handlers.iter().position(|handler| *handler == module) {
                    self.handlers.swap_remove(at);
                }
            }
            Event::Id(id) => match id[0] {
                1 => add(&mut self.validators, Address::from_slice(&id[1..21])),
                2 => add(&mut self.permissions, FixedBytes::from_slice(&id[1..5])),
                _ => {}
            },
        }
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, what: T) {
    if !list.contains(&what) {
        list.push(what);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, LogData, U256};

    use super::*;

    const A: Address = Address::repeat_byte(0xa);
    const B: Address = Address::repeat_byte(0xb);

    fn log(topics: Vec<B256>, data: &[B256]) -> Log {
        let data: Vec<u8> = data.iter().flat_map(|word| word.to_vec()).collect();
        let data = LogData::new_unchecked(topics, Bytes::from(data));
        Log { inner: alloy::primitives::Log { address: A, data }, ..Log::default() }
    }

    fn number(number: u64) -> B256 {
        U256::from(number).into()
    }

    #[test]
    fn words_count_wherever_they_stand() {
        let installed = Erc7579Account::ModuleInstalled::SIGNATURE_HASH;
        let expected = Some(Event::Installed(Some(1), A));
        let (one, module) = (number(1), A.into_word());
        assert_eq!(Event::read(&log(vec![installed], &[one, module])), expected);
        assert_eq!(Event::read(&log(vec![installed, one], &[module])), expected);
        assert_eq!(Event::read(&log(vec![installed, one, module], &[])), expected);
        assert_eq!(Event::read(&log(vec![installed, one], &[])), None);
        assert_eq!(Event::read(&log(vec![], &[one, module])), None);
        let huge = B256::repeat_byte(0xff);
        let read = Event::read(&log(vec![installed], &[huge, module]));
        assert_eq!(read, Some(Event::Installed(None, A)));
        let removed = Erc7579Account::ModuleUninstalled::SIGNATURE_HASH;
        let read = Event::read(&log(vec![removed], &[number(3), module]));
        assert_eq!(read, Some(Event::HandlerRemoved(A)));
        assert_eq!(Event::read(&log(vec![removed], &[one, module])), None);
    }

    #[test]
    fn candidates_are_who_was_ever_installed() {
        let mut id = [0; 32];
        id[0] = 1;
        id[1..21].copy_from_slice(B.as_slice());
        let mut permission = [0; 32];
        permission[..5].copy_from_slice(&[2, 1, 2, 3, 4]);
        let events = [
            Event::Installed(Some(1), A),
            Event::Installed(Some(1), A),
            Event::Id(id.into()),
            Event::Id(permission.into()),
            Event::Id(permission.into()),
            Event::Installed(Some(2), B),
            Event::Installed(Some(4), B),
            Event::Installed(Some(3), A),
            Event::Installed(Some(3), A),
            Event::HandlerRemoved(A),
            Event::HandlerRemoved(B),
        ];
        let found = Candidates::of(&events);
        let expected = Candidates {
            validators: vec![A, B],
            executors: vec![B],
            handlers: vec![A],
            permissions: vec![[1, 2, 3, 4].into()],
            lacking: None,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_no_event_names_is_said_to_be_lacking() {
        for unnamed in [Some(5), Some(6), Some(0), None] {
            assert!(Candidates::of(&[Event::Installed(unnamed, A)]).lacking.is_some());
        }
        assert_eq!(Candidates::of(&[Event::Installed(Some(4), A)]).lacking, None);
        let many: Vec<_> = (0..=MOST)
            .map(|index| Event::Installed(Some(2), Address::with_last_byte(index as u8 + 1)))
            .collect();
        let found = Candidates::of(&many);
        assert!(found.lacking.is_some());
        assert_eq!(found.executors.len(), MOST);
        assert_eq!(Candidates::of(&many[1..]).lacking, None);
    }
}
