//! Manifests: round trips, refusals, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ipld_core::ipld::Ipld;
use proptest::prelude::*;
use webx_content::{
    Error, FileKey, MAX_PAGES, Manifest, PAGE_SEGMENTS, Page, SEGMENT_LEN, Segment, open_manifest,
    open_page, seal_manifest, seal_manifest_inline, seal_page,
};

fn key() -> FileKey {
    FileKey::from_bytes([3; 32])
}

fn segments(count: usize, last: u32) -> Vec<Segment> {
    (0..count)
        .map(|i| Segment {
            digest: *blake3::hash(&(i as u64).to_le_bytes()).as_bytes(),
            salt: (i as u128).to_be_bytes(),
            len: if i + 1 == count {
                last
            } else {
                SEGMENT_LEN as u32
            },
        })
        .collect()
}

#[test]
fn a_manifest_is_dag_cbor_that_any_reader_understands() {
    let manifest = Manifest::flat(segments(2, 500)).unwrap();
    let Ipld::Map(map) = serde_ipld_dagcbor::from_slice::<Ipld>(&manifest.encode()).unwrap() else {
        panic!()
    };
    assert_eq!(
        map.keys().map(String::as_str).collect::<Vec<_>>(),
        ["segs", "size", "v"]
    );
    assert_eq!(map["size"], Ipld::Integer(SEGMENT_LEN as i128 + 500));
    assert_eq!(
        serde_ipld_dagcbor::to_vec(&Ipld::Map(map)).unwrap(),
        manifest.encode(),
        "the encoding is canonical"
    );

    let pages = vec![
        Page {
            digest: [1; 32],
            len: (PAGE_SEGMENTS * SEGMENT_LEN) as u64,
        },
        Page {
            digest: [2; 32],
            len: 7,
        },
    ];
    let manifest = Manifest::paged(pages).unwrap();
    let value = serde_ipld_dagcbor::from_slice::<Ipld>(&manifest.encode()).unwrap();
    assert_eq!(
        serde_ipld_dagcbor::to_vec(&value).unwrap(),
        manifest.encode()
    );
    assert_eq!(Manifest::decode(&manifest.encode()).unwrap(), manifest);
}

#[test]
fn segments_that_cannot_be_a_file_are_refused() {
    assert!(Manifest::flat(vec![]).is_err());
    assert!(Manifest::flat(segments(1, 0)).is_err());
    assert!(Manifest::flat(segments(1, SEGMENT_LEN as u32 + 1)).is_err());
    assert!(Manifest::flat(segments(PAGE_SEGMENTS + 1, 1)).is_err());
    let mut gap = segments(3, 1);
    gap[0].len -= 1;
    assert!(Manifest::flat(gap).is_err());
    assert!(
        Manifest::paged(vec![Page {
            digest: [1; 32],
            len: 5
        }])
        .is_err()
    );
    assert!(matches!(
        Manifest::paged(vec![
            Page {
                digest: [1; 32],
                len: 5
            };
            MAX_PAGES + 1
        ]),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn the_size_must_be_that_of_the_segments() {
    let mut bytes = Manifest::flat(segments(1, 10)).unwrap().encode();
    *bytes.last_mut().unwrap() = 11;
    assert!(Manifest::decode(&bytes).is_err());
}

#[test]
fn a_lying_length_takes_no_memory() {
    // {"v":1,"segs":[8192 entries, of which none follows
    let bytes = [
        0xa3, 0x61, b'v', 1, 0x64, b's', b'e', b'g', b's', 0x99, 0x20, 0x00,
    ];
    assert!(Manifest::decode(&bytes).is_err());
    let bytes = [
        0xa3, 0x61, b'v', 1, 0x64, b's', b'e', b'g', b's', 0x9b, 255, 255, 255, 255, 255, 255, 255,
        255,
    ];
    assert!(matches!(
        Manifest::decode(&bytes),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn a_full_page_fits_a_block_and_opens() {
    let (page, block) = seal_page(
        &key(),
        [1; 16],
        &segments(PAGE_SEGMENTS, SEGMENT_LEN as u32),
    )
    .unwrap();
    assert!(block.len() <= webx_content::BLOCK_LEN);
    assert_eq!(
        open_page(&key(), &page, &block).unwrap().len(),
        PAGE_SEGMENTS
    );
    assert!(
        open_page(
            &key(),
            &Page {
                len: page.len - 1,
                ..page
            },
            &block
        )
        .is_err()
    );
    assert!(
        open_manifest(&key(), &block).is_err(),
        "a page is not a manifest"
    );
}

#[test]
fn stored_manifests_do_not_show_the_exact_number_of_segments() {
    let len = |count| {
        seal_manifest(
            &key(),
            [1; 16],
            &Manifest::flat(segments(count, 9)).unwrap(),
        )
        .unwrap()
        .len()
    };
    assert_eq!(len(1000), len(1001));
    let inline =
        seal_manifest_inline(&key(), [1; 16], &Manifest::flat(segments(1, 9)).unwrap()).unwrap();
    assert!(inline.len() < 160);
}

proptest! {
    #[test]
    fn a_manifest_survives_sealing(count in 1usize..300, last in 1u32..=SEGMENT_LEN as u32, inline: bool) {
        let manifest = Manifest::flat(segments(count, last)).unwrap();
        let sealed = if inline {
            seal_manifest_inline(&key(), [1; 16], &manifest).unwrap()
        } else {
            seal_manifest(&key(), [1; 16], &manifest).unwrap().to_vec()
        };
        prop_assert_eq!(open_manifest(&key(), &sealed).unwrap(), manifest);
        prop_assert!(open_manifest(&FileKey::from_bytes([4; 32]), &sealed).is_err());
    }

    #[test]
    fn a_changed_bit_never_opens(count in 1usize..20, at: prop::sample::Index, bit in 0u8..8) {
        let mut sealed = seal_manifest(&key(), [1; 16], &Manifest::flat(segments(count, 1)).unwrap()).unwrap().to_vec();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(open_manifest(&key(), &sealed).is_err());
    }

    #[test]
    fn one_meaning_has_one_encoding(count in 1usize..20, at: prop::sample::Index, byte: u8) {
        let good = Manifest::flat(segments(count, 1)).unwrap();
        let mut bytes = good.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Manifest::decode(&bytes) {
            prop_assert_eq!(&read.encode(), &bytes);
        }
        bytes.truncate(at);
        prop_assert!(Manifest::decode(&bytes).is_err());
    }

    #[test]
    fn noise_is_refused_quietly(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        webx_content::fuzz::manifest(&bytes);
        webx_content::fuzz::bundle(&bytes);
    }
}
