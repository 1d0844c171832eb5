//! Adding files: `add`.

use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use serde_json::json;
use webx_content::ipld::{self, BLAKE3, Cid, SHA2_256, SHA2_512, Sink, split_path};
use webx_content::unixfs::{FileImport, Folder, Imported, Profile, symlink};

use super::answer::{Done, Failure};
use super::ask::Ask;
use super::call::{Call, Out, whole};
use super::multipart::{Kind, Part};
use super::path::Naming;
use crate::PublicStore;
use crate::store::Writer;

/// Most bytes of all paths of one request together.
const MAX_PATHS: usize = 64 << 20;
/// Longest target of a symbolic link.
const MAX_TARGET: usize = 4096;
/// Bytes between two words about how far it is.
const STEP: u64 = 256 * 1024;

/// How a request wants bytes to become blocks: as Kubo does it by default, but for what it says.
pub(super) fn profile(ask: &Ask) -> Done<Profile> {
    let mut profile = match ask.text("profile") {
        None | Some("") => Profile::V0_2015,
        Some(name) => {
            Profile::named(name).ok_or_else(|| Failure::new(format!("unknown profile {name:?}")))?
        }
    };
    if let Some(version) = ask.number::<u64>("cid-version")? {
        profile = profile.with_cid_version(version)?;
        // Plain pieces came with version 1 of CIDs.
        profile = profile.with_raw_leaves(version == 1);
    }
    if let Some(name) = ask.text("hash").filter(|name| !name.is_empty()) {
        let code = hash(name)?;
        if code != SHA2_256 && ask.number::<u64>("cid-version")? == Some(0) {
            return Err(Failure::new("CIDv0 only supports sha2-256"));
        }
        profile = profile.with_hash(code)?;
        if code != SHA2_256 {
            profile = profile.with_raw_leaves(true);
        }
    }
    if let Some(raw) = ask.maybe("raw-leaves")? {
        profile = profile.with_raw_leaves(raw);
    }
    match ask.text("chunker") {
        None | Some("" | "default") => Ok(profile),
        Some(text) => {
            let size = text
                .strip_prefix("size-")
                .and_then(|size| size.parse().ok());
            let size =
                size.ok_or_else(|| Failure::new(format!("unrecognized chunker option: {text}")))?;
            Ok(profile.with_chunk(size)?)
        }
    }
}

/// The code of a hash function by its name.
pub(super) fn hash(name: &str) -> Done<u64> {
    match name {
        "sha2-256" => Ok(SHA2_256),
        "sha2-512" => Ok(SHA2_512),
        "blake3" => Ok(BLAKE3),
        _ => Err(Failure::new(format!(
            "unrecognized hash function: {name:?}"
        ))),
    }
}

/// Where blocks go: to the store, or nowhere when only their names are asked for.
enum To {
    Store(Writer),
    Nowhere,
}

impl Sink for To {
    fn put(&mut self, cid: &Cid, block: Bytes) -> ipld::Result<()> {
        match self {
            Self::Store(writer) => writer.put(cid, block),
            Self::Nowhere => Ok(()),
        }
    }
}

/// What was added, by its path.
#[derive(Default)]
struct Tree(BTreeMap<String, Node>);

enum Node {
    Leaf(Imported),
    Folder(Tree),
}

impl Tree {
    fn folder(&mut self, steps: &[&str]) -> Done<&mut Self> {
        let mut tree = self;
        for step in steps {
            let node = tree.0.entry((*step).to_owned());
            tree = match node.or_insert_with(|| Node::Folder(Self::default())) {
                Node::Folder(folder) => folder,
                Node::Leaf(_) => {
                    return Err(Failure::new(format!("{step:?} is a file and a directory")));
                }
            };
        }
        Ok(tree)
    }

    /// Writes the folders below, innermost first, and says each.
    fn write(self, path: &str, adding: &mut Adding<'_>) -> Done<Imported> {
        let mut folder = Folder::default();
        for (name, node) in self.0 {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}/{name}")
            };
            let made = match node {
                Node::Leaf(made) => made,
                Node::Folder(tree) => tree.write(&below, adding)?,
            };
            folder.insert(&name, &made)?;
        }
        let made = folder.finish(&adding.profile, adding.to)?;
        adding.say(path, &made)?;
        Ok(made)
    }
}

struct Adding<'a> {
    to: &'a mut To,
    out: &'a mut Out,
    profile: Profile,
    naming: Naming,
    silent: bool,
}

impl Adding<'_> {
    fn say(&mut self, path: &str, made: &Imported) -> Done {
        if self.silent {
            return Ok(());
        }
        let hash = self.naming.show(&made.cid);
        self.out.line(&json!({
            "Name": path,
            "Hash": hash,
            "Size": made.total.to_string(),
        }))
    }
}

pub(super) fn add(call: &mut Call) -> Done {
    for (option, why) in [
        ("trickle", "trees are balanced here"),
        ("nocopy", "content is kept in the store, and nowhere else"),
        ("fscache", "content is kept in the store, and nowhere else"),
        ("inline", "content does not become part of its CID here"),
    ] {
        if call.ask.flag(option, false)? {
            return Err(Failure::new(format!("{option} is not supported: {why}")));
        }
    }
    let profile = profile(&call.ask)?;
    let only_hash = call.ask.flag("only-hash", false)?;
    let pin = call.ask.flag("pin", true)? && !only_hash;
    let wrap = call.ask.flag("wrap-with-directory", false)?;
    let progress = call.ask.flag("progress", false)?;
    let silent = call.ask.flag("silent", false)?;
    let name = call.ask.text("pin-name").unwrap_or_default().to_owned();
    let to_files = call.ask.text("to-files").map(str::to_owned);
    let mut to = match only_hash {
        true => To::Nowhere,
        false => To::Store(call.store.writer()?),
    };
    let mut files = call.take_files("path")?;
    call.out.hold();
    let mut tree = Tree::default();
    // What came without a path has none to share.
    let mut loose = Vec::new();
    let mut paths = 0_usize;
    let mut adding = Adding {
        to: &mut to,
        out: &mut call.out,
        profile,
        naming: call.naming,
        silent,
    };
    while let Some(part) = files.next_part()? {
        check(&part)?;
        paths = paths.saturating_add(part.path.len());
        if paths > MAX_PATHS {
            return Err(Failure::new(
                "the paths of this request are too long together",
            ));
        }
        let steps = split_path(&part.path)?;
        let shown = steps.join("/");
        let made = match part.kind {
            Kind::Folder => {
                tree.folder(&steps)?;
                continue;
            }
            Kind::Symlink => {
                let target = whole(&mut files, MAX_TARGET)?;
                let target = String::from_utf8(target)
                    .map_err(|_| Failure::new("the target of a symbolic link is no text"))?;
                symlink(&profile, adding.to, &target)?
            }
            Kind::File => {
                let mut import = FileImport::new(&profile);
                let mut buffer = vec![0; 64 * 1024];
                let (mut bytes, mut said) = (0_u64, 0_u64);
                loop {
                    let count = files.read(&mut buffer)?;
                    if count == 0 {
                        break import.finish(adding.to)?;
                    }
                    let piece = buffer.get(..count).unwrap_or_default();
                    import.write(piece, adding.to)?;
                    bytes += count as u64;
                    if progress && bytes - said >= STEP {
                        said = bytes;
                        adding.out.line(&json!({ "Name": shown, "Bytes": bytes }))?;
                    }
                }
            }
        };
        match steps.split_last() {
            Some((last, above)) => {
                let folder = tree.folder(above)?;
                if let Some(Node::Folder(_)) = folder
                    .0
                    .insert((*last).to_owned(), Node::Leaf(made.clone()))
                {
                    return Err(Failure::new(format!("{last:?} is a file and a directory")));
                }
                adding.say(&shown, &made)?;
            }
            None => {
                let hash = adding.naming.show(&made.cid);
                adding.say(&hash, &made)?;
                loose.push(made);
            }
        }
    }
    let mut roots = Vec::new();
    if wrap {
        for made in loose {
            tree.0.insert(made.cid.to_string(), Node::Leaf(made));
        }
        roots.push(tree.write("", &mut adding)?);
    } else {
        for (name, node) in tree.0 {
            roots.push(match node {
                Node::Leaf(made) => made,
                Node::Folder(tree) => tree.write(&name, &mut adding)?,
            });
        }
        roots.extend(loose);
    }
    let now = call.now();
    let To::Store(writer) = to else {
        return Ok(());
    };
    let place = call.store.hold();
    writer.commit(|tx| match pin {
        true => roots
            .iter()
            .try_for_each(|root| PublicStore::note(tx, &root.cid, &name, now)),
        false => Ok(()),
    })?;
    if let (Some(path), Some(root)) = (to_files, roots.last()) {
        super::files::put(call, &path, root)?;
    }
    drop(place);
    Ok(())
}

/// Refuses what would be lost without a word.
fn check(part: &Part) -> Done {
    if part.mode.is_some() || part.modified.is_some() {
        return Err(Failure::new(
            "mode and modification time are not kept here; add without them",
        ));
    }
    Ok(())
}
