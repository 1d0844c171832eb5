//! Nothing in the folder is readable while the vault is locked.
use webx_vault::{BlockStore, Durability};

use super::*;

#[test]
fn nothing_that_was_put_in_is_found_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let canaries: Vec<String> = (0..50).map(|i| format!("canary-{i}-sings")).collect();
    write(
        &vault,
        "CREATE VIRTUAL TABLE names USING fts5(name); CREATE TABLE canary_table (x TEXT)",
    );
    for canary in &canaries {
        vault
            .db()
            .write(|tx| {
                tx.execute("INSERT INTO names VALUES (?1)", [canary])?;
                tx.execute("INSERT INTO canary_table VALUES (?1)", [canary])?;
                Ok::<_, Error>(())
            })
            .unwrap();
    }
    write(&vault, "DELETE FROM canary_table WHERE rowid % 2 = 0");
    // Blocks come encrypted; their addresses say nothing either.
    vault
        .blocks()
        .put_many(&[block(&[0xaa; 100])], Durability::Fsync)
        .unwrap();
    vault
        .db()
        .snapshot_to(&vault.path().join("store.snapshot.db"))
        .unwrap();
    let look = |when: &str| {
        for path in files(dir.path()) {
            let bytes = std::fs::read(&path).unwrap();
            let texts = canaries.iter().map(String::as_str).chain([
                "correct horse battery staple",
                "canary_table",
                "SQLite format",
                "CREATE TABLE",
            ]);
            for text in texts {
                let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
                assert!(!found, "{text} in {} {when}", path.display());
            }
            assert!(
                !bytes.windows(32).any(|w| w == recovery().as_bytes()),
                "the key in {}",
                path.display()
            );
        }
    };
    look("while open, as a sudden end would leave it");
    vault.lock();
    look("after locking");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    write(&vault, "CREATE TABLE t (x)");
    for path in files(vault.path()) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", path.display());
    }
}
