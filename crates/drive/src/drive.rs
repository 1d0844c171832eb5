//! The door: opening a drive and everything that only reads the tree.
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use time::OffsetDateTime;
use webx_content::NodeKey;
use webx_vault::{BlockStore, Db, PackStore, Secret32, Vault};

use crate::{
    Error, Node, NodeId, OnConflict, Result, Subscription,
    event::{Events, Op},
    flight::{Hold, InFlight},
    keys::KeyCache,
    name,
    pool::Pool,
    schema::{COMPONENT, ROOT, STEPS},
    search::Indexer,
    tree,
    txn::{New, Txn, found},
};

/// The encrypted file tree of one person. Clones share it; the last one ends its threads.
#[derive(Clone)]
pub struct Drive(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) vault: Vault,
    clock: Box<dyn Fn() -> OffsetDateTime + Send + Sync>,
    root_key: Mutex<Option<NodeKey>>,
    pub(crate) keys: Mutex<KeyCache>,
    pub(crate) events: Events,
    pub(crate) flight: Arc<InFlight>,
    pub(crate) pool: Pool,
    pub(crate) indexer: Indexer,
    /// Where blocks come from that are not here.
    pub(crate) exchange: Mutex<Option<Arc<dyn crate::Exchange>>>,
    /// The last bundles that were read.
    pub(crate) bundles: Mutex<std::collections::VecDeque<([u8; 32], bytes::Bytes)>>,
}

impl Inner {
    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// The root key; a closed drive has none.
    pub(crate) fn root_key(&self) -> Result<NodeKey> {
        Ok(self
            .root_key
            .lock()
            .clone()
            .ok_or(webx_vault::Error::Locked)?)
    }

    pub(crate) fn db(&self) -> &Db {
        self.vault.db()
    }

    pub(crate) fn blocks(&self) -> &PackStore {
        self.vault.blocks()
    }

    /// Protects what a writer stores until its commit.
    pub(crate) fn hold(&self) -> Result<Hold> {
        Ok(Hold::new(&self.flight, Some(self.blocks().hold()?)))
    }

    pub(crate) fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.root_key()?;
        self.db().read(|conn| {
            conn.set_prepared_statement_cache_capacity(64);
            f(conn)
        })
    }

    /// Runs a change; it is on the disk when this returns, and its events are out.
    pub(crate) fn write<T>(&self, f: impl FnOnce(&mut Txn<'_>) -> Result<T>) -> Result<T> {
        self.root_key()?;
        let (value, events, named) = self.db().write(|conn| {
            let mut txn = Txn::begin(conn, self)?;
            let before = txn.counters.node;
            let value = f(&mut txn)?;
            let named = txn.counters.node > before;
            Ok::<_, Error>((value, txn.finish()?, named))
        })?;
        if named {
            self.indexer.wake();
        }
        self.events.publish(&events);
        Ok(value)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.indexer.stop();
        self.events.close();
    }
}

impl Drive {
    /// Opens the drive of a vault, and makes it at the first time. `root_key` seals the keys of everything in it;
    /// `clock` tells the time of changes.
    ///
    /// # Errors
    /// [`Error::Vault`] when the vault is locked, damaged, or was written by a newer program.
    #[allow(clippy::needless_pass_by_value)] // a secret that is handed over is wiped here
    pub fn open(
        vault: Vault,
        root_key: Secret32,
        clock: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
    ) -> Result<Drive> {
        vault.db().migrate(COMPONENT, STEPS)?;
        let inner = Inner {
            clock: Box::new(clock),
            root_key: Mutex::new(Some(NodeKey::from_bytes(*root_key.as_bytes()))),
            keys: Mutex::default(),
            events: Events::default(),
            flight: Arc::default(),
            pool: Pool::start()?,
            indexer: Indexer::start(vault.db().clone())?,
            exchange: Mutex::default(),
            bundles: Mutex::default(),
            vault,
        };
        if inner.read(|conn| tree::entry(conn, ROOT))?.is_none() {
            inner.write(found)?;
        }
        Ok(Drive(Arc::new(inner)))
    }

    /// Ends background work, forgets all keys and ends every subscription. Handles that are left answer with errors.
    pub fn close(&self) {
        self.0.indexer.stop();
        self.0.keys.lock().clear();
        self.0.bundles.lock().clear();
        self.set_exchange(None);
        *self.0.root_key.lock() = None;
        self.0.events.close();
    }

    /// Tells of every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.0.events.subscribe()
    }

    /// The drive's own folder.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn root(&self) -> Result<Node> {
        self.node(NodeId::ROOT)
    }

    /// A folder or file, also in the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Vault`].
    pub fn node(&self, id: NodeId) -> Result<Node> {
        self.0.read(|conn| tree::node(conn, &tree::find(conn, id)?))
    }

    /// The node at a path such as `/Photos/2026`. Slashes at the ends do not matter; `/` is the root.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BadName`], [`Error::NotAFolder`] when the path goes on below a file.
    pub fn resolve(&self, path: &str) -> Result<Node> {
        let names = name::split_path(path)?;
        self.0.read(|conn| {
            let missing = || Error::NotFound(format!("{path:?}"));
            let mut at = tree::entry(conn, ROOT)?.ok_or_else(missing)?;
            let mut parent = None;
            for name in &names {
                let folder = at.folder()?;
                at = tree::child(conn, folder.n, name)?.ok_or_else(missing)?;
                parent = Some(folder.id);
            }
            Ok(at.node(parent, None))
        })
    }

    /// The path of a node, from `/`. Of something in the trash it begins with the removed node's name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn path_of(&self, id: NodeId) -> Result<String> {
        self.0
            .read(|conn| Ok(tree::lineage(conn, tree::find(conn, id)?.n)?.path()))
    }

    /// The folders above a node with their names, the one below the root first. The root is not in it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn ancestors(&self, id: NodeId) -> Result<Vec<(NodeId, String)>> {
        self.0.read(|conn| {
            let mut steps = tree::lineage(conn, tree::find(conn, id)?.n)?.steps;
            steps.pop();
            Ok(steps.into_iter().map(|step| (step.id, step.name)).collect())
        })
    }

    /// Makes a folder. With [`OnConflict::NewVersion`] a folder of that name is simply returned.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::BadName`], [`Error::NotFound`], [`Error::NotAFolder`], [`Error::Trashed`],
    /// [`Error::TooLarge`] below [`name::MAX_DEPTH`] folders.
    pub fn create_folder(
        &self,
        parent: NodeId,
        name: &str,
        on_conflict: OnConflict,
    ) -> Result<Node> {
        let name = name::check(name)?;
        self.0.write(|txn| {
            let parent = txn.live(parent)?.folder()?;
            let (name, there) = txn.settle(parent.n, &name, on_conflict)?;
            if let Some(there) = there {
                return tree::node(txn.conn, &there.folder()?);
            }
            if tree::lineage(txn.conn, parent.n)?.steps.len() >= name::MAX_DEPTH {
                return Err(Error::TooLarge {
                    what: "the depth of the tree",
                    max: name::MAX_DEPTH as u64,
                });
            }
            let key = txn.key(&parent)?;
            let (entry, _) = txn.insert(&parent, &key, New::folder(&name))?;
            txn.count(parent.n, 1);
            txn.event(Op::Created, entry.id, Some(parent.id));
            tree::node(txn.conn, &entry)
        })
    }

    /// Makes sure that everything stored so far is on the disk.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn sync(&self) -> Result<()> {
        Ok(self.0.blocks().sync()?)
    }
}
