//! Paths of content, and how CIDs are shown.

use cid::multibase::Base;
use webx_content::ipld::{self, Blocks as _, Cid, Resolved, parse_cid, resolve, split_path};
use webx_content::ipns::Name;

use super::answer::{Done, Failure};
use super::ask::Ask;
use super::call::Call;

/// Most names that lead to each other.
const MAX_NAMES: usize = 8;

/// How CIDs are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    base: Option<Base>,
    upgrades: bool,
}

impl Naming {
    pub(super) fn of(ask: &Ask) -> Done<Self> {
        let base = ask.text("cid-base").map(base).transpose()?;
        let upgrades = ask.maybe("upgrade-cidv0-in-output")?;
        Ok(Self {
            base,
            upgrades: upgrades.unwrap_or(base.is_some_and(|base| base != Base::Base58Btc)),
        })
    }

    pub(super) fn show(self, cid: &Cid) -> String {
        let cid = match (self.upgrades, cid.into_v1()) {
            (true, Ok(v1)) => v1,
            _ => *cid,
        };
        match self.base {
            Some(base) if cid.version() == cid::Version::V1 => cid
                .to_string_of_base(base)
                .unwrap_or_else(|_| cid.to_string()),
            _ => cid.to_string(),
        }
    }
}

fn base(name: &str) -> Done<Base> {
    let known = [
        ("base16", Base::Base16Lower),
        ("base32", Base::Base32Lower),
        ("base32upper", Base::Base32Upper),
        ("base36", Base::Base36Lower),
        ("base58btc", Base::Base58Btc),
        ("base64", Base::Base64),
        ("base64url", Base::Base64Url),
    ];
    let letter = |base: Base| base.code().to_string() == name;
    known
        .iter()
        .find(|(known, base)| *known == name || letter(*base))
        .map(|(_, base)| *base)
        .ok_or_else(|| Failure::new(format!("selected encoding not supported: {name:?}")))
}

/// A path that was read: its root and the steps below it.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) root: Cid,
    pub(super) steps: Vec<String>,
}

impl Path {
    fn steps(&self) -> Vec<&str> {
        self.steps.iter().map(String::as_str).collect()
    }

    /// What the path is called: its last step, or else its root.
    pub(super) fn name(&self) -> String {
        self.steps
            .last()
            .cloned()
            .unwrap_or_else(|| self.root.to_string())
    }
}

impl Call {
    /// Reads `CID/a/b`, `/ipfs/CID/a/b` or `/ipns/NAME/a/b`. Names are followed.
    pub(super) fn path(&self, text: &str) -> Done<Path> {
        let bad = |why: String| Failure::new(format!("invalid path {text:?}: {why}"));
        let mut text = text.to_owned();
        for _ in 0..MAX_NAMES {
            let mut steps = split_path(&text)?.into_iter();
            let mut first = steps.next().unwrap_or_default();
            let is_name = first == "ipns";
            if text.starts_with('/') || first == "ipfs" || is_name {
                if !is_name && first != "ipfs" {
                    return Err(bad(format!("unknown namespace {first:?}")));
                }
                first = steps.next().unwrap_or_default();
            }
            if first.is_empty() {
                return Err(bad("path does not have enough components".into()));
            }
            let rest: Vec<String> = steps.map(str::to_owned).collect();
            if !is_name {
                let root = parse_cid(first).map_err(|error| bad(error.to_string()))?;
                return Ok(Path { root, steps: rest });
            }
            let value = self.name_value(first)?;
            text = [value, rest.join("/")].join("/");
        }
        Err(Failure::new(
            "could not resolve name: recursion limit exceeded",
        ))
    }

    /// What a name points to, by its record that is here.
    pub(super) fn name_value(&self, text: &str) -> Done<String> {
        let name = self.name(text)?;
        let known = self.store.record(&name)?;
        known
            .filter(|(record, _)| !record.is_over(self.now()))
            .map(|(record, _)| record.value)
            .ok_or_else(|| Failure::new("could not resolve name"))
    }

    /// An IPNS name: itself, or what a key of ours is called.
    pub(super) fn name(&self, text: &str) -> Done<Name> {
        if let Some(key) = self.store.key(text)? {
            return Ok(key.name());
        }
        Name::parse(text).map_err(|_| match text.contains('.') {
            true => Failure::new("could not resolve name: names of the DNS are not looked up"),
            false => Failure::new(format!("not a valid IPNS name: {text:?}")),
        })
    }

    /// Where a path leads.
    pub(super) fn resolve(&self, text: &str) -> Done<(Path, Resolved)> {
        let path = self.path(text)?;
        let found =
            resolve(&self.store, &path.root, &path.steps()).map_err(|error| match error {
                ipld::Error::NotFound(step) => Failure::new(format!(
                    "no link named {step:?} under {}",
                    self.shown(&path.root)
                )),
                error => error.into(),
            })?;
        Ok((path, found))
    }

    /// The block at the end of a path.
    pub(super) fn end(&self, text: &str) -> Done<Cid> {
        let (_, found) = self.resolve(text)?;
        if found.within.is_empty() {
            Ok(found.cid)
        } else {
            Err(Failure::new(format!(
                "path {text:?} ends within a block, at {:?}",
                found.within.join("/")
            )))
        }
    }

    /// A block that is here.
    pub(super) fn block(&self, cid: &Cid) -> Done<bytes::Bytes> {
        match ipld::inline(cid) {
            Some(block) => Ok(block),
            None => Ok(self.store.get(cid)?),
        }
    }
}
