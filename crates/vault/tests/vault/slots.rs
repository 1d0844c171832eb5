//! Slots, delays and the header.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use webx_vault::{BlockStore, Durability, SlotKind, Unlock, UnlockError};

use super::*;

/// A clock for one test each: tests run in threads of one process, so each has its own.
macro_rules! clock {
    () => {{
        static NOW: AtomicU64 = AtomicU64::new(1_000_000);
        fn now() -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::SeqCst))
        }
        (
            &NOW,
            Options {
                clock: now,
                ..options()
            },
        )
    }};
}

#[test]
fn passphrase_and_recovery_key_both_open_the_vault() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    write(
        &vault,
        "CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('kept')",
    );
    let (mh, bytes) = block(b"some ciphertext");
    vault
        .blocks()
        .put_many(&[(mh, bytes.clone())], Durability::Fsync)
        .unwrap();
    let derived = vault.derive("drive").unwrap();
    vault.lock();
    let id = data.people().unwrap()[0];
    assert_eq!(id, vault.id());
    let kinds: Vec<_> = data
        .locked(id)
        .unwrap()
        .slots()
        .iter()
        .map(|s| s.kind)
        .collect();
    assert_eq!(kinds, [SlotKind::Passphrase, SlotKind::Recovery]);
    for with in [
        Unlock::Passphrase(&passphrase()),
        Unlock::Recovery(&recovery()),
    ] {
        let vault = data.locked(id).unwrap().unlock(with).unwrap();
        assert_eq!(count(&vault, "SELECT count(*) FROM t"), 1);
        assert_eq!(vault.blocks().get(&mh).unwrap(), Some(bytes.clone()));
        assert_eq!(
            vault.derive("drive").unwrap().as_bytes(),
            derived.as_bytes()
        );
        assert_ne!(
            vault.derive("other").unwrap().as_bytes(),
            derived.as_bytes()
        );
        assert!(vault.health().is_empty(), "{:?}", vault.health());
        vault.lock();
    }
}

#[test]
fn a_locked_vault_answers_nothing_through_any_clone() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let (db, blocks) = (vault.db().clone(), vault.blocks().clone());
    vault.clone().lock();
    assert!(matches!(
        db.write(|_| Ok::<_, Error>(())),
        Err(Error::Locked)
    ));
    assert!(matches!(
        db.read(|_| Ok::<_, Error>(())),
        Err(Error::Locked)
    ));
    assert!(matches!(blocks.stat(), Err(Error::Locked)));
    assert!(matches!(vault.derive("x"), Err(Error::Locked)));
    assert!(matches!(
        vault.set_recovery(&recovery()),
        Err(Error::Locked)
    ));
}

#[test]
fn a_wrong_passphrase_is_refused_slower_each_time_and_a_restart_forgives_nothing() {
    let (clock, options) = clock!();
    let dir = tempfile::tempdir().unwrap();
    let mut data = DataDir::open_with(dir.path(), options.clone()).unwrap();
    let id = create(&data).id();
    let wrong = Passphrase::new("wrong horse battery").unwrap();
    for expected in [1, 2, 4, 8, 16] {
        let answer = data.locked(id).unwrap().unlock(Unlock::Passphrase(&wrong));
        assert!(
            matches!(answer, Err(UnlockError::Wrong { retry_after }) if retry_after.as_secs() == expected)
        );
        drop(data);
        data = DataDir::open_with(dir.path(), options.clone()).unwrap();
        let answer = data
            .locked(id)
            .unwrap()
            .unlock(Unlock::Passphrase(&passphrase()));
        assert!(
            matches!(answer, Err(UnlockError::TooSoon { retry_after }) if retry_after.as_secs() == expected)
        );
        clock.fetch_add(expected, Ordering::SeqCst);
    }
    // The words are not delayed by somebody who guesses at the passphrase.
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    vault.lock();
    data.locked(id)
        .unwrap()
        .unlock(Unlock::Passphrase(&passphrase()))
        .unwrap();
    assert!(data.locked(id).unwrap().retry_after().is_zero());
}

#[test]
fn checking_a_secret_counts_like_unlocking_and_opens_nothing() {
    let (_, options) = clock!();
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options).unwrap();
    let vault = create(&data);
    vault.check(Unlock::Passphrase(&passphrase())).unwrap();
    vault.check(Unlock::Recovery(&recovery())).unwrap();
    assert!(vault.is_recovery_key(&recovery()).unwrap());
    assert!(!vault.is_recovery_key(&Secret32::new([9; 32])).unwrap());
    let wrong = Passphrase::new("wrong horse battery").unwrap();
    assert!(matches!(
        vault.check(Unlock::Passphrase(&wrong)),
        Err(UnlockError::Wrong { .. })
    ));
    assert!(matches!(
        vault.check(Unlock::Passphrase(&passphrase())),
        Err(UnlockError::TooSoon { .. })
    ));
}

#[test]
fn a_changed_passphrase_leaves_the_old_one_powerless_also_through_the_second_copy() {
    let (clock, options) = clock!();
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options).unwrap();
    let vault = create(&data);
    let next = Passphrase::new("a new and better passphrase").unwrap();
    vault.change_passphrase(&passphrase(), &next).unwrap();
    let new_words = Secret32::new([8; 32]);
    vault.set_recovery(&new_words).unwrap();
    vault.lock();
    let id = vault.id();
    let home = vault.path().to_path_buf();
    for damage_first_copy in [false, true] {
        if damage_first_copy {
            std::fs::write(home.join("vault.cbor"), b"torn").unwrap();
        }
        let locked = data.locked(id).unwrap();
        assert!(matches!(
            locked.unlock(Unlock::Passphrase(&passphrase())),
            Err(UnlockError::Wrong { .. })
        ));
        assert!(matches!(
            locked.unlock(Unlock::Recovery(&recovery())),
            Err(UnlockError::Wrong { .. })
        ));
        clock.fetch_add(1000, Ordering::SeqCst);
        locked.unlock(Unlock::Passphrase(&next)).unwrap().lock();
        locked.unlock(Unlock::Recovery(&new_words)).unwrap().lock();
    }
}

#[test]
fn a_torn_header_is_healed_from_its_second_copy() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    vault.lock();
    let header = vault.path().join("vault.cbor");
    let whole = std::fs::read(&header).unwrap();
    for cut in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&header, &whole[..cut]).unwrap();
        assert_eq!(data.locked(vault.id()).unwrap().health().len(), 1);
        let open = data
            .locked(vault.id())
            .unwrap()
            .unlock(Unlock::Recovery(&recovery()))
            .unwrap();
        assert!(open.health()[0].file.ends_with("vault.cbor"));
        open.lock();
        assert_eq!(std::fs::read(&header).unwrap(), whole, "written again");
    }
    std::fs::write(&header, b"torn").unwrap();
    std::fs::write(header.with_extension("cbor.bak"), b"torn").unwrap();
    assert!(
        matches!(data.locked(vault.id()), Err(Error::Damaged(d)) if d.file.ends_with("vault.cbor"))
    );
}

#[test]
fn an_old_header_put_back_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let header = vault.path().join("vault.cbor");
    let old = std::fs::read(&header).unwrap();
    vault.set_recovery(&Secret32::new([8; 32])).unwrap();
    vault.lock();
    std::fs::write(&header, &old).unwrap();
    let vault = data
        .locked(vault.id())
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    assert!(
        vault
            .health()
            .iter()
            .any(|d| d.what.contains("older header"))
    );
}

#[test]
fn no_altered_header_opens_silently() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    vault.lock();
    let (header, copy) = (
        vault.path().join("vault.cbor"),
        vault.path().join("vault.cbor.bak"),
    );
    let whole = std::fs::read(&header).unwrap();
    for at in (0..whole.len()).step_by(3) {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        for path in [&header, &copy] {
            std::fs::write(path, &altered).unwrap();
        }
        match data
            .locked(vault.id())
            .map_err(UnlockError::from)
            .and_then(|l| l.unlock(Unlock::Recovery(&recovery())))
        {
            Ok(open) => {
                assert!(!open.health().is_empty(), "byte {at}");
                open.lock();
            }
            Err(UnlockError::Vault(Error::Damaged(_) | Error::NewerFormat { .. })) => {}
            Err(e) => panic!("byte {at}: {e}"),
        }
    }
}

#[test]
fn a_header_that_asks_for_too_much_memory_is_refused_without_trying() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let bomb = KdfCost {
        memory_kib: u32::MAX,
        passes: 1,
        lanes: 1,
    };
    let made = data.create(NewVault {
        passphrase: &passphrase(),
        recovery_key: &recovery(),
        kdf: bomb,
    });
    assert!(made.is_err());
    assert!(data.people().unwrap().is_empty());
}

#[test]
fn a_second_opening_of_the_folder_is_refused_and_possible_after_the_first_ended() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let pid = std::process::id();
    match DataDir::open_with(dir.path(), options()) {
        Err(Error::InUse { pid: seen }) => assert!(seen.is_none_or(|seen| seen == pid)),
        other => panic!("{other:?}"),
    }
    drop(data);
    assert!(
        matches!(
            DataDir::open_with(dir.path(), options()),
            Err(Error::InUse { .. })
        ),
        "the vault still uses it"
    );
    drop(vault);
    DataDir::open_with(dir.path(), options()).unwrap();
}

#[test]
fn a_clone_kept_from_an_earlier_opening_does_not_disturb_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let (id, kept) = (vault.id(), vault.blocks().clone());
    drop(vault);
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    let (mh, bytes) = block(b"new");
    assert!(matches!(
        kept.put_many(&[(mh, bytes.clone())], Durability::Fsync),
        Err(Error::Locked)
    ));
    vault
        .blocks()
        .put_many(&[(mh, bytes)], Durability::Fsync)
        .unwrap();
}
