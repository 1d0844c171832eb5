#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn key() -> FileKey {
    NodeKey::from_bytes([9; 32]).catalogue_key().unwrap()
}

fn entry(n: u64, body: Option<Body>) -> Entry {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    let size = u64::from(!matches!(body, Some(Body::Empty) | None)) * 77;
    Entry {
        id,
        parent: [1; 16],
        name: format!("node {n}"),
        modified: -5,
        created: 1_700_000_000_000_000,
        versions: n,
        generation: 1,
        key: [n as u8; 60],
        origin: n.is_multiple_of(7).then_some([2; 16]),
        file: body.map(|body| File {
            key: [3; 60],
            size,
            shared: n.is_multiple_of(3),
            body,
        }),
    }
}

fn body(n: u64) -> Option<Body> {
    match n % 5 {
        0 => None,
        1 => Some(Body::Empty),
        2 => Some(Body::Small {
            digest: [4; 32],
            block_len: 1 << 20,
            place: Place {
                offset: 7,
                len: 125,
            },
        }),
        3 => Some(Body::Inline(vec![5; 300])),
        _ => Some(Body::Stored {
            digest: [6; 32],
            block_len: 4096,
        }),
    }
}

fn pages(entries: impl IntoIterator<Item = Entry>) -> Vec<Listing> {
    let key = key();
    let mut paging = Paging::new(&key);
    let mut all = Vec::new();
    for entry in entries {
        all.extend(paging.push(entry).unwrap());
    }
    all.extend(paging.finish().unwrap());
    all
}

#[test]
fn every_form_of_entry_reads_back_in_order() {
    let entries: Vec<Entry> = (0..3000).map(|n| entry(n, body(n))).collect();
    let pages = pages(entries.clone());
    assert!(pages.len() > 4, "{}", pages.len());
    let read: Vec<Entry> = pages
        .iter()
        .flat_map(|page| open_page(&key(), &page.block).unwrap())
        .collect();
    assert_eq!(read, entries);
}

#[test]
fn a_change_of_one_node_changes_one_page() {
    let before = pages((0..3000).map(|n| entry(n, body(n))));
    let after = pages((0..3000).map(|n| {
        let mut entry = entry(n, body(n));
        if n == 1234 {
            entry.name = "another name".into();
        }
        entry
    }));
    let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert_eq!((before.len(), changed), (after.len(), 1));
    // A node more in the middle moves no other page either.
    let more = pages(
        (0..6000)
            .filter(|n| n % 2 == 0 || *n == 3001)
            .map(|n| entry(n, None)),
    );
    let less = pages((0..6000).filter(|n| n % 2 == 0).map(|n| entry(n, None)));
    let known: std::collections::HashSet<_> = less.iter().map(|page| page.digest).collect();
    let new = more.iter().filter(|page| !known.contains(&page.digest));
    assert!(new.count() <= 2);
}

#[test]
fn what_is_out_of_order_or_too_long_is_not_written() {
    let key = key();
    let mut paging = Paging::new(&key);
    paging.push(entry(2, None)).unwrap();
    assert!(paging.push(entry(2, None)).is_err());
    assert!(paging.push(entry(1, None)).is_err());
    let long = Entry {
        name: "x".repeat(256),
        ..entry(3, None)
    };
    assert!(paging.push(long).is_err());
    let inline = Some(Body::Inline(vec![0; MAX_INLINE + 1]));
    assert!(paging.push(entry(4, inline)).is_err());
    assert!(seal_list(&key, &vec![[0; 32]; MAX_PARTS + 1]).is_err());
}

#[test]
fn a_part_opens_as_nothing_else_and_under_no_other_key() {
    let key = key();
    let page = pages([entry(1, None)]).remove(0);
    let list = seal_list(&key, &[page.digest]).unwrap();
    let root = Root {
        at: -1,
        nodes: 1,
        lists: vec![list.digest],
    };
    let sealed = seal_root(&key, &root).unwrap();
    assert_eq!(open_root(&key, &sealed.block).unwrap(), root);
    assert_eq!(open_list(&key, &list.block).unwrap(), [page.digest]);
    let head = seal_head(&key, &sealed.digest, -9).unwrap();
    assert_eq!(open_head(&key, &head).unwrap(), (sealed.digest, -9));
    assert!(open_head(&key, &sealed.block).is_err());
    assert!(open_root(&key, &head).is_err());
    assert!(open_root(&key, &list.block).is_err());
    assert!(open_list(&key, &page.block).is_err());
    assert!(open_page(&key, &sealed.block).is_err());
    let other = NodeKey::from_bytes([8; 32]).catalogue_key().unwrap();
    assert!(open_root(&other, &sealed.block).is_err());
    assert_eq!(seal_root(&key, &root).unwrap(), sealed, "no salt is random");
    for bit in 0..page.block.len() * 8 {
        let mut bent = page.block.to_vec();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(open_page(&key, &bent).is_err(), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn rubbish_is_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_page(&bytes);
        prop_assert!(open_page(&key(), &bytes).is_err());
    }

    #[test]
    fn a_cut_page_is_refused(at in 0usize..400) {
        let mut out = Writer::default();
        out.map(2);
        out.text("v");
        out.uint(1);
        out.text("nodes");
        out.array(2);
        write_entry(&mut out, &entry(3, body(2))).unwrap();
        write_entry(&mut out, &entry(4, body(3))).unwrap();
        prop_assert_eq!(decode_page(&out.0).unwrap().len(), 2);
        prop_assume!(at < out.0.len());
        prop_assert!(decode_page(&out.0[..at]).is_err());
    }
}
