//! A piece of a block with what shows that it is one: BLAKE3's tree from the piece up to the block's name.
//!
//! ```
//! use webx_copies::slice;
//!
//! let block = vec![7; 5000];
//! let digest = *blake3::hash(&block).as_bytes();
//! let shown = slice::prove(&block, 3).expect("there is a fourth piece");
//! assert!(slice::verify(&digest, 5000, 3, &shown));
//! assert!(!slice::verify(&digest, 5000, 2, &shown));
//! ```
//!
//! The bytes are those of the piece, then the chaining values of the subtrees beside the way down to it, the root's children
//! first. The length of the block and the number of the piece say how many there are and on which side each stands.

use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root,
    merge_subtrees_root,
};

/// Bytes of a piece; the last one of a block may be shorter.
pub const PIECE: usize = 1024;
/// Bytes of a slice of a block of 1 MiB at most.
pub const MAX_SLICE: usize = PIECE + 32 * 10;

/// How many pieces a block of this length has.
#[must_use]
pub fn pieces(len: u64) -> u32 {
    u32::try_from(len.div_ceil(PIECE as u64).max(1)).unwrap_or(u32::MAX)
}

/// Shows a piece of a block. `None` when the block has no such piece.
#[must_use]
pub fn prove(block: &[u8], piece: u32) -> Option<Vec<u8>> {
    if piece >= pieces(block.len() as u64) {
        return None;
    }
    let at = piece as usize * PIECE;
    let end = (at + PIECE).min(block.len());
    let mut out = block.get(at..end)?.to_vec();
    let (mut rest, mut offset) = (block, 0_usize);
    while rest.len() > PIECE {
        let half = usize::try_from(left_subtree_len(rest.len() as u64)).ok()?;
        let (left, right) = rest.split_at_checked(half)?;
        if at < offset + half {
            out.extend_from_slice(&subtree(right, offset + half));
            rest = left;
        } else {
            out.extend_from_slice(&subtree(left, offset));
            rest = right;
            offset += half;
        }
    }
    Some(out)
}

fn subtree(bytes: &[u8], offset: usize) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset as u64);
    hasher.update(bytes);
    hasher.finalize_non_root()
}

/// Whether these bytes are piece number `piece` of the block of `len` bytes with this digest.
#[must_use]
pub fn verify(digest: &[u8; 32], len: u64, piece: u32, shown: &[u8]) -> bool {
    root(len, piece, shown).is_some_and(|root| root == *digest)
}

/// Where the way down goes at one node of the tree.
struct Turn {
    /// The way goes into the left child.
    left: bool,
    is_root: bool,
}

fn root(len: u64, piece: u32, shown: &[u8]) -> Option<[u8; 32]> {
    if piece >= pieces(len) {
        return None;
    }
    let at = u64::from(piece) * PIECE as u64;
    let (mut turns, mut rest, mut offset) = (Vec::new(), len, 0_u64);
    while rest > PIECE as u64 {
        let half = left_subtree_len(rest);
        let left = at < offset + half;
        turns.push(Turn {
            left,
            is_root: turns.is_empty(),
        });
        if left {
            rest = half;
        } else {
            rest -= half;
            offset += half;
        }
    }
    let (bytes, values) = shown.split_at_checked(usize::try_from(rest).ok()?)?;
    let (values, left_over) = values.as_chunks::<32>();
    if values.len() != turns.len() || !left_over.is_empty() {
        return None;
    }
    if turns.is_empty() {
        return Some(*blake3::hash(bytes).as_bytes());
    }
    let mut value = subtree(bytes, usize::try_from(offset).ok()?);
    for (turn, beside) in turns.iter().zip(values).rev() {
        let (left, right) = if turn.left {
            (&value, beside)
        } else {
            (beside, &value)
        };
        value = if turn.is_root {
            *merge_subtrees_root(left, right, Mode::Hash).as_bytes()
        } else {
            merge_subtrees_non_root(left, right, Mode::Hash)
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn block(len: usize) -> (Vec<u8>, [u8; 32]) {
        let mut bytes = vec![0; len];
        blake3::Hasher::new()
            .update(&len.to_le_bytes())
            .finalize_xof()
            .fill(&mut bytes);
        let digest = *blake3::hash(&bytes).as_bytes();
        (bytes, digest)
    }

    #[test]
    fn every_piece_of_blocks_of_all_shapes_is_shown() {
        for len in [
            0,
            1,
            1023,
            1024,
            1025,
            2048,
            2049,
            3 * 1024,
            5000,
            65_536,
            65_537,
            1 << 20,
        ] {
            let (bytes, digest) = block(len);
            let all = pieces(len as u64);
            for piece in (0..all)
                .step_by((all as usize / 40).max(1))
                .chain([all - 1])
            {
                let shown = prove(&bytes, piece).unwrap();
                assert!(shown.len() <= MAX_SLICE);
                assert!(verify(&digest, len as u64, piece, &shown), "{len} {piece}");
            }
            assert_eq!(prove(&bytes, all), None);
        }
    }

    proptest! {
        #[test]
        fn nothing_else_holds(len in 1usize..20_000, piece in 0u32..20, bit in any::<prop::sample::Index>(), other in 1u64..3000) {
            let (bytes, digest) = block(len);
            let piece = piece % pieces(len as u64);
            let shown = prove(&bytes, piece).unwrap();
            let mut bent = shown.clone();
            let bit = bit.index(bent.len() * 8);
            bent[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify(&digest, len as u64, piece, &bent));
            // The tree shows how long the block is at its end alone.
            if piece + 1 == pieces(len as u64) {
                prop_assert!(!verify(&digest, len as u64 + other, piece, &shown));
            }
            prop_assert!(!verify(&digest, len as u64, piece, &shown[..shown.len() - 1]));
            prop_assert!(!verify(&[1; 32], len as u64, piece, &shown));
            if pieces(len as u64) > 1 {
                let beside = (piece + 1) % pieces(len as u64);
                prop_assert!(!verify(&digest, len as u64, beside, &shown));
            }
        }

        #[test]
        fn rubbish_does_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2000), len in any::<u64>(), piece in any::<u32>()) {
            let _ = verify(&[0; 32], len, piece, &bytes);
        }
    }
}
