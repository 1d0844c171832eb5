//! A tree of named files over the store: `files/*`.
//!
//! The tree is one CID, that of its root folder. A change makes the folders on the way to it anew and then, in one
//! transaction behind all their blocks, the new root. So a crash leaves the tree as it was before or after, and changes
//! go one at a time.

mod change;
mod write;

use serde_json::json;
use webx_content::ipld::{self, Cid, DAG_PB, RAW, dag_pb::Node};
use webx_content::unixfs::{self, File, Flow, Imported, Profile, Stat};

use super::answer::{Done, Failure};
use super::call::{Call, Kind};
use super::write::hash;
use crate::PublicStore;
use change::Change;
pub(super) use change::put;
pub(super) use write::write;

/// Most steps of a path are those of [`ipld::split_path`]; this is the longest step.
const MAX_STEP: usize = 255;

fn not_there() -> Failure {
    Failure::new("file does not exist")
}

/// A path in the tree: where it leads, and whether a slash ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    steps: Vec<String>,
    is_folder: bool,
}

impl Place {
    fn parse(text: &str) -> Done<Self> {
        if text.is_empty() {
            return Err(Failure::new("paths must not be empty"));
        }
        if !text.starts_with('/') {
            return Err(Failure::new("paths must start with a leading slash"));
        }
        let steps = ipld::split_path(text)?;
        for step in &steps {
            // Others would clean these away; here a path means what it says.
            let strange = matches!(*step, "." | "..") || step.chars().any(char::is_control);
            if strange || step.len() > MAX_STEP {
                return Err(Failure::new(format!("{step:?} is no name of a file")));
            }
        }
        Ok(Self {
            steps: steps.into_iter().map(str::to_owned).collect(),
            is_folder: text.ends_with('/'),
        })
    }

    fn last(&self) -> Option<&str> {
        self.steps.last().map(String::as_str)
    }

    fn below(mut self, name: &str) -> Self {
        self.steps.push(name.to_owned());
        Self {
            is_folder: false,
            ..self
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.steps.starts_with(&other.steps)
    }
}

/// What something at a path is and how much everything below it has.
fn imported(store: &PublicStore, cid: &Cid) -> Done<Imported> {
    let block = ipld::fetch(store, cid)?;
    let mut total = block.len() as u64;
    if cid.codec() == DAG_PB {
        for link in Node::decode(&block)?.links {
            total = total.saturating_add(link.size.unwrap_or_default());
        }
    }
    Ok(Imported {
        cid: *cid,
        total,
        size: 0,
    })
}

/// What stands at a place below a root; `None` when nothing does.
fn look(store: &PublicStore, root: &Cid, steps: &[String]) -> Done<Option<Cid>> {
    let mut cid = *root;
    for step in steps {
        let below = match unixfs::child(store, &cid, step) {
            Err(ipld::Error::WrongKind { .. }) => None,
            below => below?,
        };
        match below {
            Some(below) => cid = below,
            None => return Ok(None),
        }
    }
    Ok(Some(cid))
}

fn is_folder(store: &PublicStore, cid: &Cid) -> Done<bool> {
    match cid.codec() {
        DAG_PB => Ok(unixfs::stat(store, cid)? == Stat::Folder),
        _ => Ok(false),
    }
}

/// What a path leads to: in the tree, or below `/ipfs/` and `/ipns/` in all content.
fn find(call: &Call, text: &str) -> Done<Cid> {
    if text.starts_with("/ipfs/") || text.starts_with("/ipns/") {
        return call.end(text);
    }
    let place = Place::parse(text)?;
    let root = change::root(&call.store)?;
    look(&call.store, &root, &place.steps)?.ok_or_else(not_there)
}

/// How a new folder is made where a command does not say it: as the folder above it.
fn profile_of(above: &Cid) -> Done<Profile> {
    Ok(Profile::V0_2015.with_cid_version(match above.version() {
        cid::Version::V0 => 0,
        cid::Version::V1 => 1,
    })?)
}

/// What a command says about how a new file or folder is made.
fn profile(call: &Call, above: &Cid) -> Done<Profile> {
    let mut profile = profile_of(above)?;
    if let Some(version) = call.ask.number::<u64>("cid-version")? {
        profile = profile.with_cid_version(version)?;
        profile = profile.with_raw_leaves(version == 1);
    }
    if let Some(name) = call.ask.text("hash").filter(|name| !name.is_empty()) {
        profile = profile.with_hash(hash(name)?)?;
    }
    if let Some(raw) = call.ask.maybe("raw-leaves")? {
        profile = profile.with_raw_leaves(raw);
    }
    Ok(profile)
}

pub(super) fn stat(call: &mut Call) -> Done {
    let text = call.ask.arg(0, "path")?.to_owned();
    let local = call.ask.flag("with-local", false)?;
    let cid = find(call, &text)?;
    let whole = imported(&call.store, &cid)?;
    let (kind, size) = match unixfs::stat(&call.store, &cid)? {
        Stat::File(size) => ("file", size),
        Stat::Folder => ("directory", 0),
        Stat::Symlink(target) => ("file", target.len() as u64),
        _ => return Err(Failure::new("not a unixfs node")),
    };
    let blocks = match cid.codec() {
        RAW => 0,
        _ => Node::decode(&call.block(&cid)?)?.links.len(),
    };
    let hash = call.shown(&cid);
    let mut shown = json!({
        "Hash": hash,
        "Size": size,
        "CumulativeSize": whole.total,
        "Blocks": blocks,
        "Type": kind,
    });
    if let (true, Some(shown)) = (local, shown.as_object_mut()) {
        let (mut here, mut all) = (0_u64, true);
        let looked = call.store.visit(&cid, &mut |_, size| {
            here = here.saturating_add(size);
            Ok(())
        });
        match looked {
            Ok(()) => {}
            Err(crate::Error::Content(ipld::Error::Missing(_))) => all = false,
            Err(error) => return Err(error.into()),
        }
        shown.insert("WithLocality".into(), json!(true));
        shown.insert("Local".into(), json!(all));
        shown.insert("SizeLocal".into(), json!(here));
    }
    call.out.line(&shown)
}

pub(super) fn ls(call: &mut Call) -> Done {
    let text = call
        .ask
        .args()
        .first()
        .map_or("/", String::as_str)
        .to_owned();
    let long = call.ask.flag("long", false)?;
    let cid = find(call, &text)?;
    let mut found = Vec::new();
    if is_folder(&call.store, &cid)? {
        unixfs::list(&call.store, &cid, &mut |entry| {
            found.push((entry.name, entry.cid));
            Ok(Flow::Continue(()))
        })?;
        found.sort();
    } else {
        let name = text
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        found.push((name.to_owned(), cid));
    }
    let mut entries = Vec::new();
    for (name, cid) in found {
        entries.push(match long {
            false => json!({ "Name": name, "Type": 0, "Size": 0, "Hash": "" }),
            true => {
                let (kind, size) = match unixfs::stat(&call.store, &cid) {
                    Ok(Stat::File(size)) => (0, size),
                    Ok(Stat::Folder) => (1, 0),
                    Ok(_) | Err(ipld::Error::Missing(_)) => (0, 0),
                    Err(error) => return Err(error.into()),
                };
                let hash = call.shown(&cid);
                json!({ "Name": name, "Type": kind, "Size": size, "Hash": hash })
            }
        });
    }
    call.out.line(&json!({ "Entries": entries }))
}

pub(super) fn read(call: &mut Call) -> Done {
    let text = call.ask.arg(0, "path")?.to_owned();
    let natural = |name: &str| match call.ask.number::<i64>(name)? {
        Some(number) => u64::try_from(number)
            .map(Some)
            .map_err(|_| Failure::new(format!("cannot specify negative {name}"))),
        None => Ok(None),
    };
    let offset = natural("offset")?.unwrap_or(0);
    let count = natural("count")?.unwrap_or(u64::MAX);
    let cid = find(call, &text)?;
    if is_folder(&call.store, &cid)? {
        return Err(Failure::new(format!("{text} was not a file")));
    }
    let file = File::open(&call.store, &cid)?;
    if offset > file.size() {
        return Err(Failure::new(format!(
            "offset was past end of file ({offset} > {})",
            file.size()
        )));
    }
    call.out.begin(Kind::Bytes);
    for piece in file.read(&call.store, offset..offset.saturating_add(count)) {
        call.out.piece(piece?)?;
    }
    Ok(())
}

pub(super) fn mkdir(call: &mut Call) -> Done {
    let place = Place::parse(call.ask.arg(0, "path")?)?;
    let parents = call.ask.flag("parents", false)?;
    let store = call.store.clone();
    let mut change = Change::begin(&store)?;
    let known = look(&call.store, &change.root, &place.steps)?;
    match known {
        Some(known) if parents && is_folder(&call.store, &known)? => return Ok(()),
        Some(_) => return Err(Failure::new("file already exists")),
        None => {}
    }
    let profile = profile(call, &change.root)?;
    let empty = change.folder(&profile)?;
    change.place(&place.steps, Some(empty), parents)?;
    change.end()
}

pub(super) fn cp(call: &mut Call) -> Done {
    let from = call.ask.arg(0, "source")?.to_owned();
    let to = Place::parse(call.ask.arg(1, "dest")?)?;
    let parents = call.ask.flag("parents", false)?;
    let force = call.ask.flag("force", false)?;
    let store = call.store.clone();
    let mut change = Change::begin(&store)?;
    let (cid, name) = if from.starts_with("/ipfs/") || from.starts_with("/ipns/") {
        let (path, found) = call.resolve(&from)?;
        if !found.within.is_empty() {
            return Err(Failure::new("cp: the source ends within a block"));
        }
        (found.cid, path.name())
    } else {
        let place = Place::parse(&from)?;
        let found = look(&call.store, &change.root, &place.steps)?;
        let cid = found.ok_or_else(|| {
            Failure::new(format!(
                "cp: cannot get node from path {from}: file does not exist"
            ))
        })?;
        (cid, place.last().unwrap_or_default().to_owned())
    };
    if unixfs::stat(&call.store, &cid)? == Stat::Value {
        return Err(Failure::new(
            "cp: source must be a valid UnixFS (dag-pb or raw codec)",
        ));
    }
    let known = look(&call.store, &change.root, &to.steps)?;
    let into = match &known {
        Some(known) => is_folder(&call.store, known)?,
        None => to.is_folder,
    };
    let to = if into { to.below(&name) } else { to };
    let taken = look(&call.store, &change.root, &to.steps)?;
    if to.steps.is_empty() || taken.is_some() && !force {
        return Err(Failure::new(format!(
            "cp: cannot put node in path /{}: directory already has entry by that name",
            to.steps.join("/")
        )));
    }
    let what = imported(&call.store, &cid)?;
    change.place(&to.steps, Some(what), parents)?;
    change.end()
}

pub(super) fn mv(call: &mut Call) -> Done {
    let from = Place::parse(call.ask.arg(0, "source")?)?;
    let to = Place::parse(call.ask.arg(1, "dest")?)?;
    let store = call.store.clone();
    let mut change = Change::begin(&store)?;
    let found = look(&call.store, &change.root, &from.steps)?;
    let cid = found.ok_or_else(not_there)?;
    let Some(name) = from.last() else {
        return Err(Failure::new("cannot move the root"));
    };
    let known = look(&call.store, &change.root, &to.steps)?;
    let into = match &known {
        Some(known) => is_folder(&call.store, known)?,
        None => to.is_folder,
    };
    let to = if into { to.below(name) } else { to };
    if to.steps == from.steps {
        return Ok(());
    }
    if to.is_within(&from) {
        return Err(Failure::new("cannot move a directory into itself"));
    }
    if let Some(taken) = look(&call.store, &change.root, &to.steps)?
        && is_folder(&call.store, &taken)?
    {
        return Err(Failure::new("directory already has entry by that name"));
    }
    let what = imported(&call.store, &cid)?;
    change.place(&to.steps, Some(what), false)?;
    change.settle()?;
    change.place(&from.steps, None, false)?;
    change.end()
}

pub(super) fn rm(call: &mut Call) -> Done {
    let force = call.ask.flag("force", false)?;
    let recursive = call.ask.flag("recursive", false)? || force;
    let store = call.store.clone();
    let mut change = Change::begin(&store)?;
    for text in call.ask.args().to_vec() {
        let place = Place::parse(&text)?;
        if place.steps.is_empty() {
            return Err(Failure::new("cannot delete root"));
        }
        let Some(cid) = look(&call.store, &change.root, &place.steps)? else {
            if force {
                continue;
            }
            return Err(Failure::new(format!("{text}: file does not exist")));
        };
        if !recursive && is_folder(&call.store, &cid)? {
            return Err(Failure::new(format!(
                "{text} is a directory, use -r to remove directories"
            )));
        }
        change.place(&place.steps, None, false)?;
        change.settle()?;
    }
    change.end()
}

pub(super) fn flush(call: &mut Call) -> Done {
    let text = call
        .ask
        .args()
        .first()
        .map_or("/", String::as_str)
        .to_owned();
    // Every change is on the disk before it is answered.
    let cid = find(call, &text)?;
    let cid = call.shown(&cid);
    call.out.line(&json!({ "Cid": cid }))
}

pub(super) fn chcid(call: &mut Call) -> Done {
    let text = call.ask.args().first().map_or("/", String::as_str);
    let place = Place::parse(text)?;
    let store = call.store.clone();
    let mut change = Change::begin(&store)?;
    let cid = look(&call.store, &change.root, &place.steps)?.ok_or_else(not_there)?;
    if !is_folder(&call.store, &cid)? {
        return Err(Failure::new("can only update directories"));
    }
    let profile = profile(call, &cid)?;
    let folder = unixfs::Folder::open(&call.store, &cid)?;
    let made = change.write(folder, &profile)?;
    change.place(&place.steps, Some(made), false)?;
    change.end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn paths_mean_what_they_say() {
        let place = Place::parse("//a///b/").unwrap();
        assert_eq!(
            (place.steps.join("/"), place.is_folder),
            ("a/b".into(), true)
        );
        assert!(Place::parse("/").unwrap().steps.is_empty());
        let long = format!("/{}", "a".repeat(256));
        let deep = "/a".repeat(257);
        for text in [
            "", "a", "a/b", "/..", "/a/../b", "/./a", "/a/..", "/a\0b", "/a\n", &long, &deep,
        ] {
            assert!(Place::parse(text).is_err(), "{text:?}");
        }
    }
}
