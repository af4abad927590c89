//! What the EntryPoint counts against the verification gas limits: its own work, read from its own GAS instructions.
//!
//! ```text
//!  v0.7 to v0.9   GAS ─ factory, account ─ GAS (AA26)       GAS ─ paymaster ─ GAS (AA36)
//!  v0.6           GAS ─ GAS ─ factory, account ─ GAS ─ paymaster, if any ─ GAS (AA40)
//! ```

/// A limit that the EntryPoint checks what it counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// `verificationGasLimit`.
    Verification,
    /// `paymasterVerificationGasLimit`.
    PaymasterVerification,
}

/// A count that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    counted: Counted,
    /// Gas left when it began.
    start: u64,
    /// Readings that end it, once the frame has ended; the last one counts.
    readings: u8,
    ended: bool,
}

/// Follows the GAS instructions of the EntryPoint's own frame.
#[derive(Debug)]
pub(super) struct Meter {
    /// Whether there is one limit for account and paymaster (v0.6).
    shared: bool,
    /// The last reading and the one before.
    last: [u64; 2],
    open: Option<Open>,
}

impl Meter {
    pub(super) const fn new(shared: bool) -> Self {
        Self { shared, last: [0; 2], open: None }
    }

    /// The EntryPoint is about to call an entity, or its SenderCreator.
    pub(super) fn begin(&mut self, counted: Counted) {
        // The account's count began with its deployment, and lasts until after the paymaster in v0.6.
        let running = self.open.is_some_and(|open| !open.ended || self.shared);
        if running {
            return;
        }
        let (start, readings) = if self.shared { (self.last[1], 2) } else { (self.last[0], 1) };
        self.open = Some(Open { counted, start, readings, ended: false });
    }

    /// The entity's frame has ended.
    pub(super) fn end(&mut self) {
        if let Some(open) = &mut self.open {
            open.ended = true;
        }
    }

    /// The EntryPoint read how much gas is left. What it counted, when that was what it read it for.
    pub(super) fn read(&mut self, left: u64) -> Option<(Counted, u64)> {
        self.last = [left, self.last[0]];
        let open = self.open.as_mut().filter(|open| open.ended)?;
        open.readings -= 1;
        if open.readings > 0 {
            return None;
        }
        let open = self.open.take()?;
        Some((open.counted, open.start.saturating_sub(left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_entry_points_count_account_and_paymaster_apart() {
        let mut meter = Meter::new(false);
        assert_eq!(meter.read(1_000), None);
        meter.begin(Counted::Verification);
        meter.begin(Counted::Verification);
        meter.end();
        assert_eq!(meter.read(700), Some((Counted::Verification, 300)));
        assert_eq!(meter.read(690), None);
        meter.begin(Counted::PaymasterVerification);
        meter.end();
        assert_eq!(meter.read(600), Some((Counted::PaymasterVerification, 90)));
        assert_eq!(meter.read(590), None);
    }

    #[test]
    fn v06_counts_both_from_the_outer_reading_to_the_last() {
        let mut meter = Meter::new(true);
        for (outer, paymaster) in [(2_000, true), (1_000, false)] {
            assert_eq!(meter.read(outer), None);
            assert_eq!(meter.read(outer - 10), None);
            meter.begin(Counted::Verification);
            meter.end();
            assert_eq!(meter.read(outer - 100), None);
            if paymaster {
                meter.begin(Counted::PaymasterVerification);
                meter.end();
            }
            assert_eq!(meter.read(outer - 200), Some((Counted::Verification, 200)));
        }
    }
}
