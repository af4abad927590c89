use proptest::prelude::*;

use super::*;

const TEXT: Constants = Constants::TEXT;

fn counters(seen: u64, included: u64) -> Counters {
    Counters { seen, included }
}

fn party(tag: u8) -> Party {
    Party::new(Address::repeat_byte(0xee), Address::repeat_byte(tag))
}

fn known(parties: &[(u8, Counters)], clock: Option<u64>) -> Reputation {
    Reputation::new(parties.iter().map(|(tag, now)| (party(*tag), *now)).collect(), clock)
}

/// Applies one edit.
fn edited(reputation: &mut Reputation, edit: impl FnOnce(&mut Edits<'_>)) {
    let mut edits = reputation.edit();
    edit(&mut edits);
    let change = edits.finish(&TEXT, 1_000);
    reputation.apply(change);
}

#[test]
fn status_changes_exactly_where_the_text_says() {
    for (seen, included, expected) in [
        (0, 0, ReputationStatus::Ok),
        // 109 / 10 = 10, which is not above 10.
        (109, 0, ReputationStatus::Ok),
        (110, 0, ReputationStatus::Throttled),
        (509, 0, ReputationStatus::Throttled),
        (510, 0, ReputationStatus::Banned),
        (119, 1, ReputationStatus::Ok),
        (120, 1, ReputationStatus::Throttled),
        (519, 1, ReputationStatus::Throttled),
        (520, 1, ReputationStatus::Banned),
        (u64::MAX, u64::MAX, ReputationStatus::Ok),
    ] {
        assert_eq!(counters(seen, included).status(&TEXT), expected, "{seen} {included}");
    }
}

#[test]
fn statuses_have_the_words_of_erc_7769() {
    let all = [ReputationStatus::Ok, ReputationStatus::Throttled, ReputationStatus::Banned];
    assert_eq!(all.map(ReputationStatus::name), ["ok", "throttled", "banned"]);
}

#[test]
fn hourly_decay_keeps_23_of_24_and_rounds_down() {
    for (value, later) in
        [(0, 0), (1, 0), (2, 1), (23, 22), (24, 23), (25, 23), (48, 46), (1_000, 958)]
    {
        assert_eq!(counters(value, value).faded(), counters(later, later), "{value}");
    }
    assert_eq!(counters(u64::MAX, 0).faded().seen, (u128::from(u64::MAX) * 23 / 24) as u64);
}

#[test]
fn an_unstaked_paymaster_may_have_what_it_earned() {
    for (seen, included, allowed) in [
        (0, 0, 10),
        (10, 1, 10),
        (10, 10, 20),
        (100, 50, 35),
        (100_000, 100_000, 10_010),
        (40_000, 20_000, 5_010),
    ] {
        assert_eq!(
            counters(seen, included).unstaked_allowance(&TEXT),
            allowed,
            "{seen} {included}"
        );
    }
}

#[test]
fn penalties_have_the_status_they_are_for() {
    for before in [counters(0, 0), counters(5, 5), counters(1_000_000, 1_000_000)] {
        assert_eq!(before.penalized(&TEXT), counters(10_000, 0));
        assert_eq!(before.penalized(&TEXT).status(&TEXT), ReputationStatus::Banned);
        let throttled = before.throttled(&TEXT);
        assert_eq!(throttled.status(&TEXT), ReputationStatus::Throttled, "{before:?}");
        assert_eq!(throttled.included, before.included);
        let included = Counters { included: before.included + 10, ..throttled };
        assert_eq!(
            included.status(&TEXT),
            ReputationStatus::Throttled,
            "a bundle does not undo it"
        );
    }
    let banned = counters(10_000, 0);
    assert_eq!(banned.throttled(&TEXT), banned, "a ban is not lifted by throttling");
}

#[test]
fn hours_that_were_missed_are_caught_up_and_parts_of_hours_are_kept() {
    let mut reputation = known(&[(1, counters(240, 24))], Some(1_000));
    edited(&mut reputation, |edits| edits.pass_time(1_000 + 3_599));
    assert_eq!(reputation.get(&party(1)), counters(240, 24), "not yet an hour");
    edited(&mut reputation, |edits| edits.pass_time(1_000 + 2 * 3_600 + 1_800));
    assert_eq!(reputation.get(&party(1)), counters(220, 22));
    assert_eq!(reputation.clock, Some(1_000 + 2 * 3_600), "the half hour still counts");
    edited(&mut reputation, |edits| edits.pass_time(1_000 + 3 * 3_600));
    assert_eq!(reputation.get(&party(1)), counters(210, 21));
    edited(&mut reputation, |edits| edits.pass_time(u64::MAX));
    assert_eq!(reputation.iter().count(), 0, "what has faded is forgotten");
}

#[test]
fn the_first_look_at_the_clock_and_one_that_was_set_back_fade_nothing() {
    let mut reputation = known(&[(1, counters(240, 24))], None);
    edited(&mut reputation, |edits| edits.pass_time(90_000));
    assert_eq!((reputation.get(&party(1)), reputation.clock), (counters(240, 24), Some(90_000)));
    edited(&mut reputation, |edits| edits.pass_time(89_000));
    assert_eq!(reputation.clock, Some(90_000), "a little: waited for");
    edited(&mut reputation, |edits| edits.pass_time(90_000 - 3_600));
    assert_eq!(reputation.clock, Some(90_000), "by an hour: waited for");
    edited(&mut reputation, |edits| edits.pass_time(10_000));
    assert_eq!(reputation.clock, Some(10_000), "a lot: started anew");
    edited(&mut reputation, |edits| edits.pass_time(13_600));
    assert_eq!(reputation.get(&party(1)), counters(230, 23));
}

#[test]
fn counting_up_and_down_never_wraps_and_what_counts_nothing_is_forgotten_with_the_hour() {
    let mut reputation = Reputation::default();
    edited(&mut reputation, |edits| {
        edits.unsee(party(1));
        edits.exclude(party(1));
    });
    assert_eq!(reputation.iter().count(), 0);
    edited(&mut reputation, |edits| {
        edits.see(party(1));
        edits.see(party(1));
        edits.include(party(1));
        edits.unsee(party(1));
    });
    assert_eq!(reputation.get(&party(1)), counters(1, 1));
    assert_eq!(reputation.get(&Party::new(Address::ZERO, party(1).address)), counters(0, 0));
    edited(&mut reputation, |edits| {
        edits.unsee(party(1));
        edits.exclude(party(1));
        edits.pass_time(0);
    });
    let known: Vec<_> = reputation.iter().map(|(_, counters)| counters).collect();
    assert_eq!(known, [counters(0, 0)], "whoever asks sees that it was taken back");
    edited(&mut reputation, |edits| edits.pass_time(3_599));
    assert_eq!(reputation.iter().count(), 1);
    edited(&mut reputation, |edits| edits.pass_time(3_600));
    assert_eq!(reputation.iter().count(), 0);
    edited(&mut reputation, |edits| edits.see(party(1)));
    edited(&mut reputation, |edits| edits.clear());
    assert_eq!(reputation.iter().count(), 0);
}

#[test]
fn room_is_made_by_forgetting_the_harmless_never_the_banned() {
    let mut reputation = known(
        &[(1, counters(3, 0)), (2, counters(10_000, 0)), (3, counters(1, 0)), (4, counters(2, 0))],
        Some(0),
    );
    let mut edits = reputation.edit();
    edits.see(party(5));
    let change = edits.finish(&TEXT, 4);
    reputation.apply(change);
    let left: Vec<u8> = reputation.iter().map(|(party, _)| party.address[0]).collect();
    assert_eq!(left, [1, 2, 4, 5], "the one that was seen least is gone");
    let mut edits = reputation.edit();
    edits.see(party(1));
    let change = edits.finish(&TEXT, 4);
    assert_eq!(change.parties.len(), 1, "there is room for those that are known");
}

#[test]
fn keys_read_back_and_keep_entry_points_apart() {
    let one = Party::new(Address::repeat_byte(1), Address::repeat_byte(2));
    assert_eq!(Party::of_key(&one.key()), Some(one));
    assert_eq!(Party::of_key(&one.key()[1..]), None);
}

proptest! {
    #[test]
    fn fading_is_the_texts_formula(value: u64) {
        let exact = (u128::from(value) * 23 / 24) as u64;
        prop_assert_eq!(counters(value, value).faded(), counters(exact, exact));
    }

    #[test]
    fn more_inclusions_never_make_it_worse(seen: u64, included in 0..u64::MAX) {
        let (less, more) = (counters(seen, included), counters(seen, included + 1));
        prop_assert!(more.status(&TEXT) <= less.status(&TEXT));
    }

    #[test]
    fn allowances_lie_between_none_earned_and_all(seen in 0..1_000_000u64, part in 0..=100u64) {
        let included = seen * part / 100;
        let allowed = counters(seen, included).unstaked_allowance(&TEXT);
        prop_assert!((10..=10 + included.min(10_000)).contains(&allowed));
    }
}
