//! The contracts of this repository.

#![allow(missing_docs)]

use alloy::sol;

sol! {
    #[sol(rpc, all_derives)]
    WritModule,
    "abi/WritModule.json"
}

/// `Mode.Off`: operations are not looked at.
pub const MODE_OFF: u8 = 0;
/// `Mode.Observe`: unattested operations pass and are logged.
pub const MODE_OBSERVE: u8 = 1;
/// `Mode.Enforce`: unattested operations are refused.
pub const MODE_ENFORCE: u8 = 2;
