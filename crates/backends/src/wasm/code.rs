//! Compiled code, bound to what it was made from. Loading it runs it as this program's own machine code, so nothing is
//! loaded that this node did not compile itself.
//!
//! ```text
//! "webx code 1\n" | engine 32 | component 32 | tag 32 | machine code
//! ```
//! `engine` is BLAKE3 of the engine's name, `component` SHA-256 of the component, `tag` BLAKE3 keyed with the node's
//! key over all the rest.

use zeroize::Zeroizing;

use crate::StartError;

const MAGIC: &[u8; 12] = b"webx code 1\n";
const HEAD: usize = MAGIC.len() + 32 + 32;
const TAG: usize = 32;

/// The node's key for compiled code.
#[derive(Clone)]
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn tag(&self, head: &[u8], code: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.0)
            .update(head)
            .update(code)
            .finalize()
    }
}

/// Puts the head before `code`.
pub(super) fn bind(key: &Key, engine: &str, component: &[u8; 32], code: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(HEAD + TAG + code.len());
    bound.extend_from_slice(MAGIC);
    bound.extend_from_slice(blake3::hash(engine.as_bytes()).as_bytes());
    bound.extend_from_slice(component);
    let tag = key.tag(&bound, code);
    bound.extend_from_slice(tag.as_bytes());
    bound.extend_from_slice(code);
    bound
}

/// The machine code in `bound`, if this node made it with this engine from this component.
pub(super) fn check<'a>(
    key: &Key,
    engine: &str,
    component: &[u8; 32],
    bound: &'a [u8],
) -> Result<&'a [u8], StartError> {
    let (head, rest) = bound.split_at_checked(HEAD).ok_or(StartError::Tampered)?;
    let (tag, code) = rest
        .split_first_chunk::<TAG>()
        .ok_or(StartError::Tampered)?;
    // `blake3::Hash` compares in constant time.
    if key.tag(head, code) != blake3::Hash::from_bytes(*tag) {
        return Err(StartError::Tampered);
    }
    let (magic, rest) = head.split_at(MAGIC.len());
    let (made_by, made_from) = rest.split_at(32);
    if magic != MAGIC || made_from != component {
        return Err(StartError::Tampered);
    }
    if made_by != blake3::hash(engine.as_bytes()).as_bytes() {
        return Err(StartError::OtherEngine);
    }
    Ok(code)
}

/// Machine code in memory that nobody can change any more.
pub(super) enum Sealed {
    /// A sealed file without a name, that can be mapped again and again without copying.
    #[cfg(target_os = "linux")]
    Memory(std::os::fd::OwnedFd),
    /// Where there is no such thing.
    Bytes(Vec<u8>),
}

/// Checks `bound` and puts its code where it can be mapped.
pub(super) fn unseal(
    key: &Key,
    engine: &str,
    component: &[u8; 32],
    mut bound: Vec<u8>,
) -> Result<Sealed, StartError> {
    let code = check(key, engine, component, &bound)?;
    #[cfg(target_os = "linux")]
    if let Ok(file) = sealed_memory(code) {
        return Ok(Sealed::Memory(file));
    }
    let length = code.len();
    let start = bound.len() - length;
    bound.drain(..start);
    Ok(Sealed::Bytes(bound))
}

/// A file in memory that holds `bytes` for good: the kernel refuses every later change, this program's own included.
#[cfg(target_os = "linux")]
fn sealed_memory(bytes: &[u8]) -> std::io::Result<std::os::fd::OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use std::io::Write;
    let open = |flags| {
        memfd_create(
            "webx-code",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | flags,
        )
    };
    // Older kernels do not know the flag; newer ones want it said that the file is for running.
    let file = open(MemfdFlags::EXEC).or_else(|_| open(MemfdFlags::empty()))?;
    let mut file = std::fs::File::from(file);
    file.write_all(bytes)?;
    let all = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, all)?;
    Ok(file.into())
}

/// Loads a component from checked code.
#[expect(
    unsafe_code,
    reason = "loading machine code; `Sealed` only ever holds what `check` accepted"
)]
pub(super) fn load(
    engine: &wasmtime::Engine,
    code: &Sealed,
) -> wasmtime::Result<wasmtime::component::Component> {
    use wasmtime::component::Component;
    match code {
        #[cfg(target_os = "linux")]
        Sealed::Memory(file) => {
            use std::os::fd::AsRawFd;
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            // SAFETY: the bytes were made by this node's compiler (authenticated by `check`), and the file is sealed,
            // so they are the checked ones now and as long as they are mapped.
            unsafe { Component::deserialize_file(engine, path) }
        }
        // SAFETY: as above; the bytes are owned and were checked.
        Sealed::Bytes(bytes) => unsafe { Component::deserialize(engine, bytes) },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn code_is_good_for_its_component_its_engine_and_its_node_only() {
        let (key, other) = (Key::new([1; 32]), Key::new([2; 32]));
        let bound = bind(&key, "engine", &[7; 32], b"code");
        assert_eq!(check(&key, "engine", &[7; 32], &bound).unwrap(), b"code");
        assert_eq!(
            check(&key, "engine", &[8; 32], &bound),
            Err(StartError::Tampered)
        );
        assert_eq!(
            check(&other, "engine", &[7; 32], &bound),
            Err(StartError::Tampered)
        );
        assert_eq!(
            check(&key, "other", &[7; 32], &bound),
            Err(StartError::OtherEngine)
        );
    }

    #[test]
    fn one_changed_bit_anywhere_is_refused() {
        let key = Key::new([1; 32]);
        let bound = bind(&key, "engine", &[7; 32], b"code");
        for at in 0..bound.len() {
            let mut changed = bound.clone();
            changed[at] ^= 1;
            assert_eq!(
                check(&key, "engine", &[7; 32], &changed),
                Err(StartError::Tampered),
                "byte {at}"
            );
        }
        for length in 0..bound.len() {
            assert_eq!(
                check(&key, "engine", &[7; 32], &bound[..length]),
                Err(StartError::Tampered)
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn checked_code_cannot_be_changed_in_memory() {
        use std::io::{Seek, Write};
        let mut file = std::fs::File::from(sealed_memory(b"code").unwrap());
        file.rewind().unwrap();
        assert!(file.write_all(b"evil").is_err());
        assert!(file.set_len(0).is_err());
        assert!(file.set_len(100).is_err());
    }
}
