//! Blocks that somebody needs besides the file tree, written down with who needs them.
//!
//! Whoever stores blocks names himself by an **owner**, a few bytes of his choice, and writes down in the transaction
//! that refers to the blocks that he keeps them. A garbage collection asks [`is_kept`]; nothing has to be registered at
//! a start, so no block is lost to a part of the program that is not there.
//!
//! ```
//! # use webx_vault::{BlockStore, DataDir, Durability, KdfCost, NewVault, Passphrase, Secret32, kept};
//! # fn example(vault: &webx_vault::Vault, block: bytes::Bytes, mh: webx_vault::Mh, digest: [u8; 32]) -> webx_vault::Result<()> {
//! let hold = vault.blocks().hold()?; // until the commit
//! vault.blocks().put_many(&[(mh, block)], Durability::Fsync)?;
//! vault.db().write(|tx| kept::keep(tx, b"my-part/thing-7", &[digest]))?;
//! drop(hold);
//! // Later: the next collection takes what nobody else keeps.
//! vault.db().write(|tx| kept::release(tx, b"my-part/thing-7"))?;
//! # Ok(()) }
//! ```
use rusqlite::{Connection, Transaction};

use crate::error::{Error, Result};

/// Table of the vault itself.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE kept_block (
        digest BLOB NOT NULL,
        owner BLOB NOT NULL,
        PRIMARY KEY (digest, owner)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX kept_block_by_owner ON kept_block (owner);
";

/// Longest name of an owner in bytes.
pub const MAX_OWNER: usize = 64;

/// Keeps blocks, named by their BLAKE3-256 digest, for an owner. Doing it twice changes nothing.
///
/// # Errors
/// [`Error::Crypto`] when the owner's name is empty or longer than [`MAX_OWNER`]; [`Error::Sql`].
pub fn keep<'a>(
    tx: &Transaction<'_>,
    owner: &[u8],
    digests: impl IntoIterator<Item = &'a [u8; 32]>,
) -> Result<()> {
    if owner.is_empty() || owner.len() > MAX_OWNER {
        return Err(Error::Crypto(
            "the name of an owner of blocks has 1 to 64 bytes",
        ));
    }
    let mut statement = tx.prepare_cached(
        "INSERT INTO kept_block (digest, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for digest in digests {
        statement.execute((digest, owner))?;
    }
    Ok(())
}

/// Gives up all blocks of an owner. Returns how many they were.
///
/// # Errors
/// [`Error::Sql`].
pub fn release(tx: &Transaction<'_>, owner: &[u8]) -> Result<usize> {
    Ok(tx
        .prepare_cached("DELETE FROM kept_block WHERE owner = ?1")?
        .execute([owner])?)
}

/// Gives up one block of an owner; nothing happens when he does not keep it.
///
/// # Errors
/// [`Error::Sql`].
pub fn give_up(tx: &Transaction<'_>, owner: &[u8], digest: &[u8; 32]) -> Result<()> {
    tx.prepare_cached("DELETE FROM kept_block WHERE digest = ?1 AND owner = ?2")?
        .execute((digest, owner))?;
    Ok(())
}

/// Whether anybody keeps the block.
///
/// # Errors
/// [`Error::Sql`].
pub fn is_kept(connection: &Connection, digest: &[u8; 32]) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM kept_block WHERE digest = ?1)")?
        .query_row([digest], |row| row.get(0))?)
}
