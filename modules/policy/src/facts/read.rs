//! Reading `requiredFacts` of a manifest: everything is understood, or refused by name.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Binding, ClaimRule, CredentialIssuer, CredentialRule, FactRequirement, FactShape, FactSource,
    IssuerKey, MAX_AGE, MAX_FACTS, MAX_ISSUERS, StateArgument, StateRead, StateRule,
    StatementIssuers, StatementRule,
};
use crate::{AbiFunction, AbiType, Value, functions::lowercase_address};

/// The most claims of one credential.
const MAX_CLAIMS: usize = 16;
/// The most names of a claim's path.
const MAX_PATH: usize = 4;
/// The longest `iss`, `vct` and name in a path, in bytes.
const MAX_NAME: usize = 256;
/// What every fact has, whatever its kind.
const COMMON: [&str; 4] = ["name", "kind", "required", "maxAge"];

pub(super) fn requirements(value: &Value) -> Result<Vec<FactRequirement>, String> {
    let listed = value.as_array().ok_or(" is not an array")?;
    if listed.len() > MAX_FACTS {
        return Err(format!(": {} facts, at most {MAX_FACTS} are accepted", listed.len()));
    }
    let mut read: Vec<FactRequirement> = Vec::with_capacity(listed.len());
    for (index, value) in listed.iter().enumerate() {
        let requirement = requirement(value).map_err(|problem| format!("[{index}]: {problem}"))?;
        if read.iter().any(|known| known.name == requirement.name) {
            return Err(format!("[{index}]: {} is asked for twice", requirement.name));
        }
        read.push(requirement);
    }
    Ok(read)
}

fn requirement(value: &Value) -> Result<FactRequirement, String> {
    let fields = Fields(value.as_object().ok_or("an object was expected")?);
    let name = fields.text("name")?;
    if !is_fact_name(name) {
        return Err(format!(
            "name {name:?} is not 1 to 64 letters, digits and _, a small letter first"
        ));
    }
    let source = match fields.text("kind")? {
        "statement" => FactSource::Statement(statement(&fields)?),
        "sd-jwt-vc" => FactSource::Credential(credential(&fields)?),
        "contract-state" => FactSource::ContractState(state(&fields)?),
        other => {
            return Err(format!(
                "kind {other:?} is not known: statement, sd-jwt-vc and contract-state are"
            ));
        }
    };
    let max_age = fields.number("maxAge")?;
    if max_age == 0 || max_age > MAX_AGE {
        return Err(format!("maxAge {max_age} is not 1 to {MAX_AGE} seconds"));
    }
    let required = fields.get("required")?.as_bool().ok_or("required is not a boolean")?;
    Ok(FactRequirement { name: name.to_owned(), required, max_age, source })
}

/// Whether a fact can be called so.
pub(super) fn is_fact_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.as_bytes()[0].is_ascii_lowercase()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn statement(fields: &Fields<'_>) -> Result<StatementRule, String> {
    fields.only(&["issuers", "binding", "shape"])?;
    let issuers = match fields.get("issuers")? {
        Value::Array(listed) => {
            bounded("issuers", listed.len(), MAX_ISSUERS)?;
            let mut addresses = BTreeSet::new();
            for issuer in listed {
                let address = lowercase_address(issuer)
                    .filter(|address| *address != Address::ZERO)
                    .ok_or_else(|| format!("issuer {issuer} is not a lowercase address"))?;
                if !addresses.insert(address) {
                    return Err(format!("issuer {address:?} is named twice"));
                }
            }
            StatementIssuers::Fixed(addresses)
        }
        value => {
            let named = value.as_object().filter(|fields| fields.len() == 1);
            let parameter = named.and_then(|fields| fields.get("parameter")?.as_str());
            let name = parameter.ok_or("issuers are addresses, or {\"parameter\": name}")?;
            StatementIssuers::Parameter(name.to_owned())
        }
    };
    Ok(StatementRule {
        issuers,
        binding: binding(fields)?,
        shape: FactShape::from_value(fields.get("shape")?)?,
    })
}

fn credential(fields: &Fields<'_>) -> Result<CredentialRule, String> {
    fields.only(&["issuers", "vct", "binding", "status", "claims"])?;
    let listed = fields.get("issuers")?.as_array().ok_or("issuers is not an array")?;
    bounded("issuers", listed.len(), MAX_ISSUERS)?;
    let mut issuers: Vec<CredentialIssuer> = Vec::with_capacity(listed.len());
    for value in listed {
        let issuer = issuer(value)?;
        if issuers.contains(&issuer) {
            return Err(format!("issuer {:?} has the same key twice", issuer.issuer));
        }
        issuers.push(issuer);
    }
    let status_required = match fields.text("status")? {
        "required" => true,
        "optional" => false,
        other => return Err(format!("status {other:?} is not required or optional")),
    };
    let listed = fields.get("claims")?.as_object().ok_or("claims is not an object")?;
    bounded("claims", listed.len(), MAX_CLAIMS)?;
    let mut claims = BTreeMap::new();
    for (name, value) in listed {
        if !is_fact_name(name) {
            return Err(format!(
                "claim {name:?} is not letters, digits and _, a small letter first"
            ));
        }
        let rule = claim(value).map_err(|problem| format!("claim {name}: {problem}"))?;
        claims.insert(name.clone(), rule);
    }
    let vct = name_of("vct", fields.text("vct")?)?;
    Ok(CredentialRule { issuers, vct, binding: binding(fields)?, status_required, claims })
}

fn claim(value: &Value) -> Result<ClaimRule, String> {
    let fields = Fields(value.as_object().ok_or("an object was expected")?);
    fields.exactly(&["path", "shape"])?;
    let listed = fields.get("path")?.as_array().ok_or("path is not an array")?;
    bounded("names in path", listed.len(), MAX_PATH)?;
    let path = listed
        .iter()
        .map(|name| name_of("a name in path", name.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    Ok(ClaimRule { path, shape: FactShape::from_value(fields.get("shape")?)? })
}

fn issuer(value: &Value) -> Result<CredentialIssuer, String> {
    let fields = Fields(value.as_object().ok_or("an issuer is an object with iss and jwk")?);
    fields.exactly(&["iss", "jwk"])?;
    let issuer = name_of("iss", fields.text("iss")?)?;
    let jwk = Fields(fields.get("jwk")?.as_object().ok_or("jwk is not an object")?);
    let key = match (jwk.text("kty")?, jwk.text("crv")?) {
        ("EC", curve @ ("P-256" | "secp256k1")) => {
            jwk.exactly(&["kty", "crv", "x", "y"])?;
            let (x, y) = (jwk.coordinate("x")?, jwk.coordinate("y")?);
            if curve == "P-256" { IssuerKey::P256(x, y) } else { IssuerKey::Secp256k1(x, y) }
        }
        ("OKP", "Ed25519") => {
            jwk.exactly(&["kty", "crv", "x"])?;
            IssuerKey::Ed25519(jwk.coordinate("x")?)
        }
        (kty, crv) => {
            return Err(format!(
                "jwk of kty {kty:?} and crv {crv:?} is not accepted: EC P-256, EC secp256k1 and OKP Ed25519 are"
            ));
        }
    };
    Ok(CredentialIssuer { issuer, key })
}

fn state(fields: &Fields<'_>) -> Result<StateRule, String> {
    let chain_id = fields.number("chainId")?;
    let contract = lowercase_address(fields.get("contract")?)
        .filter(|contract| *contract != Address::ZERO)
        .ok_or("contract is not a lowercase address")?;
    let read = if fields.0.contains_key("function") {
        fields.only(&["chainId", "contract", "function", "arguments"])?;
        let function = AbiFunction::from_value(fields.get("function")?)?;
        if function.outputs.len() != 1 {
            return Err(format!(
                "{} returns {} values, exactly one is accepted",
                function.signature,
                function.outputs.len()
            ));
        }
        let listed = fields.get("arguments")?.as_array().ok_or("arguments is not an array")?;
        if listed.len() != function.inputs.len() {
            return Err(format!(
                "{} arguments, {} has {}",
                listed.len(),
                function.signature,
                function.inputs.len()
            ));
        }
        let arguments = listed
            .iter()
            .zip(&function.inputs)
            .map(|(value, field)| argument(value, &field.kind))
            .collect::<Result<_, _>>()?;
        StateRead::Call { function, arguments }
    } else {
        fields.only(&["chainId", "contract", "slot", "byAccount", "type"])?;
        let slot = word(fields.get("slot")?).ok_or("slot is not 0x and 64 digits")?;
        let by_account = fields.get("byAccount")?.as_bool().ok_or("byAccount is not a boolean")?;
        let kind = AbiType::parse(fields.text("type")?)?;
        if !matches!(
            kind,
            AbiType::Uint(_)
                | AbiType::Int(_)
                | AbiType::Address
                | AbiType::Bool
                | AbiType::FixedBytes(32)
        ) {
            return Err(format!("type {} is not one word of storage", kind.name()));
        }
        StateRead::Slot { slot, by_account, kind }
    };
    Ok(StateRule { chain_id, contract, read })
}

/// `"account"`, or the word that the argument is encoded as.
fn argument(value: &Value, kind: &AbiType) -> Result<StateArgument, String> {
    if value.as_str() == Some("account") {
        return match kind {
            AbiType::Address => Ok(StateArgument::Account),
            other => Err(format!("an account is an address, not a {}", other.name())),
        };
    }
    let refused =
        || format!("argument {value} is neither \"account\" nor the word of a {}", kind.name());
    let word = word(value).ok_or_else(refused)?;
    let field = crate::AbiField { name: String::new(), kind: kind.clone() };
    crate::abi::decode_abi(&[field], word.as_slice()).ok_or_else(refused)?;
    Ok(StateArgument::Word(word))
}

fn word(value: &Value) -> Option<B256> {
    let text = value.as_str().filter(|text| text.len() == 66 && text.starts_with("0x"))?;
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { None } else { text.parse().ok() }
}

fn binding(fields: &Fields<'_>) -> Result<Binding, String> {
    match fields.text("binding")? {
        "account" => Ok(Binding::Account),
        "action" => Ok(Binding::Action),
        other => Err(format!("binding {other:?} is not account or action")),
    }
}

fn bounded(what: &str, count: usize, most: usize) -> Result<(), String> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(format!("{count} {what}, 1 to {most} are accepted"))
    }
}

/// A name that PolicyVM and people can compare.
fn name_of(what: &str, text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if text.is_empty() || text.len() > MAX_NAME || !plain {
        return Err(format!("{what} is not 1 to {MAX_NAME} visible ASCII characters"));
    }
    Ok(text.to_owned())
}

/// An object's fields, read strictly.
struct Fields<'a>(&'a BTreeMap<String, Value>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| format!("{name} is missing"))
    }

    fn text(&self, name: &str) -> Result<&'a str, String> {
        self.get(name)?.as_str().ok_or_else(|| format!("{name} is not a string"))
    }

    fn number(&self, name: &str) -> Result<u64, String> {
        let number = self.get(name)?.as_integer().and_then(|number| number.to_u64());
        number.ok_or_else(|| format!("{name} is not an integer of 64 bits"))
    }

    /// The 32 bytes of a JWK's coordinate, in base64url without padding.
    fn coordinate(&self, name: &str) -> Result<B256, String> {
        let refused = || format!("jwk.{name} is not 32 bytes in base64url without padding");
        let text = self.text(name)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        B256::try_from(bytes.as_slice()).map_err(|_| refused())
    }

    /// Nothing beside these and what every fact has.
    fn only(&self, names: &[&str]) -> Result<(), String> {
        let known = |name: &str| names.contains(&name) || COMMON.contains(&name);
        match self.0.keys().find(|name| !known(name)) {
            Some(unknown) => Err(format!("unknown field {unknown:?}")),
            None => Ok(()),
        }
    }

    /// Nothing beside these.
    fn exactly(&self, names: &[&str]) -> Result<(), String> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            Some(unknown) => Err(format!("unknown field {unknown:?}")),
            None => Ok(()),
        }
    }
}
