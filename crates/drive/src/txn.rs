//! One change of the drive: what is written together, with the numbers it gives out.
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use webx_content::{NodeKey, unwrap_key, wrap_file_key, wrap_key};
use zeroize::Zeroizing;

use crate::{
    Error, Kind, NodeId, OnConflict, Result,
    counters::{Counters, check_quota},
    drive::Inner,
    event::{DriveEvent, Op},
    name,
    node::to_micros,
    random,
    schema::{ROOT, TRASH},
    tree::{self, Entry},
};

pub(crate) struct Txn<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) inner: &'a Inner,
    pub(crate) counters: Counters,
    before: Counters,
    /// The time of this change.
    pub(crate) now: i64,
    pub(crate) events: Vec<DriveEvent>,
    /// Keys of folders that are made in this transaction.
    fresh: HashMap<i64, NodeKey>,
    entropy: Entropy,
    /// How many children folders get or lose, not yet written.
    counts: HashMap<i64, i64>,
    /// No events for single nodes: an import tells of its folders.
    pub(crate) quiet: bool,
}

impl<'a> Txn<'a> {
    pub(crate) fn begin(conn: &'a Connection, inner: &'a Inner) -> Result<Txn<'a>> {
        conn.set_prepared_statement_cache_capacity(128);
        let counters = Counters::load(conn)?;
        let now = to_micros(inner.now()).max(counters.at);
        Ok(Txn {
            conn,
            inner,
            counters,
            before: counters,
            now,
            events: Vec::new(),
            fresh: HashMap::new(),
            entropy: Entropy::default(),
            counts: HashMap::new(),
            quiet: false,
        })
    }

    /// Writes what the transaction counted. Must be the last thing in it.
    pub(crate) fn finish(mut self) -> Result<Vec<DriveEvent>> {
        self.write_counts()?;
        if self.counters.seq != self.before.seq {
            self.counters.at = self.now;
            self.conn
                .prepare_cached("INSERT INTO drive_change (seq, at) VALUES (?1, ?2)")?
                .execute([self.counters.seq, self.now])?;
        }
        self.counters.store(self.before, self.conn)?;
        Ok(self.events)
    }

    pub(crate) fn next_seq(&mut self) -> i64 {
        self.counters.seq += 1;
        self.counters.seq
    }

    pub(crate) fn event(&mut self, op: Op, node: NodeId, parent: Option<NodeId>) {
        if self.quiet {
            return;
        }
        self.events.push(DriveEvent {
            op,
            node,
            parent: parent.filter(|id| *id != NodeId::TRASH),
        });
    }

    /// The node's row; it must not be in the trash.
    pub(crate) fn live(&self, id: NodeId) -> Result<Entry> {
        let entry = tree::find(self.conn, id)?;
        if tree::lineage(self.conn, entry.n)?.trashed {
            return Err(Error::Trashed(entry.name));
        }
        Ok(entry)
    }

    /// The key of a node.
    pub(crate) fn key(&mut self, entry: &Entry) -> Result<NodeKey> {
        if let Some(key) = self.fresh.get(&entry.n) {
            return Ok(key.clone());
        }
        self.inner.node_key(self.conn, entry, self.before.node)
    }

    /// Settles a name in a folder: the name to use and, for [`OnConflict::NewVersion`], what is there.
    pub(crate) fn settle(
        &self,
        parent: i64,
        name: &str,
        on_conflict: OnConflict,
    ) -> Result<(String, Option<Entry>)> {
        let Some(there) = tree::child(self.conn, parent, name)? else {
            return Ok((name.to_owned(), None));
        };
        match on_conflict {
            OnConflict::Fail => Err(Error::Exists(there.name)),
            OnConflict::NewVersion => Ok((name.to_owned(), Some(there))),
            OnConflict::KeepBoth => Ok((self.free_name(parent, name)?, None)),
        }
    }

    /// A numbered name that is free in a folder.
    pub(crate) fn free_name(&self, parent: i64, name: &str) -> Result<String> {
        if tree::child(self.conn, parent, name)?.is_none() {
            return Ok(name.to_owned());
        }
        let free = |number| {
            Ok::<_, Error>(tree::child(self.conn, parent, &name::numbered(name, number))?.is_none())
        };
        // Doubling and halving finds a free number quickly where thousands are taken.
        let mut high = 2;
        while !free(high)? {
            high *= 2;
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if free(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(name::numbered(name, high))
    }

    /// Makes the row of a new node. Fields that the tree decides (row, id, key, born) are set here.
    pub(crate) fn insert(
        &mut self,
        parent: &Entry,
        parent_key: &NodeKey,
        new: New<'_>,
    ) -> Result<(Entry, NodeKey)> {
        let mut bytes = Zeroizing::new([0u8; 66]);
        self.entropy.fill(bytes.as_mut_slice())?;
        let (key, rest) = bytes
            .split_first_chunk::<32>()
            .ok_or(webx_content::Error::Crypto)?;
        let (nonce, rest) = rest
            .split_first_chunk::<12>()
            .ok_or(webx_content::Error::Crypto)?;
        let (id_bits, file_nonce) = rest
            .split_first_chunk::<10>()
            .ok_or(webx_content::Error::Crypto)?;
        let file_nonce = file_nonce
            .try_into()
            .map_err(|_| webx_content::Error::Crypto)?;
        let id = NodeId::new((self.now / 1000).max(0) as u64, *id_bits);
        let key = NodeKey::from_bytes(*key);
        let seq = self.next_seq();
        self.counters.node += 1;
        let entry = Entry {
            n: self.counters.node,
            id,
            parent: parent.n,
            kind: new.kind,
            name: new.name.to_owned(),
            size: new.size,
            modified: new.modified.unwrap_or(self.now),
            created: self.now,
            born: seq,
            since: seq,
            versions: u64::from(new.kind == Kind::File),
            content: new.content,
            shared: new.shared,
            generation: 1,
            key: wrap_key(parent_key, &key, id.as_bytes(), 1, *nonce)?.to_vec(),
            file_key: match new.file_key {
                Some(file_key) => {
                    Some(wrap_file_key(&key, file_key, id.as_bytes(), 1, file_nonce)?.to_vec())
                }
                None => None,
            },
            items: 0,
            origin: None,
        };
        self.insert_row(&entry)?;
        if entry.is_folder() {
            self.fresh.insert(entry.n, key.clone());
        }
        Ok((entry, key))
    }

    pub(crate) fn insert_row(&self, entry: &Entry) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO drive_node (n, id, parent, kind, name, sort, ext, size, modified, created, born, since, versions, \
                 content, shared, generation, key, file_key, items, origin) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
            )?
            .execute(params![
                entry.n,
                entry.id.as_bytes(),
                entry.parent,
                i64::from(!entry.is_folder()),
                entry.name,
                name::sort_key(&entry.name),
                extension(entry),
                entry.size as i64,
                entry.modified,
                entry.created,
                entry.born,
                entry.since,
                entry.versions as i64,
                entry.content,
                entry.shared,
                entry.generation,
                entry.key,
                entry.file_key,
                entry.items as i64,
                entry.origin,
            ])?;
        Ok(())
    }

    /// Counts nodes into a folder (or out of it).
    pub(crate) fn count(&mut self, folder: i64, by: i64) {
        *self.counts.entry(folder).or_insert(0) += by;
    }

    /// Writes the counts, so that rows read from now on have them.
    pub(crate) fn write_counts(&mut self) -> Result<()> {
        let mut statement = self
            .conn
            .prepare_cached("UPDATE drive_node SET items = items + ?2 WHERE n = ?1")?;
        for (folder, by) in self.counts.drain().filter(|(_, by)| *by != 0) {
            statement.execute([folder, by])?;
        }
        Ok(())
    }

    /// Puts a changed row in the place of the one that is there, which goes to the past. Sets `born`; the caller has
    /// re-wrapped the key when the parent changed ([`Txn::rehang`]).
    pub(crate) fn change(&mut self, mut entry: Entry) -> Result<Entry> {
        let seq = self.next_seq();
        self.conn
            .prepare_cached(
                "INSERT INTO drive_past (node, born, died, parent, name, size, modified, since, content, file_key) \
                 SELECT n, born, ?2, parent, name, size, modified, since, content, file_key FROM drive_node WHERE n = ?1",
            )?
            .execute([entry.n, seq])?;
        let (parent, name): (i64, String) = self
            .conn
            .prepare_cached("SELECT parent, name FROM drive_node WHERE n = ?1")?
            .query_row([entry.n], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if parent != entry.parent {
            self.count(parent, -1);
            self.count(entry.parent, 1);
        }
        if name != entry.name && entry.n <= self.counters.indexed {
            self.conn
                .prepare_cached("DELETE FROM drive_name WHERE rowid = ?1")?
                .execute([entry.n])?;
            crate::search::index(self.conn, entry.n, &entry.name)?;
        }
        entry.born = seq;
        self.conn
            .prepare_cached(
                "UPDATE drive_node SET parent = ?2, name = ?3, sort = ?4, ext = ?5, size = ?6, modified = ?7, born = ?8, \
                 since = ?9, versions = ?10, content = ?11, shared = ?12, generation = ?13, key = ?14, file_key = ?15, \
                 origin = ?16 WHERE n = ?1",
            )?
            .execute(params![
                entry.n,
                entry.parent,
                entry.name,
                name::sort_key(&entry.name),
                extension(&entry),
                entry.size as i64,
                entry.modified,
                entry.born,
                entry.since,
                entry.versions as i64,
                entry.content,
                entry.shared,
                entry.generation,
                entry.key,
                entry.file_key,
                entry.origin,
            ])?;
        Ok(entry)
    }

    /// Hangs a row under another folder: its key is wrapped anew. Takes effect with [`Txn::change`].
    pub(crate) fn rehang(&mut self, entry: &mut Entry, parent: &Entry) -> Result<()> {
        let key = self.key(entry)?;
        let parent_key = if parent.n == TRASH {
            self.inner.root_key()?
        } else {
            self.key(parent)?
        };
        let mut nonce = [0; 12];
        random(&mut nonce)?;
        entry.key = wrap_key(
            &parent_key,
            &key,
            entry.id.as_bytes(),
            entry.generation,
            nonce,
        )?
        .to_vec();
        entry.parent = parent.n;
        Ok(())
    }

    /// Marks that the file key of a row now seals content of another node too.
    pub(crate) fn share_file_key(&self, n: i64) -> Result<()> {
        self.conn
            .prepare_cached("UPDATE drive_node SET shared = 1 WHERE n = ?1")?
            .execute([n])?;
        Ok(())
    }

    /// Moves a row to the trash.
    pub(crate) fn trash(&mut self, mut entry: Entry) -> Result<Entry> {
        let trash =
            tree::entry(self.conn, TRASH)?.ok_or_else(|| Error::NotFound("trash".into()))?;
        let parent = tree::entry(self.conn, entry.parent)?.map(|parent| parent.id);
        entry.origin = Some(entry.parent);
        self.rehang(&mut entry, &trash)?;
        let entry = self.change(entry)?;
        self.event(Op::Trashed, entry.id, parent);
        Ok(entry)
    }

    /// The id of a row.
    pub(crate) fn id_of(&self, n: i64) -> Result<Option<NodeId>> {
        let id = self
            .conn
            .prepare_cached("SELECT id FROM drive_node WHERE n = ?1")?
            .query_row([n], |row| row.get(0))
            .optional()?;
        Ok(id.map(NodeId::from_bytes))
    }

    /// Refuses a write that the quota does not allow.
    pub(crate) fn check_quota(&self, needed: u64) -> Result<()> {
        check_quota(&self.counters, needed)
    }
}

fn extension(entry: &Entry) -> String {
    if entry.is_folder() {
        String::new()
    } else {
        name::extension(&entry.name)
    }
}

/// Random bytes for the many keys of a transaction, fetched from the operating system some hundred at a time.
#[derive(Default)]
struct Entropy {
    bytes: Zeroizing<Vec<u8>>,
}

impl Entropy {
    const FETCH: usize = 4096;

    /// Gives out bytes, each once.
    fn fill(&mut self, out: &mut [u8]) -> Result<()> {
        if self.bytes.len() < out.len() {
            // The second fetch is large: a change of one node needs few bytes.
            let fetch = if self.bytes.capacity() == 0 {
                out.len()
            } else {
                Self::FETCH
            };
            self.bytes = Zeroizing::new(vec![0; fetch.max(out.len())]);
            random(&mut self.bytes)?;
        }
        let rest = self.bytes.len() - out.len();
        if let Some(given) = self.bytes.get(rest..) {
            out.copy_from_slice(given);
        }
        self.bytes.truncate(rest);
        Ok(())
    }
}

/// What is known of a node that is to be made.
#[derive(Clone, Copy)]
pub(crate) struct New<'n> {
    pub(crate) kind: Kind,
    pub(crate) name: &'n str,
    pub(crate) size: u64,
    pub(crate) modified: Option<i64>,
    pub(crate) content: Option<i64>,
    pub(crate) file_key: Option<&'n webx_content::FileKey>,
    pub(crate) shared: bool,
}

impl<'n> New<'n> {
    pub(crate) fn folder(name: &'n str) -> New<'n> {
        New {
            kind: Kind::Folder,
            name,
            size: 0,
            modified: None,
            content: None,
            file_key: None,
            shared: false,
        }
    }
}

/// Makes the root and the trash of a new drive.
pub(crate) fn found(txn: &mut Txn<'_>) -> Result<()> {
    if tree::entry(txn.conn, ROOT)?.is_some() {
        return Ok(());
    }
    let seq = txn.next_seq();
    for (n, id) in [(ROOT, NodeId::ROOT), (TRASH, NodeId::TRASH)] {
        txn.insert_row(&Entry {
            n,
            id,
            parent: 0,
            kind: Kind::Folder,
            name: String::new(),
            size: 0,
            modified: txn.now,
            created: txn.now,
            born: seq,
            since: seq,
            versions: 0,
            content: None,
            shared: false,
            generation: 1,
            key: Vec::new(),
            file_key: None,
            items: 0,
            origin: None,
        })?;
    }
    txn.counters.node = TRASH;
    Ok(())
}

/// Opens the wrapped key of a row with its parent's key.
pub(crate) fn open_key(parent: &NodeKey, entry: &Entry) -> Result<NodeKey> {
    Ok(unwrap_key(
        parent,
        &entry.key,
        entry.id.as_bytes(),
        entry.generation,
    )?)
}
