//! Changing the tree.

use parking_lot::MutexGuard;
use webx_content::ipld::Cid;
use webx_content::unixfs::{Folder, Imported, Profile};

use super::{Place, imported, is_folder, look, not_there, profile_of};
use crate::PublicStore;
use crate::rpc::answer::{Done, Failure};
use crate::rpc::call::Call;
use crate::store::Writer;

/// The root of the tree; an empty folder is made for the first who asks.
pub(super) fn root(store: &PublicStore) -> Done<Cid> {
    if let Some(root) = store.tree_root()? {
        return Ok(root);
    }
    let _turn = store.tree_turn();
    root_in_turn(store)
}

fn root_in_turn(store: &PublicStore) -> Done<Cid> {
    if let Some(root) = store.tree_root()? {
        return Ok(root);
    }
    let mut writer = store.writer()?;
    let made = Folder::default().finish(&Profile::V0_2015, &mut writer)?;
    writer.commit(|tx| PublicStore::set_tree_root(tx, &made.cid))?;
    Ok(made.cid)
}

/// A change of the tree that is being made. Nothing of it counts before [`Change::end`].
pub(super) struct Change<'a> {
    pub(super) root: Cid,
    store: &'a PublicStore,
    writer: Writer,
    _turn: MutexGuard<'a, ()>,
}

impl<'a> Change<'a> {
    /// Waits for its turn.
    pub(super) fn begin(store: &'a PublicStore) -> Done<Self> {
        let turn = store.tree_turn();
        Ok(Self {
            root: root_in_turn(store)?,
            store,
            writer: store.writer()?,
            _turn: turn,
        })
    }

    /// Makes an empty folder.
    pub(super) fn folder(&mut self, profile: &Profile) -> Done<Imported> {
        self.write(Folder::default(), profile)
    }

    /// Writes a folder.
    pub(super) fn write(&mut self, folder: Folder, profile: &Profile) -> Done<Imported> {
        Ok(folder.finish(profile, &mut self.writer)?)
    }

    /// Where blocks of new files go.
    pub(super) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Puts something at a place, or takes away what is there. With `parents` the folders on the way are made.
    pub(super) fn place(
        &mut self,
        steps: &[String],
        what: Option<Imported>,
        parents: bool,
    ) -> Done {
        let root = self.root;
        self.root = self.below(Some(&root), &root, steps, what, parents)?.cid;
        Ok(())
    }

    fn below(
        &mut self,
        at: Option<&Cid>,
        above: &Cid,
        steps: &[String],
        what: Option<Imported>,
        parents: bool,
    ) -> Done<Imported> {
        let Some((step, rest)) = steps.split_first() else {
            return what.ok_or_else(|| Failure::new("cannot delete root"));
        };
        let mut folder = match at {
            Some(at) if is_folder(self.store, at)? => Folder::open(self.store, at)?,
            Some(_) => return Err(Failure::new("a file stands where a directory should")),
            None => Folder::default(),
        };
        if rest.is_empty() {
            match what {
                Some(what) => folder.insert(step, &what)?,
                None => {
                    folder.remove(step);
                }
            }
        } else {
            let known = folder.get(step).map(|known| known.cid);
            if known.is_none() && !parents {
                return Err(not_there());
            }
            let here = at.unwrap_or(above);
            let made = self.below(known.as_ref(), here, rest, what, parents)?;
            folder.insert(step, &made)?;
        }
        let profile = profile_of(at.unwrap_or(above))?;
        self.write(folder, &profile)
    }

    /// Makes what was placed so far readable.
    pub(super) fn settle(&mut self) -> Done {
        Ok(self.writer.settle()?)
    }

    /// Makes the new root the root.
    pub(super) fn end(self) -> Done {
        let root = self.root;
        Ok(self
            .writer
            .commit(|tx| PublicStore::set_tree_root(tx, &root))?)
    }
}

/// Puts what was added at a path of the tree, or into the folder there.
pub(in crate::rpc) fn put(call: &Call, path: &str, added: &Imported) -> Done {
    let place = Place::parse(path)?;
    let store = &call.store;
    let mut change = Change::begin(store)?;
    let known = look(store, &change.root, &place.steps)?;
    let into = match &known {
        Some(known) => is_folder(store, known)?,
        None => place.is_folder,
    };
    let place = if into {
        place.below(&added.cid.to_string())
    } else {
        place
    };
    if look(store, &change.root, &place.steps)?.is_some() {
        return Err(Failure::new("directory already has entry by that name"));
    }
    let what = imported(store, &added.cid)?;
    change.place(&place.steps, Some(what), false)?;
    change.end()
}
