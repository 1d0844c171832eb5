//! Looking into content: `ls`, `refs`, `resolve`.

use std::collections::HashMap;

use serde_json::{Value, json};
use webx_content::ipld::{self, Cid, DAG_PB};
use webx_content::unixfs::{self, Flow, Stat};

use super::answer::{Done, Failure};
use super::call::{Call, Kind};

/// Most entries of one answer that is not streamed.
const MAX_LISTED: usize = 100_000;

/// What an entry is, by the numbers of UnixFS.
fn kind(stat: &Stat) -> (u8, u64, &str) {
    match stat {
        Stat::File(size) => (2, *size, ""),
        Stat::Folder => (1, 0, ""),
        Stat::Symlink(target) => (4, 0, target),
        _ => (0, 0, ""),
    }
}

pub(super) fn ls(call: &mut Call) -> Done {
    let streams = call.ask.flag("stream", false)?;
    let looks = call.ask.flag("resolve-type", true)?;
    let sizes = call.ask.flag("size", true)?;
    let mut objects = Vec::new();
    let mut listed = 0_usize;
    for path in call.ask.args().to_vec() {
        let cid = call.end(&path)?;
        let mut entries = Vec::new();
        let is_folder = cid.codec() == DAG_PB && unixfs::stat(&call.store, &cid)? == Stat::Folder;
        if is_folder {
            unixfs::list(&call.store, &cid, &mut |entry| {
                entries.push(entry);
                Ok(Flow::Continue(()))
            })?;
        } else {
            // A file has no names in it; that it is here is all there is to say.
            call.block(&cid)?;
        }
        let mut links = Vec::new();
        for entry in entries {
            let stat = match looks || sizes {
                true => unixfs::stat(&call.store, &entry.cid),
                false => Ok(Stat::Value),
            };
            let stat = match stat {
                Err(ipld::Error::Missing(_)) => Stat::Value,
                stat => stat?,
            };
            let (kind, size, target) = kind(&stat);
            let link = json!({
                "Name": entry.name,
                "Hash": call.shown(&entry.cid),
                "Size": if sizes { size } else { 0 },
                "Type": if looks { kind } else { 0 },
                "Target": target,
            });
            if streams {
                let line = json!({ "Objects": [{ "Hash": path, "Links": [link] }] });
                call.out.line(&line)?;
            } else {
                listed += 1;
                if listed > MAX_LISTED {
                    return Err(Failure::new("too many entries; ask with stream=true"));
                }
                links.push(link);
            }
        }
        if !streams {
            objects.push(json!({ "Hash": path, "Links": links }));
        }
    }
    match streams {
        true => {
            call.out.begin(Kind::Json);
            Ok(())
        }
        false => call.out.line(&json!({ "Objects": objects })),
    }
}

/// How references are followed.
struct Walk {
    unique: bool,
    most: usize,
    format: String,
    /// How deep each block was met, so that none is followed again from further below.
    seen: HashMap<Cid, usize>,
    said: HashMap<Cid, ()>,
}

/// Deeper content is not followed.
const MAX_DEPTH: usize = 1024;
/// Most references of one answer.
const MAX_REFS: usize = 10_000_000;

pub(super) fn refs(call: &mut Call) -> Done {
    let recursive = call.ask.flag("recursive", false)?;
    let most = match (recursive, call.ask.number::<i64>("max-depth")?) {
        (false, _) => 1,
        (true, Some(most)) if most >= 0 => usize::try_from(most).unwrap_or(MAX_DEPTH),
        (true, _) => MAX_DEPTH,
    };
    let edges = call.ask.flag("edges", false)?;
    let format = call.ask.text("format").filter(|format| !format.is_empty());
    let format = match (edges, format) {
        (true, Some(_)) => {
            return Err(Failure::new(
                "using format argument with edges is not allowed",
            ));
        }
        (true, None) => "<src> -> <dst>".to_owned(),
        (false, format) => format.unwrap_or("<dst>").to_owned(),
    };
    let mut walk = Walk {
        unique: call.ask.flag("unique", false)?,
        most: most.min(MAX_DEPTH),
        format,
        seen: HashMap::new(),
        said: HashMap::new(),
    };
    for path in call.ask.args().to_vec() {
        let cid = call.end(&path)?;
        walk.from(call, cid)?;
    }
    call.out.begin(Kind::Json);
    Ok(())
}

impl Walk {
    fn from(&mut self, call: &mut Call, root: Cid) -> Done {
        let mut open = vec![(root, self.links(call, &root)?.into_iter())];
        let mut count = 0_usize;
        while let Some((above, links)) = open.last_mut() {
            let Some((cid, name)) = links.next() else {
                open.pop();
                continue;
            };
            let above = *above;
            let depth = open.len();
            count += 1;
            if depth > self.most || count > MAX_REFS {
                continue;
            }
            if !self.unique || self.said.insert(cid, ()).is_none() {
                let line = self
                    .format
                    .replace("<src>", &call.shown(&above))
                    .replace("<dst>", &call.shown(&cid))
                    .replace("<linkname>", &name);
                call.out.line(&json!({ "Ref": line, "Err": "" }))?;
            }
            let known = self.seen.get(&cid).is_some_and(|met| *met <= depth);
            if depth < self.most && (!known || !self.unique) {
                self.seen.insert(cid, depth);
                let below = self.links(call, &cid)?;
                open.push((cid, below.into_iter()));
            }
        }
        Ok(())
    }

    fn links(&self, call: &Call, cid: &Cid) -> Done<Vec<(Cid, String)>> {
        if cid.codec() == ipld::RAW {
            return match call.store.has(cid)? {
                true => Ok(Vec::new()),
                false => Err(ipld::Error::Missing(*cid).into()),
            };
        }
        let block = call.block(cid)?;
        if cid.codec() == DAG_PB {
            let node = ipld::dag_pb::Node::decode(&block)?;
            let links = node.links.into_iter();
            return Ok(links
                .map(|link| (link.cid, link.name.unwrap_or_default()))
                .collect());
        }
        match ipld::links(cid, &block) {
            Err(ipld::Error::Unsupported(_)) => Ok(Vec::new()),
            links => Ok(links?.into_iter().map(|cid| (cid, String::new())).collect()),
        }
    }
}

pub(super) fn refs_local(call: &mut Call) -> Done {
    call.out.begin(Kind::Json);
    let mut after = Vec::new();
    loop {
        let page = call.store.multihashes(&after)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for bytes in page {
            // Only the hash is known of a block, so it is shown as plain bytes.
            let hash = cid::multihash::Multihash::from_bytes(&bytes)
                .map_err(|error| Failure::new(error.to_string()))?;
            let cid = call.shown(&Cid::new_v1(ipld::RAW, hash));
            call.out.line(&json!({ "Ref": cid, "Err": "" }))?;
        }
    }
}

pub(super) fn resolve(call: &mut Call) -> Done {
    let text = call.ask.arg(0, "name")?;
    if !call.ask.flag("recursive", true)? && text.starts_with("/ipns/") {
        let name = text.trim_start_matches("/ipns/");
        let value = call.name_value(name)?;
        return call.out.line(&json!({ "Path": value }));
    }
    let (_, found) = call.resolve(text)?;
    let within: String = found.within.iter().map(|step| format!("/{step}")).collect();
    let path = format!("/ipfs/{}{within}", call.shown(&found.cid));
    call.out.line(&json!({ "Path": path }))
}

/// What other programs call a list of words.
pub(super) fn strings(words: &[String]) -> Value {
    json!({ "Strings": words })
}
