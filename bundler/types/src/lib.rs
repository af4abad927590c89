//! User operations of every EntryPoint version, rule ids, stake views. No I/O.
