//! A store is kept, read, searched and fetched from.

use crate::common::{House, NOW, days, key, manifest, package, package_of};
use serde_json::json;
use webx_identity::{Identity, RecoveryWords};
use webx_store::{Error, Keys, Rating, StoreFolder, Warning};
use webx_wxa::{Category, Digest, KeySigner, Package};

#[test]
fn what_was_published_is_listed_found_and_fetched() {
    let house = House::new();
    let bytes = package("notes", "1.0.0");
    let published = house
        .folder
        .publish(&bytes, Some("First."), &key(2), NOW)
        .unwrap();
    assert_eq!(published.digest, Digest::of(&bytes));
    let mut store = house.client(None);
    assert!(store.entry(&published.app).is_none());
    let refreshed = store.refresh(NOW).unwrap();
    assert!(refreshed.changed && refreshed.warnings.is_empty());
    assert_eq!(store.name(), "Our apps");
    let app = store.entry(&published.app).unwrap();
    let offer = app.newest().unwrap();
    assert_eq!(
        (offer.name.as_str(), offer.category),
        ("Notes", Category::Productivity)
    );
    assert_eq!(offer.notes.as_deref(), Some("First."));
    assert_eq!(offer.size, bytes.len() as u64);
    assert_eq!(offer.permissions.asks()[0].key.as_str(), "storage:own");
    assert_eq!(
        offer.publisher.root,
        Package::open(&bytes, NOW).unwrap().publisher().root
    );
    assert!(store.fetch(&published.app, None, NOW).unwrap() == bytes);
    assert_eq!(
        store.media(offer.icon.as_ref().unwrap(), NOW).unwrap(),
        b"<svg/>"
    );
    assert_eq!(offer.screenshots[0].media_type, "image/png");
    assert_eq!(
        store.media(&offer.screenshots[0], NOW).unwrap(),
        b"\x89PNG\r\n\x1a\n"
    );
    let again = store.refresh(NOW).unwrap();
    assert!(!again.changed);
}

#[test]
fn versions_are_listed_newest_first_and_a_prerelease_is_not_offered_unasked() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.9.0")).app;
    for version in ["1.10.0", "2.0.0-beta.1", "1.2.0"] {
        house.publish(&package("notes", version));
    }
    let store = house.fresh();
    let entry = store.entry(&app).unwrap();
    let versions: Vec<String> = entry
        .versions
        .iter()
        .map(|one| one.version.to_string())
        .collect();
    assert_eq!(versions, ["2.0.0-beta.1", "1.10.0", "1.9.0", "1.2.0"]);
    assert_eq!(entry.newest().unwrap().version.to_string(), "1.10.0");
    let beta = store
        .fetch(&app, Some(&"2.0.0-beta.1".parse().unwrap()), NOW)
        .unwrap();
    assert!(beta == package("notes", "2.0.0-beta.1"));
    let refused = store
        .fetch(&app, Some(&"3.0.0".parse().unwrap()), NOW)
        .unwrap_err();
    assert_eq!(refused.code(), "not-listed");
}

#[test]
fn a_search_ranks_names_before_descriptions() {
    let house = House::new();
    for (id, name) in [
        ("board", "Board"),
        ("notes", "Notes"),
        ("notebook", "My notebook"),
        ("other", "Paper"),
    ] {
        let mut value = manifest(id, name, "1.0.0");
        if id == "other" {
            value["description"] = "Good for notes.".into();
            value["category"] = "education".into();
        }
        house.publish(&package_of(&value, &KeySigner::new(key(10))));
    }
    let store = house.fresh();
    let ids = |query: &str, category| -> Vec<String> {
        store
            .search(query, category)
            .iter()
            .map(|app| app.app.id().to_owned())
            .collect()
    };
    assert_eq!(ids("NOTE", None), ["notes", "notebook", "other"]);
    assert_eq!(ids("notes good", None), ["other"]);
    assert_eq!(ids("", None).len(), 4);
    assert_eq!(ids("", Some(Category::Education)), ["other"]);
    assert_eq!(ids("nothing of it", None), Vec::<String>::new());
}

#[test]
fn the_same_package_twice_is_no_mistake_another_of_that_version_is() {
    let house = House::new();
    let bytes = package("notes", "1.0.0");
    assert!(!house.publish(&bytes).already);
    assert!(house.publish(&bytes).already);
    let mut other = manifest("notes", "Notes", "1.0.0");
    other["description"] = "Something else.".into();
    let other = package_of(&other, &KeySigner::new(key(10)));
    let refused = house
        .folder
        .publish(&other, None, &key(2), NOW)
        .unwrap_err();
    assert_eq!(refused.code(), "already-published");
}

#[test]
fn only_sound_packages_are_taken_up_and_only_with_the_stores_key() {
    let house = House::new();
    let mut bad = package("notes", "1.0.0");
    bad[100] ^= 1;
    assert!(matches!(
        house.folder.publish(&bad, None, &key(2), NOW),
        Err(Error::Package(_))
    ));
    let refused = house
        .folder
        .publish(&package("notes", "1.0.0"), None, &key(3), NOW)
        .unwrap_err();
    assert_eq!(refused.code(), "wrong-key");
    assert_eq!(house.fresh().apps().count(), 0);
}

#[test]
fn a_store_is_made_once_and_opened_only_where_there_is_one() {
    let house = House::new();
    let (root, online) = (key(1), key(2));
    let keys = Keys {
        root: &root,
        online: &online,
    };
    let again = StoreFolder::create(house.path(), "Again", &keys, NOW).unwrap_err();
    assert_eq!(again.code(), "store-folder");
    assert!(StoreFolder::open(house.path()).is_ok());
    assert_eq!(
        StoreFolder::open(house.dir.path().join("no"))
            .unwrap_err()
            .code(),
        "store-folder"
    );
}

#[test]
fn a_withdrawn_version_is_gone_with_its_bytes() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    house.publish(&package("notes", "1.1.0"));
    house.publish(&package("board", "1.0.0"));
    house
        .folder
        .withdraw(&app, Some(&"1.1.0".parse().unwrap()), &key(2), NOW)
        .unwrap();
    let store = house.fresh();
    assert_eq!(store.entry(&app).unwrap().versions.len(), 1);
    house.folder.withdraw(&app, None, &key(2), NOW).unwrap();
    let store = house.fresh();
    assert!(store.entry(&app).is_none());
    assert_eq!(store.apps().count(), 1);
    let left = std::fs::read_dir(house.path().join(format!("targets/apps/{app}")))
        .unwrap()
        .count();
    assert_eq!(left, 0);
    // The pictures are still those of the other app.
    let board = store.apps().next().unwrap().newest().unwrap();
    assert!(store.media(board.icon.as_ref().unwrap(), NOW).is_ok());
    assert_eq!(
        house
            .folder
            .withdraw(&app, None, &key(2), NOW)
            .unwrap_err()
            .code(),
        "not-listed"
    );
}

#[test]
fn a_rating_is_carried() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    let rating = Rating {
        tenths: 47,
        count: 12,
    };
    house.folder.rate(&app, Some(rating), &key(2), NOW).unwrap();
    assert_eq!(house.fresh().entry(&app).unwrap().rating, Some(rating));
    assert!(
        house
            .folder
            .rate(
                &app,
                Some(Rating {
                    tenths: 51,
                    count: 1
                }),
                &key(2),
                NOW
            )
            .is_err()
    );
}

#[test]
fn what_is_remembered_shows_the_apps_before_the_store_is_read_again() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    let state = house.fresh().state();
    let store = house.client(Some(&state));
    assert!(store.entry(&app).is_some());
    assert_eq!(store.refreshed(), Some(NOW));
    // Fetching needs a state that has not expired.
    assert!(store.fetch(&app, None, NOW).is_ok());
    assert_eq!(
        store.fetch(&app, None, days(91)).unwrap_err().code(),
        "store-expired"
    );
}

#[test]
fn a_state_of_another_store_or_a_damaged_one_is_refused() {
    let (a, b) = (House::new(), House::new());
    b.folder
        .rotate(
            &key(1),
            &Keys {
                root: &key(5),
                online: &key(6),
            },
            NOW,
        )
        .unwrap();
    let state = a.fresh().state();
    assert!(webx_store::Store::open(a.source(), &a.pin(), Some(b"{}")).is_err());
    let mut bent = state.clone();
    let at = bent
        .windows(7)
        .position(|window| window == b"expires")
        .unwrap()
        + 13;
    bent[at] ^= 1;
    assert!(webx_store::Store::open(a.source(), &a.pin(), Some(&bent)).is_err());
}

#[test]
fn a_name_from_another_publisher_is_a_warning() {
    let house = House::new();
    let first = house.publish(&package("notes", "1.0.0")).app;
    let mut store = house.fresh();
    let other = package_of(
        &manifest("notes", "Notes", "2.0.0"),
        &KeySigner::new(key(11)),
    );
    let second = house.publish(&other).app;
    assert_ne!(first, second);
    let warnings = store.refresh(NOW).unwrap().warnings;
    let [
        Warning::PublisherChanged {
            app,
            previous,
            next,
        },
    ] = warnings.as_slice()
    else {
        panic!("{warnings:?}");
    };
    assert_eq!(*app, second);
    assert_ne!(previous, next);
    assert!(warnings[0].to_string().contains("somebody else"));
    // It is told once by a refresh, and stays with the app, over a restart too.
    assert!(store.refresh(NOW).unwrap().warnings.is_empty());
    let store = house.client(Some(&store.state()));
    assert_eq!(store.warnings(&second), warnings);
    assert!(store.warnings(&first).is_empty());
}

#[test]
fn rotated_keys_of_a_publisher_are_told_and_a_forked_log_is_not_published() {
    let house = House::new();
    let seed = RecoveryWords::generate(&[1; 32]).unwrap().seed();
    let hour = time::Duration::hours(1);
    let mut identity = Identity::create(&seed, NOW).unwrap();
    let old = KeySigner::with_log(
        seed.device_key(0),
        identity.did.clone(),
        identity.log.clone(),
    );
    house.publish(&package_of(&manifest("notes", "Notes", "1.0.0"), &old));
    let mut store = house.fresh();
    identity
        .rotate(&seed, &[seed.device_key(1).verifying_key()], NOW - hour)
        .unwrap();
    let new = KeySigner::with_log(
        seed.device_key(1),
        identity.did.clone(),
        identity.log.clone(),
    );
    let app = house
        .publish(&package_of(&manifest("notes", "Notes", "1.1.0"), &new))
        .app;
    let warnings = store.refresh(NOW).unwrap().warnings;
    assert!(
        matches!(warnings.as_slice(), [Warning::KeysRotated { app: named, .. }] if *named == app),
        "{warnings:?}"
    );
    let stolen = package_of(&manifest("notes", "Notes", "1.2.0"), &old);
    let refused = house
        .folder
        .publish(&stolen, None, &key(2), NOW)
        .unwrap_err();
    assert_eq!(refused.code(), "publisher-forked");
}

#[test]
fn a_store_with_new_keys_is_followed() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    let mut store = house.fresh();
    let pin = house.pin();
    for n in 0..5 {
        let (root, next) = (key(if n == 0 { 1 } else { 20 + n }), key(21 + n));
        let online = key(40 + n);
        house
            .folder
            .rotate(
                &root,
                &Keys {
                    root: &next,
                    online: &online,
                },
                NOW,
            )
            .unwrap();
    }
    assert_eq!(house.pin(), pin);
    store.refresh(NOW).unwrap();
    assert!(store.fetch(&app, None, NOW).is_ok());
    // The old online key is worth nothing now.
    let refused = house
        .folder
        .publish(&package("board", "1.0.0"), None, &key(2), NOW)
        .unwrap_err();
    assert_eq!(refused.code(), "wrong-key");
    let refused = house
        .folder
        .rotate(
            &key(1),
            &Keys {
                root: &key(1),
                online: &key(2),
            },
            NOW,
        )
        .unwrap_err();
    assert_eq!(refused.code(), "wrong-key");
    house
        .folder
        .publish(&package("board", "1.0.0"), None, &key(44), NOW)
        .unwrap();
    store.refresh(NOW).unwrap();
    assert_eq!(store.apps().count(), 2);
}

#[test]
fn a_listing_that_cannot_be_read_is_left_out_and_told() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let app = house.publish(&package("board", "1.0.0")).app;
    // The store's keeper signs nonsense about one app.
    common_resign(&house, |signed| {
        let path = format!("/targets/apps~1{app}~11.0.0.wxa/custom/name");
        *signed.pointer_mut(&path).unwrap() = json!("a\u{202e}b");
    });
    let mut store = house.client(None);
    let warnings = store.refresh(NOW).unwrap().warnings;
    assert!(
        matches!(warnings.as_slice(), [Warning::Unreadable { target, .. }] if target.contains("board"))
    );
    assert_eq!(store.apps().count(), 1);
}

#[test]
fn a_listing_that_differs_from_its_package_is_refused_when_it_is_fetched() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    common_resign(&house, |signed| {
        let path = format!("/targets/apps~1{app}~11.0.0.wxa/custom/permissions");
        *signed.pointer_mut(&path).unwrap() = json!({"required": [], "optional": []});
    });
    let store = house.fresh();
    let refused = store.fetch(&app, None, NOW).unwrap_err();
    assert_eq!(refused.code(), "store-listing");
    assert!(refused.to_string().contains("permissions"), "{refused}");
}

/// Changes the signed list and signs all of it again, as the keeper of the store could.
fn common_resign(house: &House, change: impl Fn(&mut serde_json::Value)) {
    crate::common::resign(house.path(), &key(2), "targets", change);
}
