//! How much a build-info may make us do.

use std::time::Duration;

/// Bytes of a build-info file.
pub const BUILD_INFO_BYTES: usize = 256 << 20;
/// Sources in it.
pub const SOURCES: usize = 10_000;
/// Bytes that the compiler may answer.
pub const ANSWER_BYTES: u64 = 512 << 20;
/// How long one run of the compiler may take.
pub const COMPILE_TIME: Duration = Duration::from_secs(600);
/// Contracts asked for at once.
pub const CONTRACTS: usize = 4_096;
/// Types, and fields together, in the layout of one contract.
pub const LAYOUT_ITEMS: usize = 100_000;
/// How deep a type may be nested in others.
pub const TYPE_DEPTH: usize = 64;
/// How deep an expression is followed that gives a slot.
pub const EXPRESSION_DEPTH: usize = 32;
/// Findings in one report; what is beyond is counted as unsafe, and said.
pub const FINDINGS: usize = 1_000;
