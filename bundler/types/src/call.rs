//! Calls that come through no EntryPoint, and that a contract of Writ's lets happen only when they are attested.
//!
//! ```text
//!  "contract"    caller ──────────────> contract that is WritGuarded
//!  "safe"        owners' signatures ──> Safe ──> to          WritSafeGuard is the Safe's transaction guard
//!  "safeModule"  module ──────────────> Safe ──> to          WritSafeGuard is the Safe's module guard
//! ```
//!
//! What is said here is what happens and nothing else: neither which policy decides nor who enforces is the asker's to say.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use serde_json::{Map, Value, json};

use crate::{
    FieldError,
    field::{expected_object, parse_address, parse_bytes, parse_hash, parse_quantity, parse_u64},
};

/// Most bytes of a call's calldata.
pub const MAX_CALL_DATA: usize = 65_536;

/// Most bytes of the owners' signatures of a Safe's transaction.
pub const MAX_OWNER_SIGNATURES: usize = 16_384;

/// How an attestation comes to its call; part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CallPath {
    /// Presented in the same transaction, or behind the owners' signatures.
    Presented = 1,
    /// Posted at any time before.
    Posted = 2,
}

impl CallPath {
    /// The path's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Presented => "presented",
            Self::Posted => "posted",
        }
    }
}

/// What a Safe does with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SafeOperation {
    /// It calls it.
    Call = 0,
    /// It runs the target's code as itself.
    DelegateCall = 1,
}

/// One call, and how its attestation will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestableCall {
    /// The chain that the asker means; whoever is asked refuses another one than its own.
    pub chain_id: Option<u64>,
    /// How the attestation will come.
    pub path: CallPath,
    /// The call.
    pub call: ProtectedCall,
}

/// One call off the ERC-4337 path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtectedCall {
    /// Of a guarded contract.
    Contract(ContractCall),
    /// By a Safe, for its owners.
    Safe(SafeTransaction),
    /// By a Safe, for one of its modules.
    SafeModule(SafeModuleCall),
}

/// A call of a contract that inherits `WritGuarded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractCall {
    /// The guarded contract.
    pub contract: Address,
    /// `msg.sender`.
    pub caller: Address,
    /// Wei that come with the call.
    pub value: U256,
    /// The whole calldata.
    pub data: Bytes,
    /// What else the contract binds; zero unless it says so.
    pub context: B256,
    /// Single use among the caller's nonces; take one at random.
    pub nonce: u64,
}

/// A transaction of a Safe's owners, with their signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeTransaction {
    /// The Safe.
    pub safe: Address,
    /// Whom it calls, or whose code it runs.
    pub to: Address,
    /// Wei that go along.
    pub value: U256,
    /// The calldata.
    pub data: Bytes,
    /// Call or delegatecall.
    pub operation: SafeOperation,
    /// As `execTransaction` takes it.
    pub safe_tx_gas: U256,
    /// As `execTransaction` takes it.
    pub base_gas: U256,
    /// As `execTransaction` takes it: wei (or token units) of refund per gas.
    pub gas_price: U256,
    /// As `execTransaction` takes it.
    pub gas_token: Address,
    /// As `execTransaction` takes it.
    pub refund_receiver: Address,
    /// The Safe's nonce.
    pub nonce: u64,
    /// The owners' signatures as `execTransaction` takes them, without an attestation behind them.
    pub signatures: Bytes,
    /// What the asker takes for the transaction's hash; refused when it is another one.
    pub safe_tx_hash: Option<B256>,
}

impl SafeTransaction {
    /// The EIP-712 hash that the owners sign, as Safes from 1.3.0 on compute it.
    #[must_use]
    pub fn hash(&self, chain_id: u64) -> B256 {
        let domain = keccak256(
            (
                keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"),
                U256::from(chain_id),
                self.safe,
            )
                .abi_encode(),
        );
        let transaction = keccak256(
            (
                keccak256(
                    "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)",
                ),
                self.to,
                self.value,
                keccak256(&self.data),
                U256::from(self.operation as u8),
                self.safe_tx_gas,
                self.base_gas,
                self.gas_price,
                self.gas_token,
                self.refund_receiver,
                U256::from(self.nonce),
            )
                .abi_encode(),
        );
        keccak256([&[0x19, 0x01], domain.as_slice(), transaction.as_slice()].concat())
    }
}

/// What a module has its Safe do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeModuleCall {
    /// The Safe.
    pub safe: Address,
    /// The module.
    pub module: Address,
    /// Whom the Safe calls, or whose code it runs.
    pub to: Address,
    /// Wei that go along.
    pub value: U256,
    /// The calldata.
    pub data: Bytes,
    /// Call or delegatecall.
    pub operation: SafeOperation,
    /// Single use among the module's nonces; take one at random.
    pub nonce: u64,
}

const COMMON: [&str; 3] = ["kind", "chainId", "path"];
const CONTRACT: [&str; 6] = ["contract", "caller", "value", "data", "context", "nonce"];
const SAFE: [&str; 13] = [
    "safe",
    "to",
    "value",
    "data",
    "operation",
    "safeTxGas",
    "baseGas",
    "gasPrice",
    "gasToken",
    "refundReceiver",
    "nonce",
    "signatures",
    "safeTxHash",
];
const SAFE_MODULE: [&str; 7] = ["safe", "module", "to", "value", "data", "operation", "nonce"];

impl AttestableCall {
    /// Reads the parameter of `writ_attestCall`.
    ///
    /// # Errors
    /// Names the field that is absent, malformed, too long or unknown.
    pub fn from_rpc(value: &Value) -> Result<Self, FieldError> {
        let object = value.as_object().ok_or_else(|| expected_object("call", value))?;
        let reader = Reader(object);
        let call = match reader.text("kind")? {
            "contract" => {
                reader.only(&CONTRACT)?;
                ProtectedCall::Contract(reader.contract()?)
            }
            "safe" => {
                reader.only(&SAFE)?;
                ProtectedCall::Safe(reader.safe()?)
            }
            "safeModule" => {
                reader.only(&SAFE_MODULE)?;
                ProtectedCall::SafeModule(reader.safe_module()?)
            }
            _ => {
                return Err(FieldError::new("kind", "expected contract, safe or safeModule"));
            }
        };
        let path = match reader.text("path")? {
            "presented" => CallPath::Presented,
            "posted" => CallPath::Posted,
            _ => return Err(FieldError::new("path", "expected presented or posted")),
        };
        let chain_id =
            reader.get("chainId").map(|value| parse_u64("chainId", value)).transpose()?;
        Ok(Self { chain_id, path, call })
    }

    /// Writes the call in the form that [`from_rpc`](Self::from_rpc) reads.
    #[must_use]
    pub fn to_rpc(&self) -> Value {
        let mut value = match &self.call {
            ProtectedCall::Contract(call) => json!({
                "kind": "contract",
                "contract": call.contract,
                "caller": call.caller,
                "value": call.value,
                "data": call.data,
                "context": call.context,
                "nonce": U256::from(call.nonce),
            }),
            ProtectedCall::Safe(call) => json!({
                "kind": "safe",
                "safe": call.safe,
                "to": call.to,
                "value": call.value,
                "data": call.data,
                "operation": U256::from(call.operation as u8),
                "safeTxGas": call.safe_tx_gas,
                "baseGas": call.base_gas,
                "gasPrice": call.gas_price,
                "gasToken": call.gas_token,
                "refundReceiver": call.refund_receiver,
                "nonce": U256::from(call.nonce),
                "signatures": call.signatures,
            }),
            ProtectedCall::SafeModule(call) => json!({
                "kind": "safeModule",
                "safe": call.safe,
                "module": call.module,
                "to": call.to,
                "value": call.value,
                "data": call.data,
                "operation": U256::from(call.operation as u8),
                "nonce": U256::from(call.nonce),
            }),
        };
        value["path"] = self.path.name().into();
        if let Some(chain_id) = self.chain_id {
            value["chainId"] = json!(U256::from(chain_id));
        }
        if let ProtectedCall::Safe(SafeTransaction { safe_tx_hash: Some(hash), .. }) = &self.call {
            value["safeTxHash"] = json!(hash);
        }
        value
    }
}

/// A JSON object, read field by field. JSON `null` is the same as absence.
struct Reader<'a>(&'a Map<String, Value>);

impl<'a> Reader<'a> {
    fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        let unknown =
            self.0.keys().find(|key| !known.iter().chain(&COMMON).any(|known| known == key));
        match unknown {
            None => Ok(()),
            Some(key) => {
                let shown: String = key.chars().take(64).collect();
                Err(FieldError::new(shown, "unknown field"))
            }
        }
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    fn require(&self, field: &str) -> Result<&'a Value, FieldError> {
        self.get(field).ok_or_else(|| FieldError::missing(field))
    }

    fn text(&self, field: &str) -> Result<&'a str, FieldError> {
        self.require(field)?.as_str().ok_or_else(|| FieldError::new(field, "expected a string"))
    }

    fn address(&self, field: &str) -> Result<Address, FieldError> {
        parse_address(field, self.require(field)?)
    }

    fn number(&self, field: &str) -> Result<U256, FieldError> {
        parse_quantity(field, self.require(field)?, 256)
    }

    fn u64(&self, field: &str) -> Result<u64, FieldError> {
        parse_u64(field, self.require(field)?)
    }

    fn data(&self) -> Result<Bytes, FieldError> {
        parse_bytes("data", self.require("data")?, MAX_CALL_DATA)
    }

    fn hash(&self, field: &str) -> Result<Option<B256>, FieldError> {
        self.get(field).map(|value| parse_hash(field, value)).transpose()
    }

    fn operation(&self) -> Result<SafeOperation, FieldError> {
        match self.number("operation")?.try_into() {
            Ok(0u8) => Ok(SafeOperation::Call),
            Ok(1) => Ok(SafeOperation::DelegateCall),
            _ => Err(FieldError::new("operation", "expected 0x0 (call) or 0x1 (delegatecall)")),
        }
    }

    fn contract(&self) -> Result<ContractCall, FieldError> {
        Ok(ContractCall {
            contract: self.address("contract")?,
            caller: self.address("caller")?,
            value: self.number("value")?,
            data: self.data()?,
            context: self.hash("context")?.unwrap_or_default(),
            nonce: self.u64("nonce")?,
        })
    }

    fn safe(&self) -> Result<SafeTransaction, FieldError> {
        let signatures = self.require("signatures")?;
        Ok(SafeTransaction {
            safe: self.address("safe")?,
            to: self.address("to")?,
            value: self.number("value")?,
            data: self.data()?,
            operation: self.operation()?,
            safe_tx_gas: self.number("safeTxGas")?,
            base_gas: self.number("baseGas")?,
            gas_price: self.number("gasPrice")?,
            gas_token: self.address("gasToken")?,
            refund_receiver: self.address("refundReceiver")?,
            nonce: self.u64("nonce")?,
            signatures: parse_bytes("signatures", signatures, MAX_OWNER_SIGNATURES)?,
            safe_tx_hash: self.hash("safeTxHash")?,
        })
    }

    fn safe_module(&self) -> Result<SafeModuleCall, FieldError> {
        Ok(SafeModuleCall {
            safe: self.address("safe")?,
            module: self.address("module")?,
            to: self.address("to")?,
            value: self.number("value")?,
            data: self.data()?,
            operation: self.operation()?,
            nonce: self.u64("nonce")?,
        })
    }
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
