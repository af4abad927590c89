//! The suffix: an attestation as it travels, at the end of the signature that the module receives.
//!
//! ```text
//! <what the owner signed> ‖ fields ‖ size ‖ bounds ‖ k ‖ signatures ‖ uint16 length ‖ 8-byte magic
//!                           └─────────────── body ────────────────┘
//! ```
//!
//! Integers are big endian. Parsing is strict: one byte more or less anywhere is refused, so that the gate and the module
//! never see two different things in the same bytes.

use alloy::primitives::{B256, Bytes};

use crate::{
    Attestation, AttestationError, OperatorSignature,
    bound::{Bounds, MAX_BOUNDS_LEN, packed_len},
    signature::SIGNATURE_LEN,
    statement::TIME_LIMIT,
};

/// Version byte of this layout.
pub const VERSION: u8 = 1;

/// Scheme byte: one ECDSA signature per operator.
pub const SCHEME_ECDSA: u8 = 1;

/// Verification level: a quorum of operators signed.
pub const LEVEL_QUORUM: u8 = 1;

/// Most signatures that a suffix may carry.
pub const MAX_SIGNATURES: usize = 32;

/// Last eight bytes of a signature that carries a suffix: the first eight of `keccak256("WritAttestation")`.
pub const MAGIC: [u8; 8] = [0x66, 0x8a, 0x63, 0x98, 0x7b, 0xdc, 0x83, 0xa5];

/// Bytes of the fields before the bounds.
const FIELDS_LEN: usize = 127;

/// Bytes after the body: length and magic.
const TAIL_LEN: usize = 2 + MAGIC.len();

/// Length in bytes of a suffix with `signatures` signatures and `bounds` bounds, `longer` of which are of the longer kinds,
/// tail included.
pub const fn suffix_len(signatures: usize, bounds: usize, longer: usize) -> usize {
    len_with(signatures, packed_len(bounds, longer))
}

const fn len_with(signatures: usize, bounds_len: usize) -> usize {
    FIELDS_LEN + 1 + bounds_len + 1 + SIGNATURE_LEN * signatures + TAIL_LEN
}

/// Length in bytes of the largest suffix that an account with this threshold can get: what estimation must leave room for.
pub const fn largest_suffix(threshold: usize) -> usize {
    len_with(threshold, MAX_BOUNDS_LEN)
}

/// Length in bytes of the largest suffix of all.
pub const MAX_SUFFIX_LEN: usize = largest_suffix(MAX_SIGNATURES);

/// An attestation with its signatures. What the module knows itself (policy, EntryPoint, action) is not carried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Suffix {
    /// Verification level.
    pub level: u8,
    /// Revision of the configuration.
    pub revision: u64,
    /// Epoch of the operator set.
    pub epoch: u64,
    /// The account's counter of attested actions; 0 for policies that read no history.
    pub sequence: u64,
    /// Number of the block that the decision was made at.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Start of the validity window, Unix seconds, 48 bits.
    pub valid_after: u64,
    /// End of the validity window, Unix seconds, 48 bits.
    pub valid_until: u64,
    /// Most that the operation may cost, in wei.
    pub max_cost: u128,
    /// Hash of the evidence.
    pub evidence: B256,
    /// What may leave the account.
    pub bounds: Bounds,
    /// The quorum's signatures.
    pub signatures: Vec<OperatorSignature>,
}

impl Suffix {
    /// Puts an attestation and its signatures, which are sorted here, into a suffix.
    pub fn new(
        attestation: &Attestation,
        max_cost: u128,
        bounds: Bounds,
        mut signatures: Vec<OperatorSignature>,
    ) -> Self {
        signatures.sort_unstable_by_key(|signature| signature.index);
        Self {
            level: attestation.level,
            revision: attestation.revision,
            epoch: attestation.epoch,
            sequence: attestation.sequence,
            block_number: attestation.block_number,
            block_hash: attestation.block_hash,
            valid_after: attestation.valid_after,
            valid_until: attestation.valid_until,
            max_cost,
            evidence: attestation.evidence,
            bounds,
            signatures,
        }
    }

    /// The attestation that the signatures are over, for an action and a policy that are known from elsewhere.
    pub fn attestation(&self, action: B256, policy: B256) -> Attestation {
        Attestation {
            action,
            policy,
            evidence: self.evidence,
            bounds: self.bounds.hash(),
            revision: self.revision,
            epoch: self.epoch,
            sequence: self.sequence,
            level: self.level,
            block_number: self.block_number,
            block_hash: self.block_hash,
            valid_after: self.valid_after,
            valid_until: self.valid_until,
        }
    }

    /// The bytes to append to the owner's signature.
    ///
    /// Refuses what [`decode`](Self::decode) would refuse: a window out of range, no signature or more than
    /// [`MAX_SIGNATURES`].
    pub fn encode(&self) -> Result<Bytes, AttestationError> {
        check_window(self.valid_after, self.valid_until)?;
        check_count(self.signatures.len())?;
        let bounds = self.bounds.pack();
        let mut bytes = Vec::with_capacity(len_with(self.signatures.len(), bounds.len()));
        bytes.extend_from_slice(&[VERSION, SCHEME_ECDSA, self.level]);
        for word in [self.revision, self.epoch, self.sequence, self.block_number] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes.extend_from_slice(self.block_hash.as_slice());
        bytes.extend_from_slice(&self.valid_after.to_be_bytes()[2..]);
        bytes.extend_from_slice(&self.valid_until.to_be_bytes()[2..]);
        bytes.extend_from_slice(&self.max_cost.to_be_bytes());
        bytes.extend_from_slice(self.evidence.as_slice());
        bytes.push(self.bounds.size());
        bytes.extend_from_slice(&bounds);
        bytes.push(self.signatures.len() as u8);
        for signature in &self.signatures {
            bytes.extend_from_slice(&signature.pack());
        }
        // At most 2,729: fits two bytes.
        let length = bytes.len() as u16;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&MAGIC);
        Ok(bytes.into())
    }

    /// Reads a suffix that is exactly `bytes`, tail included.
    pub fn decode(bytes: &[u8]) -> Result<Self, AttestationError> {
        let (owner, suffix) = Self::split(bytes)?.ok_or(AttestationError::Truncated {
            field: "magic",
            needed: MAGIC.len(),
            left: bytes.len().min(MAGIC.len()),
        })?;
        if owner.is_empty() {
            Ok(suffix)
        } else {
            Err(AttestationError::Length {
                declared: bytes.len() - owner.len() - TAIL_LEN,
                actual: bytes.len() - TAIL_LEN,
            })
        }
    }

    /// Splits a signature into the owner's part and the suffix; `None` when it carries no suffix at all.
    pub fn split(signature: &[u8]) -> Result<Option<(&[u8], Self)>, AttestationError> {
        let Some(rest) = signature.strip_suffix(&MAGIC) else {
            return match trailing(signature) {
                Some(count) => Err(AttestationError::TrailingBytes(count)),
                None => Ok(None),
            };
        };
        let (rest, length) = rest.split_last_chunk::<2>().ok_or(AttestationError::Truncated {
            field: "length",
            needed: 2,
            left: rest.len(),
        })?;
        let declared = usize::from(u16::from_be_bytes(*length));
        let at = rest.len().checked_sub(declared).ok_or(AttestationError::Truncated {
            field: "body",
            needed: declared,
            left: rest.len(),
        })?;
        let (owner, body) = rest.split_at(at);
        if owner.ends_with(&MAGIC) || trailing(owner).is_some() {
            return Err(AttestationError::TwoSuffixes);
        }
        Self::decode_body(body).map(|suffix| Some((owner, suffix)))
    }

    fn decode_body(body: &[u8]) -> Result<Self, AttestationError> {
        let mut reader = Reader { bytes: body };
        let [version] = reader.take("version")?;
        if version != VERSION {
            return Err(AttestationError::UnsupportedVersion(version));
        }
        let [scheme] = reader.take("scheme")?;
        if scheme != SCHEME_ECDSA {
            return Err(AttestationError::UnsupportedScheme(scheme));
        }
        let [level] = reader.take("level")?;
        let revision = u64::from_be_bytes(reader.take("revision")?);
        let epoch = u64::from_be_bytes(reader.take("epoch")?);
        let sequence = u64::from_be_bytes(reader.take("sequence")?);
        let block_number = u64::from_be_bytes(reader.take("blockNumber")?);
        let block_hash = B256::new(reader.take("blockHash")?);
        let valid_after = time(reader.take("validAfter")?);
        let valid_until = time(reader.take("validUntil")?);
        check_window(valid_after, valid_until)?;
        let max_cost = u128::from_be_bytes(reader.take("maxCost")?);
        let evidence = B256::new(reader.take("evidence")?);
        let [size] = reader.take("boundsSize")?;
        let bounds = Bounds::unpack(size, reader.slice("bounds", Bounds::packed_len(size)?)?)?;
        let [count] = reader.take("signatureCount")?;
        check_count(count.into())?;
        let mut signatures = Vec::with_capacity(count.into());
        for _ in 0..count {
            signatures.push(OperatorSignature::unpack(&reader.take("signature")?));
        }
        if !reader.bytes.is_empty() {
            return Err(AttestationError::Length {
                declared: body.len(),
                actual: body.len() - reader.bytes.len(),
            });
        }
        Ok(Self {
            level,
            revision,
            epoch,
            sequence,
            block_number,
            block_hash,
            valid_after,
            valid_until,
            max_cost,
            evidence,
            bounds,
            signatures,
        })
    }
}

/// The owner's signature with a suffix after it: what an account gets whose module receives the end of the signature.
pub fn attach(owner_signature: &[u8], suffix: &Suffix) -> Result<Bytes, AttestationError> {
    if Suffix::split(owner_signature)?.is_some() {
        return Err(AttestationError::TwoSuffixes);
    }
    Ok([owner_signature, &suffix.encode()?].concat().into())
}

/// Whether a signature claims to carry an attestation, well-formed or not.
pub fn carries_suffix(signature: &[u8]) -> bool {
    signature.ends_with(&MAGIC) || trailing(signature).is_some()
}

/// Bytes after an attestation that lies inside `bytes`, when there is one.
///
/// The magic alone does not make an attestation: something that decodes must stand before it.
fn trailing(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == MAGIC)
        .map(|(at, _)| at)
        // An owner's signature is bounded by the operation; the attempts are bounded here.
        .take(4)
        .find_map(|at| {
            let (rest, length) = bytes[..at].split_last_chunk::<2>()?;
            let start = rest.len().checked_sub(usize::from(u16::from_be_bytes(*length)))?;
            Suffix::decode_body(&rest[start..]).ok()?;
            Some(bytes.len() - at - MAGIC.len())
        })
        .filter(|count| *count > 0)
}

fn check_window(valid_after: u64, valid_until: u64) -> Result<(), AttestationError> {
    if valid_after < valid_until && valid_until < TIME_LIMIT {
        Ok(())
    } else {
        Err(AttestationError::Validity { valid_after, valid_until })
    }
}

const fn check_count(count: usize) -> Result<(), AttestationError> {
    match count {
        0 => Err(AttestationError::TooFewSignatures { given: 0, required: 1 }),
        1..=MAX_SIGNATURES => Ok(()),
        _ => Err(AttestationError::TooManySignatures { given: count, required: MAX_SIGNATURES }),
    }
}

fn time(bytes: [u8; 6]) -> u64 {
    let mut word = [0; 8];
    word[2..].copy_from_slice(&bytes);
    u64::from_be_bytes(word)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], AttestationError> {
        let (head, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(AttestationError::Truncated { field, needed: N, left: self.bytes.len() })?;
        self.bytes = rest;
        Ok(*head)
    }

    fn slice(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], AttestationError> {
        let (head, rest) = self.bytes.split_at_checked(len).ok_or(AttestationError::Truncated {
            field,
            needed: len,
            left: self.bytes.len(),
        })?;
        self.bytes = rest;
        Ok(head)
    }
}
