//! SQLite with every page encrypted.
//!
//! The structured data of a vault lives in SQLite files whose pages are sealed by
//! [SQLite3 Multiple Ciphers](https://utelle.github.io/SQLite3MultipleCiphers/) (MIT): ChaCha20-Poly1305 for each
//! page, the page number bound into the key stream, write-ahead log and journal included, no OpenSSL. This crate
//! compiles that amalgamation and links it in place of plain SQLite, so [`rusqlite`] works unchanged.
pub use rusqlite;

use libsqlite3_sys as _;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    #[test]
    fn the_linked_sqlite_encrypts() {
        let dir = std::env::temp_dir().join(format!("webx-sqlite-{}", std::process::id()));
        let _ = std::fs::remove_file(&dir);
        let db = rusqlite::Connection::open(&dir).unwrap();
        db.pragma_update(
            None,
            "key",
            "raw:0001020304050607080900010203040506070809000102030405060708090001",
        )
        .unwrap();
        db.execute_batch(
            "CREATE VIRTUAL TABLE t USING fts5(x); INSERT INTO t VALUES ('canary-in-the-mine')",
        )
        .unwrap();
        drop(db);
        let bytes = std::fs::read(&dir).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"canary" || w == b"SQLite"));
        std::fs::remove_file(&dir).unwrap();
    }
}
