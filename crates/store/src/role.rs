//! The metadata of the four roles, parsed strictly.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use webx_wxa::{Digest, json};

use crate::{Error, canonical::canonical};

/// Largest metadata of each role, in bytes.
pub(crate) const MAX_ROOT: u64 = 512 * 1024;
pub(crate) const MAX_TIMESTAMP: u64 = 16 * 1024;
pub(crate) const MAX_SNAPSHOT: u64 = 2 * 1024 * 1024;
pub(crate) const MAX_TARGETS: u64 = 32 * 1024 * 1024;
/// Most signatures and keys of one file.
const MAX_KEYS: usize = 64;

/// A role, by its name in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Root,
    Timestamp,
    Snapshot,
    Targets,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Root, Self::Timestamp, Self::Snapshot, Self::Targets];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }

    fn most(self) -> u64 {
        match self {
            Self::Root => MAX_ROOT,
            Self::Timestamp => MAX_TIMESTAMP,
            Self::Snapshot => MAX_SNAPSHOT,
            Self::Targets => MAX_TARGETS,
        }
    }

    pub(crate) fn malformed(self, reason: impl Into<String>) -> Error {
        Error::Malformed {
            role: self.name(),
            reason: reason.into(),
        }
    }
}

/// A metadata file with its signatures, before they are checked.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    role: Role,
    signed: Map<String, Value>,
    message: Vec<u8>,
    signatures: Vec<(String, Vec<u8>)>,
    /// Counted from 1.
    pub(crate) version: u64,
    pub(crate) expires: OffsetDateTime,
}

impl Envelope {
    pub(crate) fn parse(role: Role, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > role.most() {
            return Err(Error::TooLarge {
                path: format!("{}.json", role.name()),
                limit: role.most(),
            });
        }
        let wrong = |reason: &str| role.malformed(reason);
        let value = json::parse(bytes).map_err(|error| role.malformed(error))?;
        let Value::Object(mut file) = value else {
            return Err(wrong("it is no object"));
        };
        let signatures = file
            .get("signatures")
            .and_then(Value::as_array)
            .filter(|list| list.len() <= MAX_KEYS)
            .ok_or_else(|| wrong("it has no list of signatures"))?
            .iter()
            .map(|one| {
                let text = |name: &str| one.get(name).and_then(Value::as_str);
                let sig = data_encoding::HEXLOWER.decode(text("sig")?.as_bytes());
                Some((text("keyid")?.to_owned(), sig.ok()?))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| wrong("a signature has no keyid or sig"))?;
        let ids: BTreeSet<&String> = signatures.iter().map(|(id, _)| id).collect();
        if ids.len() != signatures.len() {
            return Err(wrong("a key signs twice"));
        }
        let signed = file
            .remove("signed")
            .ok_or_else(|| wrong("nothing is signed"))?;
        let message = canonical(&signed).ok_or_else(|| wrong("a number is not whole"))?;
        let Value::Object(signed) = signed else {
            return Err(wrong("nothing is signed"));
        };
        let text = |name: &str| signed.get(name).and_then(Value::as_str);
        if text("_type") != Some(role.name()) {
            return Err(wrong("it belongs to another role"));
        }
        if !text("spec_version").is_some_and(|version| version.starts_with("1.")) {
            return Err(wrong("it follows another version of the specification"));
        }
        let version = positive(signed.get("version")).ok_or_else(|| wrong("it has no version"))?;
        let expires = text("expires")
            .filter(|text| text.ends_with('Z'))
            .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
            .ok_or_else(|| wrong("it has no date of expiry"))?;
        Ok(Self {
            role,
            message,
            signatures,
            version,
            expires,
            signed,
        })
    }

    /// Checks that enough different keys of its role in `root` have signed.
    pub(crate) fn verify(&self, root: &Root) -> Result<(), Error> {
        let needed = root.role(self.role);
        let mut good: BTreeSet<[u8; 32]> = BTreeSet::new();
        for (id, signature) in &self.signatures {
            if !needed.ids.contains(id) {
                continue;
            }
            let (Some(Some(key)), Ok(signature)) =
                (root.keys.get(id), Signature::from_slice(signature))
            else {
                continue;
            };
            if key.verify_strict(&self.message, &signature).is_ok() {
                // Two names for one key are one signature.
                good.insert(key.to_bytes());
            }
        }
        if (good.len() as u64) < needed.threshold {
            return Err(Error::Signatures {
                role: self.role.name(),
                good: good.len(),
                needed: needed.threshold,
            });
        }
        Ok(())
    }

    pub(crate) fn check_fresh(&self, now: OffsetDateTime) -> Result<(), Error> {
        check_fresh(self.role, self.expires, now)
    }

    fn wrong(&self, reason: &str) -> Error {
        self.role.malformed(reason)
    }
}

pub(crate) fn check_fresh(
    role: Role,
    expires: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), Error> {
    if now < expires {
        return Ok(());
    }
    Err(Error::Expired {
        role: role.name(),
        at: expires.format(&Rfc3339).unwrap_or_default(),
    })
}

/// A whole number from 1 to 2⁵³.
fn positive(value: Option<&Value>) -> Option<u64> {
    value
        .and_then(Value::as_u64)
        .filter(|number| (1..=1 << 53).contains(number))
}

/// Who may sign a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleKeys {
    pub(crate) ids: BTreeSet<String>,
    pub(crate) threshold: u64,
}

/// The keys of all roles.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) version: u64,
    pub(crate) expires: OffsetDateTime,
    pub(crate) consistent: bool,
    /// `None`: a key of a kind that is not read here.
    keys: BTreeMap<String, Option<VerifyingKey>>,
    roles: [RoleKeys; 4],
}

impl Root {
    pub(crate) fn parse(envelope: &Envelope) -> Result<Self, Error> {
        let object = |name: &str| envelope.signed.get(name).and_then(Value::as_object);
        let listed = object("keys")
            .filter(|keys| keys.len() <= MAX_KEYS)
            .ok_or_else(|| envelope.wrong("it has no keys"))?;
        let keys = listed
            .iter()
            .map(|(id, key)| (id.clone(), ed25519(key)))
            .collect();
        let roles = object("roles").ok_or_else(|| envelope.wrong("it has no roles"))?;
        let read = |role: Role| {
            let entry = roles.get(role.name())?;
            let ids: Vec<String> = entry
                .get("keyids")?
                .as_array()?
                .iter()
                .map(|id| id.as_str().map(str::to_owned))
                .collect::<Option<_>>()?;
            let unique: BTreeSet<String> = ids.iter().cloned().collect();
            let threshold = positive(entry.get("threshold"))?;
            (unique.len() == ids.len()).then_some(RoleKeys {
                ids: unique,
                threshold,
            })
        };
        let [root, timestamp, snapshot, targets] = Role::ALL.map(read);
        let roles = root
            .zip(timestamp)
            .zip(snapshot.zip(targets))
            .map(|((root, timestamp), (snapshot, targets))| [root, timestamp, snapshot, targets])
            .ok_or_else(|| envelope.wrong("a role has no keys or no threshold"))?;
        let consistent = envelope
            .signed
            .get("consistent_snapshot")
            .map_or(Some(false), Value::as_bool);
        Ok(Self {
            version: envelope.version,
            expires: envelope.expires,
            consistent: consistent
                .ok_or_else(|| envelope.wrong("consistent_snapshot is no flag"))?,
            keys,
            roles,
        })
    }

    pub(crate) fn role(&self, role: Role) -> &RoleKeys {
        let [root, timestamp, snapshot, targets] = &self.roles;
        match role {
            Role::Root => root,
            Role::Timestamp => timestamp,
            Role::Snapshot => snapshot,
            Role::Targets => targets,
        }
    }

    /// Whether `key` may sign `role`.
    pub(crate) fn allows(&self, role: Role, key: &VerifyingKey) -> bool {
        self.role(role)
            .ids
            .iter()
            .any(|id| self.keys.get(id) == Some(&Some(*key)))
    }
}

fn ed25519(key: &Value) -> Option<VerifyingKey> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("keytype") != Some("ed25519") || text("scheme") != Some("ed25519") {
        return None;
    }
    let public = key.get("keyval")?.get("public")?.as_str()?;
    let bytes = data_encoding::HEXLOWER.decode(public.as_bytes()).ok()?;
    let key = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

/// What one metadata file says about another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileMeta {
    pub(crate) version: u64,
    length: Option<u64>,
    sha256: Option<Digest>,
}

impl FileMeta {
    fn read(value: &Value) -> Option<Self> {
        let length = match value.get("length") {
            Some(length) => Some(positive(Some(length))?),
            None => None,
        };
        let sha256 = match value.get("hashes") {
            Some(hashes) => Some(sha256(hashes)?),
            None => None,
        };
        Some(Self {
            version: positive(value.get("version"))?,
            length,
            sha256,
        })
    }

    pub(crate) fn most(&self, role: Role) -> u64 {
        self.length
            .map_or(role.most(), |length| length.min(role.most()))
    }

    pub(crate) fn check(&self, role: Role, bytes: &[u8]) -> Result<(), Error> {
        let fits = self
            .length
            .is_none_or(|length| length == bytes.len() as u64)
            && self.sha256.is_none_or(|wanted| wanted == Digest::of(bytes));
        if fits {
            return Ok(());
        }
        Err(Error::Mixed {
            role: role.name(),
            reason: "its length or digest is another one than was signed".into(),
        })
    }
}

/// The SHA-256 among `hashes`; others are of no use here, and one of them must be this.
fn sha256(hashes: &Value) -> Option<Digest> {
    hashes
        .get("sha256")?
        .as_str()?
        .to_ascii_lowercase()
        .parse()
        .ok()
}

/// Which snapshot is the current one.
#[derive(Clone, Debug)]
pub(crate) struct Timestamp {
    pub(crate) version: u64,
    pub(crate) expires: OffsetDateTime,
    pub(crate) snapshot: FileMeta,
}

impl Timestamp {
    pub(crate) fn parse(envelope: &Envelope) -> Result<Self, Error> {
        let meta = envelope.signed.get("meta").and_then(Value::as_object);
        let snapshot = meta
            .filter(|meta| meta.len() == 1)
            .and_then(|meta| FileMeta::read(meta.get("snapshot.json")?))
            .ok_or_else(|| envelope.wrong("it names no snapshot"))?;
        Ok(Self {
            version: envelope.version,
            expires: envelope.expires,
            snapshot,
        })
    }
}

/// Which versions of all other files belong together.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) expires: OffsetDateTime,
    pub(crate) meta: BTreeMap<String, FileMeta>,
}

impl Snapshot {
    pub(crate) fn parse(envelope: &Envelope) -> Result<Self, Error> {
        let meta = envelope.signed.get("meta").and_then(Value::as_object);
        let meta = meta
            .and_then(|meta| {
                meta.iter()
                    .map(|(name, value)| Some((name.clone(), FileMeta::read(value)?)))
                    .collect::<Option<BTreeMap<_, _>>>()
            })
            .filter(|meta| meta.contains_key("targets.json"))
            .ok_or_else(|| envelope.wrong("it names no targets"))?;
        Ok(Self {
            version: envelope.version,
            expires: envelope.expires,
            meta,
        })
    }
}

/// A file that the store offers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) length: u64,
    pub(crate) sha256: Digest,
    pub(crate) custom: Value,
}

/// All files that the store offers.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    pub(crate) version: u64,
    pub(crate) expires: OffsetDateTime,
    pub(crate) files: BTreeMap<String, Target>,
    /// What the store says about itself and about apps, as a member of ours.
    pub(crate) about: Value,
}

/// The member in which we keep what TUF has no place for.
pub(crate) const ABOUT: &str = "x-webx";

impl Targets {
    pub(crate) fn parse(envelope: &Envelope) -> Result<Self, Error> {
        let files = envelope
            .signed
            .get("targets")
            .and_then(Value::as_object)
            .ok_or_else(|| envelope.wrong("it lists no targets"))?;
        let file = |(path, value): (&String, &Value)| {
            let target = Target {
                length: value.get("length")?.as_u64()?,
                sha256: sha256(value.get("hashes")?)?,
                custom: value.get("custom").cloned().unwrap_or_default(),
            };
            Some((path.clone(), target))
        };
        let files = files
            .iter()
            .map(file)
            .collect::<Option<_>>()
            .ok_or_else(|| envelope.wrong("a target has no length or no SHA-256"))?;
        Ok(Self {
            version: envelope.version,
            expires: envelope.expires,
            files,
            about: envelope.signed.get(ABOUT).cloned().unwrap_or_default(),
        })
    }
}
