//! What the interop tests (`tests/peers`) drive: packages and stores on the command line.
//!
//! `peer open FILE` lists a package; `peer pack TREE OUT` makes one; `peer keep STORE [FILE…]` makes a
//! store or adds to it; `peer rotate STORE` changes its keys; `peer read STORE STATE OUT` reads it as a client.
#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, error::Error, fs, path::Path, sync::Arc};

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_store::{FolderSource, Keys, RootPin, Store, StoreFolder};
use webx_wxa::{Draft, KeySigner, Manifest, Package};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let now = OffsetDateTime::now_utc();
    match args.as_slice() {
        ["open", file] => open(file, now),
        ["pack", tree, out] => pack(Path::new(tree), out, now),
        ["keep", store, packages @ ..] => keep(store, packages, now),
        ["rotate", store] => rotate(store, now),
        ["read", store, state, out] => read(store, state, Path::new(out), now),
        _ => Err("usage: peer open|pack|keep|rotate|read …".into()),
    }
}

fn open(file: &str, now: OffsetDateTime) -> Outcome<()> {
    let bytes = fs::read(file)?;
    let package = Package::open(&bytes, now)?;
    let files: BTreeMap<&str, String> = package
        .entries()
        .map(|entry| (entry.path, entry.sha256.to_string()))
        .collect();
    let publisher = package.publisher();
    println!(
        "{}",
        json!({"app": package.app_id(), "publisher": publisher.did.as_str(), "files": files})
    );
    Ok(())
}

fn pack(tree: &Path, out: &str, now: OffsetDateTime) -> Outcome<()> {
    let mut files = Vec::new();
    walk(tree, "", &mut files)?;
    let manifest = Manifest::parse(&fs::read(tree.join("manifest.json"))?)?;
    files.retain(|(path, _)| path != "manifest.json");
    let signer = KeySigner::new(SigningKey::from_bytes(&[7; 32]));
    fs::write(out, Draft::new(manifest, files)?.sign(&signer, now)?)?;
    Ok(())
}

fn walk(folder: &Path, prefix: &str, out: &mut Vec<(String, Vec<u8>)>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| "a name is not UTF-8")?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), out)?;
        } else {
            out.push((path, fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// Keys of the store's `generation`.
fn keys(generation: u8) -> (SigningKey, SigningKey) {
    let key = |n: u8| SigningKey::from_bytes(&[n; 32]);
    (key(2 * generation), key(2 * generation + 1))
}

fn generation(store: &str) -> u8 {
    let there = |number: &u8| {
        Path::new(store)
            .join(format!("metadata/{number}.root.json"))
            .exists()
    };
    (1..100).take_while(there).last().unwrap_or(1)
}

fn keep(store: &str, packages: &[&str], now: OffsetDateTime) -> Outcome<()> {
    let (root, online) = keys(generation(store));
    let folder = if Path::new(store).join("metadata").exists() {
        StoreFolder::open(store)?
    } else {
        StoreFolder::create(
            store,
            "Peers",
            &Keys {
                root: &root,
                online: &online,
            },
            now,
        )?
    };
    for package in packages {
        folder.publish(&fs::read(package)?, Some("From the peers."), &online, now)?;
    }
    Ok(())
}

fn rotate(store: &str, now: OffsetDateTime) -> Outcome<()> {
    let number = generation(store);
    let ((old, _), (root, online)) = (keys(number), keys(number + 1));
    StoreFolder::open(store)?.rotate(
        &old,
        &Keys {
            root: &root,
            online: &online,
        },
        now,
    )?;
    Ok(())
}

fn read(store: &str, state: &str, out: &Path, now: OffsetDateTime) -> Outcome<()> {
    let source = Arc::new(FolderSource::new(store));
    let pin = match fs::read(format!("{state}.pin")) {
        Ok(root) => RootPin::new(root)?,
        Err(_) => RootPin::first_seen(&*source)?,
    };
    fs::write(format!("{state}.pin"), pin.as_bytes())?;
    let remembered = fs::read(state).ok();
    let mut client = Store::open(source, &pin, remembered.as_deref())?;
    let refreshed = client.refresh(now);
    fs::write(state, client.state())?;
    if let Err(error) = refreshed {
        println!(
            "{}",
            json!({"refused": error.code(), "why": error.to_string()})
        );
        return Ok(());
    }
    let mut apps: Vec<Value> = Vec::new();
    for app in client.apps() {
        for offer in &app.versions {
            let bytes = client.fetch(&app.app, Some(&offer.version), now)?;
            fs::write(
                out.join(format!("{}-{}.wxa", app.app, offer.version)),
                bytes,
            )?;
            apps.push(
                json!({"app": app.app, "version": offer.version.to_string(), "name": offer.name}),
            );
        }
    }
    println!("{}", json!({"name": client.name(), "apps": apps}));
    Ok(())
}
