//! Reads the key that signs and pays for bundles.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use alloy::primitives::hex;
use zeroize::Zeroizing;

use crate::NodeError;

/// Longest key file: 64 digits, a prefix and a line end fit many times.
const MAX_FILE: u64 = 1024;

/// The 32 bytes in `path`, which nobody but its owner may read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, NodeError> {
    let refuse = |reason: String| {
        NodeError::start(format!("the bundler's key file {}: {reason}", path.display()))
    };
    let metadata = fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refuse(format!(
            "others than its owner can use it (mode {:o}); run chmod 600 on it",
            mode & 0o777
        )));
    }
    if metadata.len() > MAX_FILE {
        return Err(refuse("it is too long to hold one key".to_owned()));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?);
    let digits = text.trim();
    let mut key = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), key.as_mut_slice())
        .map_err(|_| refuse("it does not hold 32 bytes in hex".to_owned()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    fn file(mode: u32, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mut file = fs::File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(mode)
            .open(&path)
            .unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_key_is_read_with_and_without_prefix() {
        for text in [format!("0x{}\n", "11".repeat(32)), "11".repeat(32)] {
            let (_folder, path) = file(0o600, &text);
            assert_eq!(*read(&path).unwrap(), [0x11; 32]);
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_folder, path) = file(0o644, &"11".repeat(32));
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("chmod 600"), "{message}");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in ["", "0x11", "not a key at all", &"11".repeat(33)] {
            let (_folder, path) = file(0o600, text);
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("32 bytes in hex"), "{message}");
            assert!(text.is_empty() || !message.contains(text), "{message}");
        }
    }
}
