//! The bytes of the format, pinned. A change here is a new version of the format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use webx_content::{
    Bundle, FileKey, Manifest, NodeKey, Page, SEGMENT_LEN, Sealer, multihash_of, open_manifest,
    open_segment, open_small, seal_manifest, seal_manifest_inline, seal_page, seal_small,
    wrap_file_key, wrap_key,
};

fn file_key() -> FileKey {
    FileKey::from_bytes(std::array::from_fn(|i| i as u8))
}

fn short(bytes: &[u8]) -> String {
    hex::encode(&multihash_of(bytes).digest()[..16])
}

#[test]
fn the_bytes_of_version_1() {
    let sealer = Sealer::new(&file_key());
    let short_segment = sealer.seal(0, b"hello, vault".to_vec()).unwrap();
    let full: Vec<u8> = (0..SEGMENT_LEN).map(|i| (i % 251) as u8).collect();
    let full_segment = sealer.seal(7, full).unwrap();
    let manifest = Manifest::flat(vec![short_segment.segment.clone()]).unwrap();
    let page_len = 8192 * SEGMENT_LEN as u64;
    let paged = Manifest::paged(vec![
        Page {
            digest: [1; 32],
            len: page_len,
        },
        Page {
            digest: [2; 32],
            len: 5,
        },
    ])
    .unwrap();
    let (page, page_block) = seal_page(
        &file_key(),
        [5; 16],
        std::slice::from_ref(&full_segment.segment),
    )
    .unwrap();
    let mut bundle = Bundle::new();
    bundle.push(&file_key(), [6; 16], &[3; 300]).unwrap();
    let (parent, child) = (NodeKey::from_bytes([7; 32]), NodeKey::from_bytes([8; 32]));
    let actual = [
        ("segment salt", hex::encode(short_segment.segment.salt)),
        ("segment", hex::encode(&short_segment.block)),
        ("full segment salt", hex::encode(full_segment.segment.salt)),
        ("full segment", short(&full_segment.block)),
        ("manifest", hex::encode(manifest.encode())),
        ("paged manifest", hex::encode(paged.encode())),
        (
            "sealed manifest",
            hex::encode(seal_manifest_inline(&file_key(), [4; 16], &manifest).unwrap()),
        ),
        (
            "manifest block",
            short(&seal_manifest(&file_key(), [4; 16], &manifest).unwrap()),
        ),
        ("page", format!("{} {}", short(&page_block), page.len)),
        (
            "small file",
            hex::encode(seal_small(&file_key(), [6; 16], b"small").unwrap()),
        ),
        ("bundle", short(&bundle.finish([9; 32]).unwrap())),
        (
            "wrapped node key",
            hex::encode(wrap_key(&parent, &child, &[1; 16], 1, [2; 12]).unwrap()),
        ),
        (
            "wrapped file key",
            hex::encode(wrap_file_key(&parent, &file_key(), &[1; 16], 1, [2; 12]).unwrap()),
        ),
    ];
    let actual = actual
        .map(|(name, value)| format!("{name}: {value}\n"))
        .concat();
    let expected = include_str!("vectors.txt");
    assert_eq!(actual, expected, "the bytes of the format changed");
}

#[test]
fn what_was_written_opens() {
    let field = |name: &str| {
        let line = include_str!("vectors.txt")
            .lines()
            .find(|line| line.starts_with(&format!("{name}: ")))
            .unwrap();
        hex::decode(&line[name.len() + 2..]).unwrap()
    };
    let manifest = open_manifest(&file_key(), &field("sealed manifest")).unwrap();
    let Manifest::Flat { segments, size } = manifest else {
        panic!("not flat")
    };
    assert_eq!(size, 12);
    assert_eq!(
        open_segment(&file_key(), &segments[0], &field("segment")).unwrap(),
        b"hello, vault"
    );
    let small = field("small file");
    let place = webx_content::Place {
        offset: 0,
        len: small.len() as u32,
    };
    assert_eq!(open_small(&file_key(), &small, place).unwrap(), b"small");
}
