use alloy::primitives::aliases::U48;

use super::*;

const CONTRACT: Address = Address::repeat_byte(0xc0);
const SAFE: Address = Address::repeat_byte(0x5a);

fn operators() -> OperatorSet {
    OperatorSet::new((1..=3).map(Address::repeat_byte).collect()).unwrap()
}

fn configuration() -> Configuration {
    Configuration {
        operator_set: operators().address(),
        operator_set_code_hash: operators().code_hash(),
        policy: B256::repeat_byte(0x77),
        threshold: 2,
        least_operators: 3,
        level: 1,
        mode: Mode::Enforce,
        exit_delay: 3_600,
        ..Default::default()
    }
}

fn answer(configuration: &Configuration, revision: u64) -> Vec<u8> {
    let state = calls::GuardState {
        revision,
        configurationNonce: 2,
        configuredAt: U48::from(77),
        exitAt: U48::ZERO,
        pendingConfiguration: B256::ZERO,
        pendingReadyAt: U48::ZERO,
    };
    [configuration.encode(), state.abi_encode()].concat()
}

fn head(policy: &AccountPolicy, record: Address) -> U256 {
    U256::from_be_bytes(record.into_word().0)
        | U256::from(3) << 160
        | U256::from(2) << 168
        | U256::from(mode_byte(policy.configuration.mode)) << 176
        | U256::from(8) << 184
        | U256::from(policy.state.revision) << 200
}

#[test]
fn the_slots_are_where_the_contracts_keep_them() {
    let namespace = U256::from_be_bytes(keccak256("writ.guarded").0) - U256::ONE;
    let expected = U256::from_be_bytes(keccak256(namespace.to_be_bytes::<32>()).0);
    assert_eq!(Enforcer::Contract(CONTRACT).head_slot(), expected & !U256::from(0xff));
    assert_eq!(
        SafeSlot::TransactionGuard.slot(),
        U256::from_be_bytes(
            b256!("4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8").0
        )
    );
    assert_eq!(
        SafeSlot::ModuleGuard.slot(),
        U256::from_be_bytes(
            b256!("b104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947").0
        )
    );
}

#[test]
fn an_answer_is_read_and_what_none_can_have_is_refused() {
    let enforcer = Enforcer::SafeGuard { guard: CONTRACT, safe: SAFE };
    let policy = enforcer.decode_configuration(&answer(&configuration(), 6)).unwrap();
    assert_eq!(policy.configuration, configuration());
    assert_eq!((policy.state.revision, policy.state.configured_at), (6, 77));
    assert!(policy.is_active());

    let refused = |returned: &[u8]| enforcer.decode_configuration(returned).unwrap_err();
    assert_eq!(refused(&answer(&configuration(), 0)), EnforcerError::NotConfigured);
    assert!(matches!(refused(&[]), EnforcerError::Answer(_)));
    assert!(matches!(refused(&answer(&configuration(), 6)[..600]), EnforcerError::Answer(_)));
    let with = |change: fn(&mut Configuration)| {
        let mut other = configuration();
        change(&mut other);
        refused(&answer(&other, 6)).to_string()
    };
    assert!(with(|other| other.owner = SAFE).contains("an owner,"));
    assert!(with(|other| other.owner_validator = SAFE).contains("validator"));
    assert!(with(|other| other.entry_point = SAFE).contains("EntryPoint"));
    assert!(with(|other| other.registry = SAFE).contains("registry"));
    assert!(with(|other| other.reads_history = true).contains("history"));
}

#[test]
fn a_domain_is_of_one_contract_on_one_chain() {
    let enforcer = Enforcer::Contract(CONTRACT);
    let good = Domain::new(1, CONTRACT).separator();
    assert_eq!(enforcer.check_domain(good.as_slice(), 1), Ok(()));
    assert_eq!(enforcer.check_domain(good.as_slice(), 2), Err(EnforcerError::Domain));
    assert_eq!(enforcer.check_domain(&[], 1), Err(EnforcerError::Domain));
    let other = Domain::new(1, SAFE).separator();
    assert_eq!(enforcer.check_domain(other.as_slice(), 1), Err(EnforcerError::Domain));
}

#[test]
fn whoever_lies_about_a_setting_is_found_out() {
    let enforcer = Enforcer::Contract(CONTRACT);
    let told = enforcer.decode_configuration(&answer(&configuration(), 6)).unwrap();
    let record = enforcer.record(&configuration(), &operators());
    let kept = head(&told, record.address);
    let check = |word, policy: &AccountPolicy| {
        SettingsHead(word).check(policy, &operators(), record.address)
    };
    assert_eq!(check(kept, &told), Ok(()));
    let lie = |change: fn(&mut AccountPolicy)| {
        let mut other = told.clone();
        change(&mut other);
        check(kept, &other).unwrap_err()
    };
    assert_eq!(lie(|other| other.configuration.threshold = 1), EnforcerError::Lies("threshold"));
    assert_eq!(lie(|other| other.configuration.mode = Mode::Observe), EnforcerError::Lies("mode"));
    assert_eq!(lie(|other| other.state.revision = 7), EnforcerError::Lies("revision"));
    assert_eq!(check(kept ^ U256::ONE, &told), Err(EnforcerError::Lies("configuration")));
    assert_eq!(check(kept ^ (U256::ONE << 160), &told), Err(EnforcerError::Lies("operators")));
    // Another configuration has another record, at an address that nobody else can put it to.
    let mut other = configuration();
    other.policy = B256::ZERO;
    assert_ne!(enforcer.record(&other, &operators()).address, record.address);
    let elsewhere = Enforcer::Contract(SAFE).record(&configuration(), &operators());
    assert_ne!(elsewhere.address, record.address);
}

#[test]
fn what_is_pretended_changes_the_mode_alone() {
    let mut observing = configuration();
    observing.mode = Mode::Observe;
    let enforcer = Enforcer::Contract(CONTRACT);
    let mut told = enforcer.decode_configuration(&answer(&observing, 6)).unwrap();
    let record = enforcer.record(&observing, &operators());
    let pretended = SettingsHead(head(&told, record.address)).enforcing();
    told.configuration.mode = Mode::Enforce;
    assert_eq!(pretended.check(&told, &operators(), record.address), Ok(()));
    assert_eq!(pretended.0, head(&told, record.address));
}

#[test]
fn a_nonce_is_one_bit_of_its_word() {
    let word = U256::from(1u64 << 5).to_be_bytes::<32>();
    for (nonce, used) in [(5, true), (0x105, true), (4, false), (u64::MAX, false)] {
        assert_eq!(Enforcer::is_used(&word, nonce), Some(used));
    }
    assert_eq!(Enforcer::is_used(&[], 5), None);
    let asked = Enforcer::Contract(CONTRACT).nonce_call(SAFE, 0x1ff);
    assert_eq!(asked[asked.len() - 1], 1, "the word that it lies in");
}
