//! The least gas that is enough, by galloping from a hint and bisection.

/// A found limit succeeds, and this much less does not.
pub const PRECISION: u64 = 64;

/// A limit for which this much less does not suffice is low enough; more than [`PRECISION`], so that what one search
/// found is not searched again.
pub(super) const TIGHT: u64 = PRECISION + PRECISION / 2;

/// The least gas for which `suffices`, up to [`PRECISION`] too much. `most` is known to suffice; `hint` is
/// where the answer is expected: gallop away from it until it is bracketed, then halve the bracket.
///
/// `suffices` may give up by answering no; the result is then too much, never too little.
pub(super) fn least<E>(
    hint: u64,
    most: u64,
    mut suffices: impl FnMut(u64) -> Result<bool, E>,
) -> Result<u64, E> {
    let hint = hint.min(most);
    let mut step = 2 * PRECISION;
    let mut enough;
    let mut short;
    if suffices(hint)? {
        enough = hint;
        loop {
            if enough == 0 {
                return Ok(0);
            }
            short = enough.saturating_sub(step);
            if !suffices(short)? {
                break;
            }
            enough = short;
            step = step.saturating_mul(2);
        }
    } else {
        short = hint;
        loop {
            enough = short.saturating_add(step);
            if enough >= most {
                enough = most;
                break;
            }
            if suffices(enough)? {
                break;
            }
            short = enough;
            step = step.saturating_mul(2);
        }
    }
    while enough.saturating_sub(short) > PRECISION {
        let middle = short + (enough - short) / 2;
        if suffices(middle)? {
            enough = middle;
        } else {
            short = middle;
        }
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_the_threshold_from_any_hint(
            need in 0..10_000_000_u64,
            hint in 0..20_000_000_u64,
            spare in 0..10_000_000_u64,
        ) {
            let mut runs = 0;
            let found = least(hint, need + spare, |gas| {
                runs += 1;
                Ok::<_, Infallible>(gas >= need)
            });
            let Ok(found) = found;
            prop_assert!(found >= need);
            prop_assert!(found < need + PRECISION);
            prop_assert!(runs <= 64, "{runs} runs");
        }

        #[test]
        fn giving_up_never_gives_too_little(
            need in 0..1_000_000_u64,
            hint in 0..2_000_000_u64,
            patience in 0..30_usize,
        ) {
            let mut runs = 0;
            let found = least(hint, 1_000_000, |gas| {
                runs += 1;
                Ok::<_, Infallible>(runs <= patience && gas >= need)
            });
            let Ok(found) = found;
            prop_assert!(found >= need);
            prop_assert!(found <= 1_000_000);
        }
    }

    #[test]
    fn a_good_hint_is_cheap() {
        let mut runs = 0;
        let found = least(50_000, 5_000_000, |gas| {
            runs += 1;
            Ok::<_, Infallible>(gas >= 50_700)
        });
        assert!(found.is_ok_and(|found| (50_700..50_764).contains(&found)));
        assert!(runs < 10, "{runs}");
    }

    #[test]
    fn failures_are_passed_on() {
        assert_eq!(least(5, 10, |_| Err("node")), Err("node"));
    }
}
