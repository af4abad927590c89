//! The JSON form of operations (ERC-7769): reading and writing.

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, Bytes, U256},
};
use serde_json::{Map, Value, json};

use crate::{
    EIP7702_FACTORY, EntryPointVersion, Factory, FieldError, ParseLimits, PartialPaymaster,
    PartialUserOperation, UserOperation,
    field::{
        expected_object, parse_address, parse_bytes, parse_factory, parse_quantity, parse_u64,
        parse_u128,
    },
    packing::{PAYMASTER_SIGNATURE_MAGIC, join_paymaster_data, split_paymaster_data},
};

/// Fields that every version has.
const COMMON: [&str; 10] = [
    "sender",
    "nonce",
    "callData",
    "callGasLimit",
    "verificationGasLimit",
    "preVerificationGas",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "signature",
    "eip7702Auth",
];
/// Fields of v0.6 alone.
const LEGACY: [&str; 2] = ["initCode", "paymasterAndData"];
/// Fields of v0.7 and later.
const PACKED: [&str; 6] = [
    "factory",
    "factoryData",
    "paymaster",
    "paymasterVerificationGasLimit",
    "paymasterPostOpGasLimit",
    "paymasterData",
];
/// Field of v0.9 alone.
const PAYMASTER_SIGNATURE: &str = "paymasterSignature";

impl UserOperation {
    /// Reads an operation in the form of `eth_sendUserOperation`, with the default limits.
    ///
    /// # Errors
    /// Names the field that is absent, malformed, unknown, or of another EntryPoint version.
    pub fn from_rpc(value: &Value, version: EntryPointVersion) -> Result<Self, FieldError> {
        Self::from_rpc_with(value, version, &ParseLimits::default())
    }

    /// [`from_rpc`](Self::from_rpc) with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`from_rpc`](Self::from_rpc).
    pub fn from_rpc_with(
        value: &Value,
        version: EntryPointVersion,
        limits: &ParseLimits,
    ) -> Result<Self, FieldError> {
        let reader = Reader::new(value, version, limits)?;
        let operation = reader.operation(true)?.into_complete()?;
        check_size(&operation, limits)?;
        Ok(operation)
    }

    /// Writes the operation in the form that [`from_rpc`](Self::from_rpc) reads: minimal quantities,
    /// lower-case bytes, checksummed addresses, absent fields left out.
    pub fn to_rpc(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
        put("sender", address(self.sender));
        put("nonce", quantity(self.nonce));
        if self.version.is_packed() {
            if let Some(factory) = &self.factory {
                let marker = self.version.supports_eip7702() && factory.is_eip7702();
                put("factory", if marker { json!("0x7702") } else { address(factory.address) });
                put("factoryData", bytes(&factory.data));
            }
        } else {
            put("initCode", bytes(&self.init_code()));
        }
        put("callData", bytes(&self.call_data));
        put("callGasLimit", quantity(U256::from(self.call_gas_limit)));
        put("verificationGasLimit", quantity(U256::from(self.verification_gas_limit)));
        put("preVerificationGas", quantity(self.pre_verification_gas));
        put("maxFeePerGas", quantity(U256::from(self.max_fee_per_gas)));
        put("maxPriorityFeePerGas", quantity(U256::from(self.max_priority_fee_per_gas)));
        if !self.version.is_packed() {
            put("paymasterAndData", bytes(&self.paymaster_and_data()));
        } else if let Some(paymaster) = &self.paymaster {
            put("paymaster", address(paymaster.address));
            put(
                "paymasterVerificationGasLimit",
                quantity(U256::from(paymaster.verification_gas_limit)),
            );
            put("paymasterPostOpGasLimit", quantity(U256::from(paymaster.post_op_gas_limit)));
            match &paymaster.signature {
                // Beside a `paymasterSignature`, a reader takes a magic at the end of the data for a
                // placeholder. Data that really ends so travels with the suffix already attached.
                Some(signature) if paymaster.data.ends_with(&PAYMASTER_SIGNATURE_MAGIC) => {
                    put("paymasterData", bytes(&join_paymaster_data(&paymaster.data, signature)));
                }
                Some(signature) => {
                    put("paymasterData", bytes(&paymaster.data));
                    put(PAYMASTER_SIGNATURE, bytes(signature));
                }
                None => {
                    put("paymasterData", bytes(&paymaster.data));
                }
            }
        }
        put("signature", bytes(&self.signature));
        if let Some(authorization) = &self.authorization {
            put(
                "eip7702Auth",
                json!({
                    "chainId": quantity(*authorization.chain_id()),
                    "address": address(*authorization.address()),
                    "nonce": quantity(U256::from(authorization.nonce())),
                    "yParity": quantity(U256::from(authorization.y_parity())),
                    "r": quantity(authorization.r()),
                    "s": quantity(authorization.s()),
                }),
            );
        }
        Value::Object(map)
    }
}

impl PartialUserOperation {
    /// Reads an operation in the form of `eth_estimateUserOperationGas`, with the default limits.
    ///
    /// # Errors
    /// As [`UserOperation::from_rpc`], except that gas, fees and signatures may be absent.
    pub fn from_rpc(value: &Value, version: EntryPointVersion) -> Result<Self, FieldError> {
        Self::from_rpc_with(value, version, &ParseLimits::default())
    }

    /// [`from_rpc`](Self::from_rpc) with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`from_rpc`](Self::from_rpc).
    pub fn from_rpc_with(
        value: &Value,
        version: EntryPointVersion,
        limits: &ParseLimits,
    ) -> Result<Self, FieldError> {
        let operation = Reader::new(value, version, limits)?.operation(false)?;
        check_size(&operation.complete(&crate::GasDefaults::default()), limits)?;
        Ok(operation)
    }
}

/// Refuses an operation that is too long once packed, naming its longest part.
fn check_size(operation: &UserOperation, limits: &ParseLimits) -> Result<(), FieldError> {
    let size = operation.packed_size();
    if size <= limits.max_packed_size {
        return Ok(());
    }
    let legacy = !operation.version.is_packed();
    let factory = if legacy { "initCode" } else { "factoryData" };
    let paymaster = if legacy { "paymasterAndData" } else { "paymasterData" };
    let longest = [
        ("callData", operation.call_data.len()),
        ("signature", operation.signature.len()),
        (factory, operation.init_code().len()),
        (paymaster, operation.paymaster_and_data().len()),
    ]
    .into_iter()
    .max_by_key(|(_, length)| *length)
    .map_or("callData", |(field, _)| field);
    Err(FieldError::new(
        longest,
        format!(
            "the packed operation is {size} bytes, at most {} are accepted (LIM-010)",
            limits.max_packed_size
        ),
    ))
}

fn quantity(number: U256) -> Value {
    json!(format!("{number:#x}"))
}

fn address(address: Address) -> Value {
    json!(address.to_checksum(None))
}

fn bytes(bytes: &Bytes) -> Value {
    json!(bytes.to_string())
}

/// A JSON object that is known to hold only fields of one version.
struct Reader<'a> {
    object: &'a Map<String, Value>,
    version: EntryPointVersion,
    limit: usize,
}

impl<'a> Reader<'a> {
    fn new(
        value: &'a Value,
        version: EntryPointVersion,
        limits: &ParseLimits,
    ) -> Result<Self, FieldError> {
        let object = value.as_object().ok_or_else(|| expected_object("userOperation", value))?;
        for field in object.keys() {
            check_known(field, version)?;
        }
        Ok(Self { object, version, limit: limits.max_packed_size })
    }

    /// The value of a field; JSON `null` is the same as absence.
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn require(&self, field: &str) -> Result<&'a Value, FieldError> {
        self.get(field).ok_or_else(|| FieldError::missing(field))
    }

    fn optional_u128(&self, field: &str) -> Result<Option<u128>, FieldError> {
        self.get(field).map(|value| parse_u128(field, value)).transpose()
    }

    fn optional_bytes(&self, field: &str) -> Result<Option<Bytes>, FieldError> {
        self.get(field).map(|value| parse_bytes(field, value, self.limit)).transpose()
    }

    fn operation(&self, signed: bool) -> Result<PartialUserOperation, FieldError> {
        let (factory, paymaster) = if self.version.is_packed() {
            (self.factory()?, self.paymaster()?)
        } else {
            (self.init_code()?, self.paymaster_and_data()?)
        };
        Ok(PartialUserOperation {
            version: self.version,
            sender: parse_address("sender", self.require("sender")?)?,
            nonce: parse_quantity("nonce", self.require("nonce")?, 256)?,
            factory,
            call_data: parse_bytes("callData", self.require("callData")?, self.limit)?,
            call_gas_limit: self.optional_u128("callGasLimit")?,
            verification_gas_limit: self.optional_u128("verificationGasLimit")?,
            pre_verification_gas: self
                .get("preVerificationGas")
                .map(|value| parse_quantity("preVerificationGas", value, 256))
                .transpose()?,
            max_fee_per_gas: self.optional_u128("maxFeePerGas")?,
            max_priority_fee_per_gas: self.optional_u128("maxPriorityFeePerGas")?,
            paymaster,
            signature: self.optional_bytes("signature")?,
            authorization: self
                .get("eip7702Auth")
                .map(|value| {
                    read_authorization(value, signed).map_err(|error| error.within("eip7702Auth"))
                })
                .transpose()?,
        })
    }

    fn factory(&self) -> Result<Option<Factory>, FieldError> {
        let data = self.optional_bytes("factoryData")?;
        let Some(value) = self.get("factory") else {
            return match data {
                Some(_) => Err(FieldError::new("factoryData", "given without a factory")),
                None => Ok(None),
            };
        };
        let address = parse_factory("factory", value, self.version.supports_eip7702())?;
        match data {
            Some(data) => Ok(Some(Factory { address, data })),
            None if address == EIP7702_FACTORY => Ok(Some(Factory { address, data: Bytes::new() })),
            None => Err(FieldError::new("factoryData", "missing, but a factory is given")),
        }
    }

    fn paymaster(&self) -> Result<Option<PartialPaymaster>, FieldError> {
        let verification_gas_limit = self.optional_u128("paymasterVerificationGasLimit")?;
        let post_op_gas_limit = self.optional_u128("paymasterPostOpGasLimit")?;
        let data = self.optional_bytes("paymasterData")?;
        let signature = self.optional_bytes(PAYMASTER_SIGNATURE)?;
        let Some(value) = self.get("paymaster") else {
            let orphan = [
                ("paymasterVerificationGasLimit", verification_gas_limit.is_some()),
                ("paymasterPostOpGasLimit", post_op_gas_limit.is_some()),
                ("paymasterData", data.is_some()),
                (PAYMASTER_SIGNATURE, signature.is_some()),
            ];
            return match orphan.iter().find(|(_, given)| *given) {
                Some((field, _)) => Err(FieldError::new(*field, "given without a paymaster")),
                None => Ok(None),
            };
        };
        let address = parse_address("paymaster", value)?;
        check_paymaster("paymaster", address)?;
        let data = data.unwrap_or_default();
        let (data, signature) = match signature {
            Some(signature) => {
                // Some clients send the data with the magic already at its end, some without.
                let plain = data.strip_suffix(&PAYMASTER_SIGNATURE_MAGIC).map(<[u8]>::len);
                let length = plain.unwrap_or(data.len());
                (data.slice(..length), Some(signature))
            }
            None if self.version.supports_paymaster_signature() => split_paymaster_data(&data)
                .map_err(|error| FieldError::new("paymasterData", error.to_string()))?,
            None => (data, None),
        };
        if signature.as_ref().is_some_and(|signature| signature.len() > usize::from(u16::MAX)) {
            return Err(FieldError::new(PAYMASTER_SIGNATURE, "longer than 65,535 bytes"));
        }
        Ok(Some(PartialPaymaster {
            address,
            verification_gas_limit,
            post_op_gas_limit,
            data,
            signature,
        }))
    }

    fn init_code(&self) -> Result<Option<Factory>, FieldError> {
        Ok(self.address_and_data("initCode")?.map(|(address, data)| Factory { address, data }))
    }

    fn paymaster_and_data(&self) -> Result<Option<PartialPaymaster>, FieldError> {
        let Some((address, data)) = self.address_and_data("paymasterAndData")? else {
            return Ok(None);
        };
        check_paymaster("paymasterAndData", address)?;
        Ok(Some(PartialPaymaster {
            address,
            verification_gas_limit: None,
            post_op_gas_limit: None,
            data,
            signature: None,
        }))
    }

    /// A v0.6 field: nothing, or 20 bytes of address and then data.
    fn address_and_data(&self, field: &str) -> Result<Option<(Address, Bytes)>, FieldError> {
        let bytes = self.optional_bytes(field)?.unwrap_or_default();
        match bytes.len() {
            0 => Ok(None),
            1..20 => Err(FieldError::new(
                field,
                format!("{} bytes; it is empty or starts with a 20-byte address", bytes.len()),
            )),
            _ => Ok(Some((Address::from_slice(&bytes[..20]), bytes.slice(20..)))),
        }
    }
}

/// Refuses the zero address, which v0.6 takes for no paymaster and later versions for an error.
fn check_paymaster(field: &str, address: Address) -> Result<(), FieldError> {
    if address.is_zero() {
        return Err(FieldError::new(field, "the zero address; without paymaster, leave it out"));
    }
    Ok(())
}

/// Refuses a field that an operation of this version does not have.
fn check_known(field: &str, version: EntryPointVersion) -> Result<(), FieldError> {
    let owners = if COMMON.contains(&field) {
        return Ok(());
    } else if LEGACY.contains(&field) {
        "v0.6"
    } else if PACKED.contains(&field) {
        "v0.7 and later"
    } else if field == PAYMASTER_SIGNATURE {
        "v0.9"
    } else {
        // The name is the sender's own text: shorten it before repeating it.
        let shown: String = field.chars().take(64).collect();
        return Err(FieldError::new(shown, "unknown field"));
    };
    let known = match owners {
        "v0.6" => !version.is_packed(),
        "v0.9" => version.supports_paymaster_signature(),
        _ => version.is_packed(),
    };
    if known {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        format!("a field of EntryPoint {owners}; this is an operation for v{version}"),
    ))
}

fn read_authorization(value: &Value, signed: bool) -> Result<SignedAuthorization, FieldError> {
    const FIELDS: [&str; 7] = ["chainId", "address", "nonce", "yParity", "v", "r", "s"];
    // `within` puts the path in front, so that the object itself is named by its own field.
    let object = value.as_object().ok_or_else(|| expected_object("tuple", value))?;
    let mut given = object.iter().filter(|(_, value)| !value.is_null());
    if let Some((field, _)) = given.find(|(field, _)| !FIELDS.contains(&field.as_str())) {
        return Err(FieldError::new(field.chars().take(64).collect::<String>(), "unknown field"));
    }
    let get = |field: &str| object.get(field).filter(|value| !value.is_null());
    let require = |field: &str| get(field).ok_or_else(|| FieldError::missing(field));
    let word = |field: &str| match get(field) {
        Some(value) => parse_quantity(field, value, 256),
        None if signed => Err(FieldError::missing(field)),
        None => Ok(U256::ZERO),
    };
    let parity = match (get("yParity"), get("v")) {
        (Some(value), None) => Some(("yParity", parse_u64("yParity", value)?)),
        (None, Some(value)) => {
            let v = parse_u64("v", value)?;
            Some(("v", if v >= 27 { v - 27 } else { v }))
        }
        (Some(_), Some(_)) => return Err(FieldError::new("v", "given beside yParity")),
        (None, None) => None,
    };
    let y_parity = match parity {
        Some((_, 0)) => 0,
        Some((_, 1)) => 1,
        Some((field, _)) => return Err(FieldError::new(field, "neither even nor odd parity")),
        None if signed => return Err(FieldError::missing("yParity")),
        None => 0,
    };
    Ok(SignedAuthorization::new_unchecked(
        Authorization {
            chain_id: parse_quantity("chainId", require("chainId")?, 256)?,
            address: parse_address("address", require("address")?)?,
            nonce: parse_u64("nonce", require("nonce")?)?,
        },
        y_parity,
        word("r")?,
        word("s")?,
    ))
}
