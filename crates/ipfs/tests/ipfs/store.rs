//! What is kept, what is swept, and what is never found.

use webx_content::ipld::{self, BLAKE3, Blocks as _, Cid, Error, RAW, Sink as _, cid_of};
use webx_content::unixfs::File;
use webx_vault::{BlockStore as _, Collect, Durability, Mh, kept};

use crate::common::{House, NOW};

#[test]
fn a_private_block_is_not_found_by_its_hash() {
    let house = House::new();
    let private = b"nobody may read this".to_vec();
    let digest = *blake3::hash(&private).as_bytes();
    let mh = Mh::wrap(BLAKE3, &digest).unwrap();
    let blocks = house.vault.blocks();
    blocks
        .put_many(&[(mh, private.into())], Durability::Fsync)
        .unwrap();
    assert!(blocks.get(&mh).unwrap().is_some());
    let asked = house.store.get(&Cid::new_v1(RAW, mh));
    assert!(matches!(asked, Err(Error::Missing(_))));

    // Not even when somebody writes it into the table: it does not open under the key of public blocks.
    house
        .vault
        .db()
        .write(|tx| {
            let sql = "INSERT INTO ipfs_block VALUES (?1, ?2, ?3, 20)";
            tx.execute(sql, (mh.to_bytes(), digest, [0_u8; 16]))?;
            Ok::<_, webx_vault::Error>(())
        })
        .unwrap();
    let asked = house.store.get(&Cid::new_v1(RAW, mh));
    assert!(matches!(asked, Err(Error::Outside(_))), "{asked:?}");
}

#[test]
fn what_is_public_lies_sealed_in_the_vault() {
    let house = House::new();
    let content = b"a text that would be found in the packs".repeat(10);
    let file = house.file(&content);
    let plain = Mh::wrap(BLAKE3, blake3::hash(&content).as_bytes()).unwrap();
    assert!(house.vault.blocks().get(&plain).unwrap().is_none());
    assert!(!house.vault.blocks().has(file.cid.hash()).unwrap());
    for pack in std::fs::read_dir(house.vault.path().join("packs")).unwrap() {
        let bytes = std::fs::read(pack.unwrap().path()).unwrap();
        assert!(!bytes.windows(20).any(|window| window == &content[..20]));
    }
    assert_eq!(house.store.get(&file.cid).unwrap(), content);
}

#[test]
fn a_file_of_many_blocks_survives_collections_and_reads_back() {
    let house = House::new();
    let content: Vec<u8> = (0..20_u32 << 20)
        .map(|i| (i >> 11) as u8 ^ i as u8)
        .collect();
    let file = house.file(&content);
    let collect = Collect {
        grace: std::time::Duration::ZERO,
        ..Collect::default()
    };
    let live = |mh: &Mh| {
        let digest: [u8; 32] = mh.digest().try_into().unwrap();
        house.vault.db().read(|db| kept::is_kept(db, &digest))
    };
    house.vault.blocks().collect(&collect, live).unwrap();
    let opened = File::open(&house.store, &file.cid).unwrap();
    let read: Vec<_> = opened
        .read(&house.store, 0..u64::MAX)
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.concat(), content);
}

#[test]
fn removing_a_root_takes_what_no_other_root_leads_to() {
    let house = House::new();
    let shared = house.file(b"shared");
    let own = house.file(b"own");
    let first = house.folder(&[("a", &shared), ("b", &own)]);
    let second = house.folder(&[("a", &shared)]);
    for file in [&shared, &own] {
        // Still a part of a folder that stays.
        assert_eq!(house.store.remove(&file.cid).unwrap().blocks, 0);
    }
    let swept = house.store.remove(&first.cid).unwrap();
    assert_eq!(swept.blocks, 2, "the folder and its own file");
    assert!(house.store.get(&own.cid).is_err());
    assert_eq!(house.store.get(&shared.cid).unwrap(), &b"shared"[..]);
    assert!(house.store.remove(&first.cid).is_err());
    house.store.remove(&second.cid).unwrap();
    assert_eq!(house.store.stat().unwrap().blocks, 0);
}

#[test]
fn nothing_is_swept_while_something_is_added() {
    let house = House::new();
    let file = house.file(b"here");
    let mut writer = house.store.writer().unwrap();
    let cid = cid_of(RAW, b"coming");
    writer.put(&cid, (&b"coming"[..]).into()).unwrap();
    let busy = house.store.remove(&file.cid);
    assert!(matches!(busy, Err(webx_ipfs::Error::Busy)));
    drop(writer);
    house.store.remove(&file.cid).unwrap();
}

#[test]
fn a_car_whose_root_is_not_in_it_is_refused() {
    let house = House::new();
    let root = cid_of(RAW, b"elsewhere");
    let mut car = webx_content::car::Writer::new(Vec::new(), &[root]).unwrap();
    let other = cid_of(RAW, b"other");
    car.put(&other, (&b"other"[..]).into()).unwrap();
    let car = car.into_inner();
    let refused = house
        .store
        .writer()
        .unwrap()
        .read_car(&car[..], false, "x", NOW);
    assert!(refused.is_err());
    assert!(house.store.roots().unwrap().is_empty());
    let taken = house
        .store
        .writer()
        .unwrap()
        .read_car(&car[..], true, "x\n", NOW)
        .unwrap();
    assert_eq!(taken, [other]);
    assert_eq!(house.store.roots().unwrap()[0].name, "x");
}

#[test]
fn a_block_whose_bytes_are_others_is_not_taken() {
    let house = House::new();
    let cid = cid_of(RAW, b"true");
    let mut car = webx_content::car::Writer::new(Vec::new(), &[cid]).unwrap();
    car.put(&cid, (&b"lies"[..]).into()).unwrap();
    let car = car.into_inner();
    let refused = house
        .store
        .writer()
        .unwrap()
        .read_car(&car[..], false, "", NOW);
    assert!(matches!(
        refused,
        Err(webx_ipfs::Error::Content(ipld::Error::WrongHash(_)))
    ));
    assert!(house.store.get(&cid).is_err());
}
