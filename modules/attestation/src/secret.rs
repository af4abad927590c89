//! Reads a secret key's 32 bytes from a file that nobody but its owner may use.

use std::{fs, io::Read, path::Path};

use alloy::hex;
use zeroize::Zeroizing;

/// Longest key file that is read: a prefixed hex key and a line end, with room for stray blanks.
const MAX_FILE_LEN: u64 = 128;

/// Why a key could not be loaded. Never says anything about the key itself.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("the key file {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody else may read or write the file.
    #[error(
        "the key file {path} has mode {mode:o}; only its owner may have access: chmod 600 {path}"
    )]
    Permissions {
        /// The file.
        path: String,
        /// Permission bits found.
        mode: u32,
    },
    /// The environment variable is not set, or not text.
    #[error("the environment variable {0} does not hold a key")]
    Environment(String),
    /// Not 32 bytes of hex.
    #[error("a key is 32 bytes in hex: 64 digits, with or without 0x")]
    NotHex,
    /// Zero, or not below the group order.
    #[error("the key is not a valid secp256k1 secret: it must be in 1..n")]
    OutOfRange,
}

/// The key in the file at `path`: 64 hex digits, with or without `0x`; surrounding blanks are ignored.
///
/// # Errors
/// [`KeyError`] when the file cannot be read, is open to others than its owner, or holds something else.
pub fn read_secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let read = |source| KeyError::Read { path: path.display().to_string(), source };
    let file = fs::File::open(path).map_err(read)?;
    // Of the file that is open, not of the path: it cannot be swapped between check and use.
    check_permissions(path, &file.metadata().map_err(read)?)?;
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_LEN as usize));
    file.take(MAX_FILE_LEN).read_to_string(&mut text).map_err(read)?;
    from_hex(&text)
}

pub(crate) fn from_hex(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| KeyError::NotHex)?;
    Ok(bytes)
}

#[cfg(unix)]
fn check_permissions(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyError::Permissions { path: path.display().to_string(), mode })
    }
}

#[cfg(not(unix))]
fn check_permissions(_: &Path, _: &fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

    use super::*;

    fn file(mode: u32, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mut file =
            fs::File::options().create_new(true).write(true).mode(mode).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_key_is_read_with_and_without_prefix() {
        for text in [format!("0x{}\n", "11".repeat(32)), format!(" {} ", "11".repeat(32))] {
            let (_folder, path) = file(0o600, &text);
            assert_eq!(*read_secret(&path).unwrap(), [0x11; 32]);
        }
    }

    #[test]
    fn a_key_file_must_be_its_owners_alone() {
        for mode in [0o640, 0o604, 0o620] {
            let (_folder, path) = file(0o600, &"11".repeat(32));
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
            let error = read_secret(&path).unwrap_err();
            assert!(matches!(error, KeyError::Permissions { mode: found, .. } if found == mode));
            assert!(error.to_string().contains("chmod 600"));
        }
        let (folder, _) = file(0o600, "");
        let absent = folder.path().join("absent");
        assert!(matches!(read_secret(&absent), Err(KeyError::Read { .. })));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let long = "11".repeat(33);
        let endless = "1".repeat(4_096);
        for text in ["", "0x11", "not a key at all", &long[..65], &long, &endless] {
            let (_folder, path) = file(0o600, text);
            let error = read_secret(&path).unwrap_err();
            assert!(matches!(error, KeyError::NotHex), "{error}");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
