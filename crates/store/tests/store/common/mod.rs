//! Parts that the tests share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{path::Path, sync::Arc};

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime, macros::datetime};
use webx_store::{FolderSource, Keys, Published, RootPin, Store, StoreFolder};
use webx_wxa::{Draft, KeySigner, Manifest, Signer};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

pub(crate) fn days(count: i64) -> OffsetDateTime {
    NOW + Duration::days(count)
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn manifest(id: &str, name: &str, version: &str) -> Value {
    json!({
        "format": 1, "api": "1", "id": id, "name": name, "version": version, "category": "productivity",
        "description": format!("{name} for everybody."), "icon": "icon.svg", "entry": {"builtin": {"module": "app.js"}},
        "permissions": {"required": [{"kind": "storage", "access": "own", "reason": "Keeps what you make"}]},
        "screenshots": ["shots/1.png"], "languages": ["en"]
    })
}

pub(crate) fn package_of(manifest: &Value, signer: &dyn Signer) -> Vec<u8> {
    let files = [
        (
            "app.js",
            format!("export default '{}'", manifest["version"]).into_bytes(),
        ),
        ("icon.svg", b"<svg/>".to_vec()),
        ("shots/1.png", b"\x89PNG\r\n\x1a\n".to_vec()),
    ];
    let files = files.map(|(path, bytes)| (path.to_owned(), bytes));
    let manifest = Manifest::from_value(manifest).unwrap();
    Draft::new(manifest, files)
        .unwrap()
        .sign(signer, NOW)
        .unwrap()
}

pub(crate) fn package(id: &str, version: &str) -> Vec<u8> {
    let name = id[..1].to_uppercase() + &id[1..];
    package_of(&manifest(id, &name, version), &KeySigner::new(key(10)))
}

/// A store in a folder of its own, with the root key 1 and the online key 2.
pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) folder: StoreFolder,
}

impl House {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (root, online) = (key(1), key(2));
        let keys = Keys {
            root: &root,
            online: &online,
        };
        let folder = StoreFolder::create(dir.path().join("store"), "Our apps", &keys, NOW).unwrap();
        Self { dir, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn publish(&self, package: &[u8]) -> Published {
        self.folder.publish(package, None, &key(2), NOW).unwrap()
    }

    pub(crate) fn source(&self) -> Arc<FolderSource> {
        Arc::new(FolderSource::new(self.path()))
    }

    pub(crate) fn pin(&self) -> RootPin {
        self.folder.pin().unwrap()
    }

    pub(crate) fn client(&self, state: Option<&[u8]>) -> Store {
        Store::open(self.source(), &self.pin(), state).unwrap()
    }

    /// A client that has read the store once.
    pub(crate) fn fresh(&self) -> Store {
        let mut store = self.client(None);
        store.refresh(NOW).unwrap();
        store
    }

    /// The folder as it is now, to come back to later.
    pub(crate) fn copy(&self) -> TempDir {
        let to = tempfile::tempdir().unwrap();
        copy(self.path(), to.path());
        to
    }

    /// Puts a copy in the place of the folder.
    pub(crate) fn put_back(&self, from: &TempDir) {
        std::fs::remove_dir_all(self.path()).unwrap();
        copy(from.path(), self.path());
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Changes what a role has signed and signs it again with `signer`, then makes snapshot and
/// timestamp fit, signed with key 2.
pub(crate) fn resign(store: &Path, signer: &SigningKey, role: &str, change: impl Fn(&mut Value)) {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(store.join("metadata").join(name)).unwrap()).unwrap()
    };
    let timestamp = read("timestamp.json");
    let snapshot_version = timestamp["signed"]["meta"]["snapshot.json"]["version"]
        .as_u64()
        .unwrap();
    let snapshot = read(&format!("{snapshot_version}.snapshot.json"));
    let list_version = snapshot["signed"]["meta"]["targets.json"]["version"]
        .as_u64()
        .unwrap();
    let mut list = read(&format!("{list_version}.targets.json"))["signed"].clone();
    let mut snapshot = snapshot["signed"].clone();
    let mut timestamp = timestamp["signed"].clone();
    let online = key(2);
    let by = |name: &str| if name == role { signer } else { &online };
    if role == "targets" {
        change(&mut list);
    }
    let number = list["version"].as_u64().unwrap();
    let bytes = write(
        store,
        &format!("{number}.targets.json"),
        &list,
        by("targets"),
    );
    snapshot["meta"]["targets.json"] = meta(number, &bytes);
    if role == "snapshot" {
        change(&mut snapshot);
    }
    let number = snapshot["version"].as_u64().unwrap();
    let bytes = write(
        store,
        &format!("{number}.snapshot.json"),
        &snapshot,
        by("snapshot"),
    );
    timestamp["meta"]["snapshot.json"] = meta(number, &bytes);
    if role == "timestamp" {
        change(&mut timestamp);
    }
    write(store, "timestamp.json", &timestamp, by("timestamp"));
}

fn meta(version: u64, bytes: &[u8]) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": webx_wxa::Digest::of(bytes).to_string()}})
}

/// The canonical form of TUF, for values without control characters: that of RFC 8785.
fn canonical(value: &Value) -> Vec<u8> {
    webx_wxa::json::canonical(value).unwrap()
}

pub(crate) fn key_id(key: &SigningKey) -> String {
    let public = data_encoding::HEXLOWER.encode(key.verifying_key().as_bytes());
    let value = json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}});
    webx_wxa::Digest::of(&canonical(&value)).to_string()
}

pub(crate) fn write(store: &Path, name: &str, signed: &Value, signer: &SigningKey) -> Vec<u8> {
    write_by(store, name, signed, &[signer])
}

pub(crate) fn write_by(
    store: &Path,
    name: &str,
    signed: &Value,
    signers: &[&SigningKey],
) -> Vec<u8> {
    let message = canonical(signed);
    let signature = |signer: &&SigningKey| {
        let sig = ed25519_dalek::Signer::sign(*signer, &message).to_bytes();
        json!({"keyid": key_id(signer), "sig": data_encoding::HEXLOWER.encode(&sig)})
    };
    let signatures: Vec<Value> = signers.iter().map(signature).collect();
    let bytes = serde_json::to_vec(&json!({"signatures": signatures, "signed": signed})).unwrap();
    std::fs::write(store.join("metadata").join(name), &bytes).unwrap();
    bytes
}
