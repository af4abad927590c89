//! Bundle assembly, fees, signers, submission state machine.
