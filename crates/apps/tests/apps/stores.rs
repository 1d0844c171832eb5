//! Finding, installing and updating apps from stores.

use std::path::{Path, PathBuf};

use crate::common::{World, Wxa, keys};
use ed25519_dalek::SigningKey;
use serde_json::json;
use webx_apps::{Error, Updating};
use webx_store::{Keys, StoreFolder};
use webx_wxa::AppId;

fn online() -> SigningKey {
    SigningKey::from_bytes(&[22; 32])
}

fn store(world: &World, name: &str, root: u8) -> (PathBuf, StoreFolder) {
    let path = world.folder.path().join(name);
    let root = SigningKey::from_bytes(&[root; 32]);
    let folder = StoreFolder::create(
        &path,
        name,
        &Keys {
            root: &root,
            online: &online(),
        },
        crate::common::now(),
    )
    .unwrap();
    (path, folder)
}

fn publish(folder: &StoreFolder, wxa: &Wxa) -> AppId {
    folder
        .publish(
            &wxa.pack(),
            Some("What is new."),
            &online(),
            crate::common::now(),
        )
        .unwrap()
        .app
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_app_is_found_in_a_store_installed_and_updated_by_one_click() {
    let world = World::new();
    let (path, folder) = store(&world, "ours", 21);
    let wxa = Wxa::new("notes", "1.0.0")
        .with("shots/1.png", b"a picture".to_vec())
        .set("screenshots", json!(["shots/1.png"]));
    let app = publish(&folder, &wxa);
    let stores = world.apps.stores();
    let info = stores.add(&text(&path), None).unwrap();
    assert_eq!((info.name.as_str(), info.packages), ("ours", 1));
    assert!(matches!(
        stores.add(&text(&path), None),
        Err(Error::Conflict(_))
    ));
    let found = stores.search("notes", None).unwrap();
    assert_eq!(
        (found.len(), &found[0].app, found[0].installed.is_none()),
        (1, &app, true)
    );
    assert!(found[0].icon.is_some());
    assert!(
        stores
            .search("", Some(webx_wxa::Category::Games))
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        stores.screenshot(&info.id, &app, 0).unwrap().bytes,
        b"a picture"
    );
    let offered = stores.package(&info.id, &app).unwrap();
    assert_eq!(offered.versions[0].notes.as_deref(), Some("What is new."));
    let found = stores.fetch(&info.id, &app, None).unwrap();
    let install = world.install_found(&found);
    assert!(stores.updates().unwrap().is_empty());
    assert!(matches!(stores.update(install), Err(Error::Conflict(_))));

    let mut next = wxa.clone();
    next.manifest["version"] = json!("1.1.0");
    publish(&folder, &next);
    assert!(
        stores.updates().unwrap().is_empty(),
        "before it is read again"
    );
    stores.refresh().unwrap();
    assert_eq!(
        stores.updates().unwrap()[0].installed.as_ref().unwrap().0,
        install
    );
    let Updating::Begun(begun) = stores.update(install).unwrap() else {
        panic!("nothing new is asked for")
    };
    world.done(begun.saga);
    assert_eq!(
        world
            .apps
            .get(install)
            .unwrap()
            .manifest
            .version
            .to_string(),
        "1.1.0"
    );
    let begun = world.apps.rollback(install).unwrap();
    world.done(begun.saga);
    assert_eq!(
        world
            .apps
            .get(install)
            .unwrap()
            .manifest
            .version
            .to_string(),
        "1.0.0"
    );

    // A version that needs more is asked about.
    next.manifest["version"] = json!("1.2.0");
    next = next.asks(json!([{ "kind": "storage", "access": "own", "reason": "r" }, { "kind": "notify", "reason": "r" }]), json!([]));
    publish(&folder, &next);
    let world = world.reopen();
    let stores = world.apps.stores();
    assert_eq!(
        stores.search("", None).unwrap().len(),
        1,
        "what was believed is remembered"
    );
    stores.refresh().unwrap();
    let Updating::Asks(found) = stores.update(install).unwrap() else {
        panic!("the person is asked")
    };
    assert_eq!(keys(&found), ["notify"]);
    stores.remove(&info.id).unwrap();
    assert!(stores.list().unwrap().is_empty() && stores.remove(&info.id).is_err());
    assert!(world.apps.get(install).is_ok(), "apps stay");
}

#[test]
fn a_store_with_another_root_an_older_state_or_changed_bytes_is_not_believed() {
    let world = World::new();
    let (path, folder) = store(&world, "ours", 21);
    let app = publish(&folder, &Wxa::new("notes", "1.0.0"));
    let stores = world.apps.stores();
    let wrong = stores.add(&text(&path), Some(&"0".repeat(64))).unwrap_err();
    assert_eq!(wrong.code(), "other-fingerprint");
    assert!(matches!(
        stores.add("/nowhere/at/all", None),
        Err(Error::Store { .. })
    ));
    let right = folder.pin().unwrap().fingerprint().to_string();
    let info = stores.add(&text(&path), Some(&right)).unwrap();
    // The folder goes back to an older state.
    let old = world.folder.path().join("old");
    copy(&path, &old);
    publish(&folder, &Wxa::new("notes", "1.1.0"));
    assert!(stores.refresh().unwrap()[0].problem.is_none());
    std::fs::remove_dir_all(&path).unwrap();
    copy(&old, &path);
    let after = stores.refresh().unwrap().remove(0);
    assert!(after.problem.unwrap().contains("old state"));
    assert_eq!(
        stores.search("", None).unwrap()[0].version.to_string(),
        "1.1.0",
        "it keeps what it had"
    );
    // The package that is listed is not there, or other bytes are.
    let missing = stores.fetch(&info.id, &app, None).unwrap_err();
    assert!(matches!(missing, Error::Store { .. }), "{missing}");
    assert!(
        world.rows(&["app_store"]).values().all(Vec::is_empty),
        "nothing was written"
    );
}

#[test]
fn the_same_name_by_another_publisher_comes_with_a_warning() {
    let world = World::new();
    let (path, folder) = store(&world, "ours", 21);
    publish(&folder, &Wxa::new("notes", "1.0.0"));
    let stores = world.apps.stores();
    let info = stores.add(&text(&path), None).unwrap();
    let ours = stores.search("", None).unwrap().remove(0);
    let found = stores.fetch(&info.id, &ours.app, None).unwrap();
    world.install_found(&found);
    let theirs = publish(&folder, &Wxa::new("notes", "9.0.0").by(5));
    stores.refresh().unwrap();
    let warnings = stores.package(&info.id, &theirs).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("used to come from")),
        "{warnings:?}"
    );
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("installed here"))
    );
    assert!(
        !stores
            .fetch(&info.id, &theirs, None)
            .unwrap()
            .warnings
            .is_empty()
    );
    assert!(stores.updates().unwrap().is_empty(), "it is no update");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
