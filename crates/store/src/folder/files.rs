//! The files of a store folder: reading what is there, signing and writing what comes.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use ed25519_dalek::VerifyingKey;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use webx_wxa::{Digest, Package};

use super::{KEPT, Keys, RoleSigner, StoreFolder};
use crate::{
    Error, FolderSource, Source,
    canonical::canonical,
    listing::About,
    role::{ABOUT, Envelope, MAX_ROOT, MAX_TIMESTAMP, Role, Root, Targets},
};

/// The metadata as it lies in the folder.
pub(super) struct Current {
    pub(super) root: Root,
    pub(super) targets: Map<String, Value>,
    pub(super) about: About,
    /// Versions of targets, snapshot and timestamp.
    pub(super) list: u64,
    pub(super) snapshot: u64,
    pub(super) timestamp: u64,
}

impl StoreFolder {
    pub(super) fn source(&self) -> FolderSource {
        FolderSource::new(&self.path)
    }

    pub(super) fn lock(&self) -> Result<File, Error> {
        let path = self.path.join(".lock");
        let failed = |source| io(&path, source);
        fs::create_dir_all(&self.path).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    pub(super) fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, Error> {
        self.source().read(path, max)?.ok_or_else(|| {
            Error::Folder(format!(
                "The store in {} has no {path}.",
                self.path.display()
            ))
        })
    }

    pub(super) fn newest_root(&self) -> Result<Root, Error> {
        let mut number = 1;
        let mut bytes = self.read("metadata/1.root.json", MAX_ROOT)?;
        while let Some(next) = self
            .source()
            .read(&format!("metadata/{}.root.json", number + 1), MAX_ROOT)?
        {
            number += 1;
            bytes = next;
        }
        let envelope = Envelope::parse(Role::Root, &bytes)?;
        let root = Root::parse(&envelope)?;
        envelope.verify(&root)?;
        Ok(root)
    }

    pub(super) fn current(&self) -> Result<Current, Error> {
        let root = self.newest_root()?;
        let signed = |role: Role, path: &str, most: u64| -> Result<(Value, Envelope), Error> {
            let bytes = self.read(path, most)?;
            let envelope = Envelope::parse(role, &bytes)?;
            envelope.verify(&root)?;
            let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            Ok((value, envelope))
        };
        let version = |value: &Value, of: &str| {
            value
                .pointer(&format!("/signed/meta/{of}/version"))
                .and_then(Value::as_u64)
                .ok_or_else(|| Error::Folder(format!("The store's metadata names no {of}.")))
        };
        let (value, timestamp) = signed(Role::Timestamp, "metadata/timestamp.json", MAX_TIMESTAMP)?;
        let snapshot = version(&value, "snapshot.json")?;
        let path = format!("metadata/{snapshot}.snapshot.json");
        let (value, _) = signed(Role::Snapshot, &path, crate::role::MAX_SNAPSHOT)?;
        let list = version(&value, "targets.json")?;
        let path = format!("metadata/{list}.targets.json");
        let (mut value, envelope) = signed(Role::Targets, &path, crate::role::MAX_TARGETS)?;
        let about = Targets::parse(&envelope)?.about;
        let targets = match value.pointer_mut("/signed/targets").map(Value::take) {
            Some(Value::Object(targets)) => targets,
            _ => Map::new(),
        };
        Ok(Current {
            root,
            targets,
            about: serde_json::from_value(about).unwrap_or_default(),
            list,
            snapshot,
            timestamp: timestamp.version,
        })
    }

    pub(super) fn write_root(
        &self,
        version: u64,
        keys: &Keys<'_>,
        signers: &[&dyn RoleSigner],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let (root, online) = (keys.root.key(), keys.online.key());
        let role = |key: &VerifyingKey| json!({"keyids": [key_id(key)], "threshold": 1});
        let signed = json!({
            "_type": "root",
            "spec_version": "1.0.31",
            "version": version,
            "expires": self.expiry(now, self.lifetimes.root)?,
            "consistent_snapshot": true,
            "keys": {key_id(&root): key_value(&root), key_id(&online): key_value(&online)},
            "roles": {"root": role(&root), "timestamp": role(&online), "snapshot": role(&online), "targets": role(&online)},
        });
        self.write_signed(&format!("metadata/{version}.root.json"), &signed, signers)?;
        Ok(())
    }

    /// Writes list, snapshot and timestamp, each one version higher; the last one makes it true.
    pub(super) fn write_list(
        &self,
        current: &Current,
        online: &dyn RoleSigner,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let signer = [online];
        let (list, snapshot, timestamp) = (
            current.list + 1,
            current.snapshot + 1,
            current.timestamp + 1,
        );
        let common = |role: Role, version: u64, expires: &str| {
            let mut signed = Map::new();
            signed.insert("_type".into(), role.name().into());
            signed.insert("spec_version".into(), "1.0.31".into());
            signed.insert("version".into(), version.into());
            signed.insert("expires".into(), expires.into());
            signed
        };
        let expires = self.expiry(now, self.lifetimes.list)?;
        let mut signed = common(Role::Targets, list, &expires);
        signed.insert("targets".into(), Value::Object(current.targets.clone()));
        signed.insert(
            ABOUT.into(),
            serde_json::to_value(&current.about).unwrap_or_default(),
        );
        let path = format!("metadata/{list}.targets.json");
        let bytes = self.write_signed(&path, &Value::Object(signed), &signer)?;
        let mut signed = common(Role::Snapshot, snapshot, &expires);
        signed.insert(
            "meta".into(),
            json!({"targets.json": file_meta(list, &bytes)}),
        );
        let path = format!("metadata/{snapshot}.snapshot.json");
        let bytes = self.write_signed(&path, &Value::Object(signed), &signer)?;
        let expires = self.expiry(now, self.lifetimes.timestamp)?;
        let mut signed = common(Role::Timestamp, timestamp, &expires);
        signed.insert(
            "meta".into(),
            json!({"snapshot.json": file_meta(snapshot, &bytes)}),
        );
        self.write_signed("metadata/timestamp.json", &Value::Object(signed), &signer)?;
        for (version, name) in [(list, "targets"), (snapshot, "snapshot")] {
            if let Some(old) = version.checked_sub(KEPT) {
                let _ = fs::remove_file(self.path.join(format!("metadata/{old}.{name}.json")));
            }
        }
        Ok(())
    }

    pub(super) fn expiry(&self, now: OffsetDateTime, lifetime: Duration) -> Result<String, Error> {
        now.checked_add(lifetime)
            .and_then(|time| whole_seconds(time).format(&Rfc3339).ok())
            .ok_or_else(|| Error::Signing("the date of expiry is beyond the calendar".into()))
    }

    pub(super) fn write_signed(
        &self,
        path: &str,
        signed: &Value,
        signers: &[&dyn RoleSigner],
    ) -> Result<Vec<u8>, Error> {
        let message =
            canonical(signed).ok_or_else(|| Error::Signing("a number is not whole".into()))?;
        let mut signatures = Vec::new();
        for signer in signers {
            let sig = signer.sign(&message).map_err(Error::Signing)?;
            let sig = data_encoding::HEXLOWER.encode(&sig);
            signatures.push(json!({"keyid": key_id(&signer.key()), "sig": sig}));
        }
        let file = json!({"signatures": signatures, "signed": signed});
        let bytes = serde_json::to_vec(&file).unwrap_or_default();
        self.write(path, &bytes)?;
        Ok(bytes)
    }

    pub(super) fn write_target(
        &self,
        targets: &mut Map<String, Value>,
        path: &str,
        bytes: &[u8],
        custom: Option<Value>,
    ) -> Result<(), Error> {
        let mut entry =
            json!({"length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()}});
        if let (Some(custom), Some(entry)) = (custom, entry.as_object_mut()) {
            entry.insert("custom".into(), custom);
        }
        if let Some(place) = place(path, &entry) {
            self.write(&place, bytes)?;
        }
        targets.insert(path.to_owned(), entry);
        Ok(())
    }

    /// Writes a file whole or not at all.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let to = self.path.join(path);
        let folder = to.parent().unwrap_or(&self.path);
        let failed = |source| io(&to, source);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(folder)
            .map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        readable(file.as_file()).map_err(failed)?;
        file.persist(&to).map_err(|error| failed(error.error))?;
        #[cfg(unix)]
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(())
    }
}

impl Current {
    pub(super) fn check_key(&self, online: &dyn RoleSigner) -> Result<(), Error> {
        for role in [Role::Targets, Role::Snapshot, Role::Timestamp] {
            if !self.root.allows(role, &online.key()) {
                return Err(Error::WrongKey { role: role.name() });
            }
        }
        Ok(())
    }

    /// Checks that the publisher's log continues that of every version that is listed.
    pub(super) fn check_continues(&self, package: &Package<'_>) -> Result<(), Error> {
        let prefix = format!("apps/{}/", package.app_id());
        let listed = self
            .targets
            .iter()
            .filter(|(path, _)| path.starts_with(&prefix));
        let heads =
            listed.filter_map(|(_, value)| value.pointer("/custom/publisher/head")?.as_str());
        for head in heads {
            if !package.publisher().continues(head) {
                return Err(Error::Package(webx_wxa::Refusal::PublisherForked {
                    seen: head.to_owned(),
                }));
            }
        }
        Ok(())
    }
}

/// The pictures that a listing names.
pub(super) fn pictures(target: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let icon = target.pointer("/custom/icon").and_then(text);
    let shots = target
        .pointer("/custom/screenshots")
        .and_then(Value::as_array);
    icon.into_iter()
        .chain(shots.into_iter().flatten().filter_map(text))
        .collect()
}

/// Where a target lies: by the digest of its content.
pub(super) fn place(path: &str, entry: &Value) -> Option<String> {
    let sha256 = entry.pointer("/hashes/sha256")?.as_str()?;
    let (folder, file) = path.rsplit_once('/')?;
    Some(format!("targets/{folder}/{sha256}.{file}"))
}

pub(super) fn file_meta(version: u64, bytes: &[u8]) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::of(bytes).to_string()}})
}

pub(super) fn key_value(key: &VerifyingKey) -> Value {
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": data_encoding::HEXLOWER.encode(key.as_bytes())}})
}

pub(super) fn key_id(key: &VerifyingKey) -> String {
    Digest::of(&canonical(&key_value(key)).unwrap_or_default()).to_string()
}

pub(super) fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    let utc = time.to_offset(time::UtcOffset::UTC);
    utc.replace_nanosecond(0).unwrap_or(utc)
}

pub(super) fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}

/// A store is for others to read; temporary files begin private.
pub(super) fn readable(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
