use aws_lc_rs::aead::{Aad, Nonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Error, sealed::gcm};

/// Bytes of a wrapped key: nonce (12), sealed key (32), tag (16).
pub const WRAPPED_LEN: usize = 60;

/// How often the key of a node was replaced. It starts at 1; a revocation makes a new key with the next number.
pub type Generation = u32;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes 32 uniformly random bytes as a key.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            pub(crate) fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

key!(
    /// Seals the content of one file over all its versions, until the lineage is broken by a copy or a revocation.
    FileKey
);
key!(
    /// The key of a folder or file in the tree. A folder's key wraps its children's node keys, a file's key its file key.
    NodeKey
);

fn aad(label: &[u8], id: &[u8; 16], generation: Generation) -> Vec<u8> {
    let mut aad = Vec::with_capacity(label.len() + 20);
    aad.extend_from_slice(label);
    aad.extend_from_slice(id);
    aad.extend_from_slice(&generation.to_le_bytes());
    aad
}

const CHILD: &[u8] = b"webx/key/child/v1";
const FILE: &[u8] = b"webx/key/file/v1";

fn wrap(
    under: &NodeKey,
    key: &[u8; 32],
    label: &[u8],
    id: &[u8; 16],
    generation: Generation,
    nonce: [u8; 12],
) -> Result<[u8; WRAPPED_LEN], Error> {
    let mut out = [0; WRAPPED_LEN];
    let (head, body) = out.split_at_mut(12);
    let (sealed, tag) = body.split_at_mut(32);
    head.copy_from_slice(&nonce);
    sealed.copy_from_slice(key);
    let made = gcm(under.bytes())?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad(label, id, generation)),
            sealed,
        )
        .map_err(|_| Error::Crypto)?;
    tag.copy_from_slice(made.as_ref());
    Ok(out)
}

fn unwrap(
    under: &NodeKey,
    wrapped: &[u8],
    label: &[u8],
    id: &[u8; 16],
    generation: Generation,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let wrapped: &[u8; WRAPPED_LEN] = wrapped.try_into().map_err(|_| Error::Unopened("key"))?;
    let (nonce, body) = wrapped
        .split_first_chunk::<12>()
        .ok_or(Error::Unopened("key"))?;
    let (sealed, tag) = body.split_at(32);
    let mut key = Zeroizing::new([0; 32]);
    gcm(under.bytes())?
        .open_separate_gather(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad(label, id, generation)),
            sealed,
            tag,
            key.as_mut_slice(),
        )
        .map_err(|_| Error::Unopened("key"))?;
    Ok(key)
}

/// Wraps the key of a node under its parent's key. `nonce` must be random; `child` and `generation` are bound in, so a
/// wrapped key opens only for the node and generation it was made for.
pub fn wrap_key(
    parent: &NodeKey,
    key: &NodeKey,
    child: &[u8; 16],
    generation: Generation,
    nonce: [u8; 12],
) -> Result<[u8; WRAPPED_LEN], Error> {
    wrap(parent, key.bytes(), CHILD, child, generation, nonce)
}

/// Opens what [`wrap_key`] made.
///
/// # Errors
/// [`Error::Unopened`] when the bytes, the parent, the child or the generation differ.
pub fn unwrap_key(
    parent: &NodeKey,
    wrapped: &[u8],
    child: &[u8; 16],
    generation: Generation,
) -> Result<NodeKey, Error> {
    unwrap(parent, wrapped, CHILD, child, generation).map(|key| NodeKey(*key))
}

/// Wraps a file key under the key of the file's node. `nonce` must be random.
pub fn wrap_file_key(
    node: &NodeKey,
    key: &FileKey,
    id: &[u8; 16],
    generation: Generation,
    nonce: [u8; 12],
) -> Result<[u8; WRAPPED_LEN], Error> {
    wrap(node, key.bytes(), FILE, id, generation, nonce)
}

/// Opens what [`wrap_file_key`] made.
///
/// # Errors
/// [`Error::Unopened`] when the bytes, the node or the generation differ.
pub fn unwrap_file_key(
    node: &NodeKey,
    wrapped: &[u8],
    id: &[u8; 16],
    generation: Generation,
) -> Result<FileKey, Error> {
    unwrap(node, wrapped, FILE, id, generation).map(|key| FileKey(*key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wrapped_key_opens_only_for_its_parent_child_and_generation() {
        let (parent, child) = (NodeKey::from_bytes([1; 32]), NodeKey::from_bytes([2; 32]));
        let wrapped = wrap_key(&parent, &child, &[3; 16], 1, [4; 12]).unwrap();
        assert_eq!(
            unwrap_key(&parent, &wrapped, &[3; 16], 1).unwrap().bytes(),
            child.bytes()
        );
        assert!(unwrap_key(&child, &wrapped, &[3; 16], 1).is_err());
        assert!(unwrap_key(&parent, &wrapped, &[5; 16], 1).is_err());
        assert!(unwrap_key(&parent, &wrapped, &[3; 16], 2).is_err());
        assert!(
            unwrap_file_key(&parent, &wrapped, &[3; 16], 1).is_err(),
            "a node key is not a file key"
        );
        for bit in 0..WRAPPED_LEN * 8 {
            let mut bent = wrapped;
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(
                unwrap_key(&parent, &bent, &[3; 16], 1).is_err(),
                "bit {bit}"
            );
        }
        assert!(unwrap_key(&parent, &wrapped[..59], &[3; 16], 1).is_err());
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", FileKey::from_bytes([9; 32])), "FileKey(…)");
        assert_eq!(format!("{:?}", NodeKey::from_bytes([9; 32])), "NodeKey(…)");
    }
}
