//! The encrypted database.
use webx_vault::{Unlock, UnlockError};

use super::*;

#[test]
fn migrations_run_once_and_a_newer_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    let db = vault.db();
    db.migrate("notes", &["CREATE TABLE note (x TEXT)"])
        .unwrap();
    let steps = [
        "CREATE TABLE note (x TEXT)",
        "ALTER TABLE note ADD COLUMN y TEXT",
    ];
    db.migrate("notes", &steps).unwrap();
    db.migrate("notes", &steps).unwrap();
    write(&vault, "INSERT INTO note (x, y) VALUES (1, 2)");
    let older = db.migrate("notes", &steps[..1]);
    assert!(
        matches!(
            older,
            Err(Error::NewerSchema {
                found: 2,
                known: 1,
                ..
            })
        ),
        "{older:?}"
    );
    // A step that fails leaves nothing of itself.
    assert!(
        db.migrate(
            "more",
            &["CREATE TABLE a (x)", "CREATE TABLE b (x); nonsense"]
        )
        .is_err()
    );
    assert_eq!(
        count(
            &vault,
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')"
        ),
        1
    );
}

#[test]
fn a_failed_write_leaves_nothing_and_a_nested_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    write(&vault, "CREATE TABLE t (x)");
    let failed = vault.db().write(|tx| {
        tx.execute("INSERT INTO t VALUES (1)", [])?;
        Err::<(), _>(Error::Stopped)
    });
    assert!(failed.is_err());
    let nested = vault
        .db()
        .write(|_| vault.db().write(|_| Ok::<_, Error>(())));
    assert!(matches!(nested, Err(Error::NestedWrite)));
    assert_eq!(count(&vault, "SELECT count(*) FROM t"), 0);
}

#[test]
fn a_reader_sees_one_state_while_writers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let vault = create(&data);
    write(&vault, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    vault
        .db()
        .read(|db| {
            let look = || db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
            assert_eq!(look()?, 1);
            write(&vault, "INSERT INTO t VALUES (2)");
            assert_eq!(look()?, 1);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(count(&vault, "SELECT count(*) FROM t"), 2);
}

/// A vault with 5,000 rows, closed; returns its database file.
fn filled(data: &DataDir) -> (webx_vault::PersonId, PathBuf) {
    let vault = create(data);
    write(
        &vault,
        // The rows first, so that their pages lie together in the first third of the file.
        "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
           INSERT INTO note SELECT i, 'note number ' || i || hex(randomblob(40)) FROM n;
         CREATE TABLE pair (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
         CREATE INDEX note_text ON note (text);
         CREATE VIRTUAL TABLE found USING fts5 (text, content = 'note', content_rowid = 'id');
         INSERT INTO pair SELECT text, id FROM note WHERE id <= 500;
         INSERT INTO found (rowid, text) SELECT id, text FROM note;",
    );
    let (id, path) = (vault.id(), vault.db().path().to_path_buf());
    vault.lock();
    (id, path)
}

fn damage_pages(path: &Path, pages: &[usize]) {
    let mut bytes = std::fs::read(path).unwrap();
    for page in pages {
        bytes[page * 4096 + 1000] ^= 1;
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_page_is_named_and_other_rows_stay_readable_and_can_be_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let (id, path) = filled(&data);
    let pages = std::fs::metadata(&path).unwrap().len() as usize / 4096;
    damage_pages(&path, &[pages / 10, pages / 3, pages / 2]);
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    let damage = vault.health();
    assert!(!damage.is_empty());
    assert!(damage.iter().all(|d| d.file == path), "{damage:?}");
    let all = vault.db().read(|db| {
        let mut statement =
            db.prepare("SELECT count(text), sum(length(text)) FROM note NOT INDEXED")?;
        Ok::<_, Error>(statement.query_row([], |row| row.get::<_, i64>(0))?)
    });
    assert!(matches!(&all, Err(Error::Damaged(_))), "{all:?}");
    let first: String = vault
        .db()
        .read(|db| {
            Ok::<_, Error>(db.query_row("SELECT text FROM note WHERE id = 1", [], |r| r.get(0))?)
        })
        .unwrap();
    assert!(first.starts_with("note number 1"));
    vault.lock();

    let salvage = data
        .locked(id)
        .unwrap()
        .repair_database(Unlock::Recovery(&recovery()))
        .unwrap();
    assert!(!salvage.from_snapshot && salvage.kept.exists());
    let notes = salvage.tables.iter().find(|t| t.name == "note").unwrap();
    assert!(salvage.tables.iter().any(|t| t.incomplete), "{salvage:?}");
    assert!(notes.rows > 4600, "{notes:?}");
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    assert!(vault.health().is_empty(), "{:?}", vault.health());
    assert_eq!(
        count(&vault, "SELECT count(*) FROM note"),
        i64::try_from(notes.rows).unwrap()
    );
    assert!(
        count(
            &vault,
            "SELECT count(*) FROM found WHERE found MATCH '\"number\"'"
        ) > 4600
    );
}

#[test]
fn a_database_beyond_reading_is_named_and_replaced_by_its_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let (id, path) = filled(&data);
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    vault
        .db()
        .snapshot_to(&path.with_file_name("store.snapshot.db"))
        .unwrap();
    vault.lock();
    damage_pages(&path, &[0]);
    let answer = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()));
    assert!(
        matches!(&answer, Err(UnlockError::Vault(Error::Damaged(d))) if d.file == path),
        "{answer:?}"
    );
    let salvage = data
        .locked(id)
        .unwrap()
        .repair_database(Unlock::Recovery(&recovery()))
        .unwrap();
    assert!(salvage.from_snapshot);
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    assert_eq!(count(&vault, "SELECT count(*) FROM note"), 5000);
    assert!(vault.health().is_empty());
}

#[test]
fn a_rotten_write_ahead_log_costs_no_more_than_what_it_held() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open_with(dir.path(), options()).unwrap();
    let (id, path) = filled(&data);
    std::fs::write(path.with_file_name("store.db-wal"), vec![0x5a; 50_000]).unwrap();
    let vault = data
        .locked(id)
        .unwrap()
        .unlock(Unlock::Recovery(&recovery()))
        .unwrap();
    assert_eq!(count(&vault, "SELECT count(*) FROM note"), 5000);
}
