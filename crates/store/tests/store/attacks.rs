//! What somebody between the store and the person can try: the attacks that TUF names.

use std::{fs, sync::Arc};

use crate::common::{House, NOW, days, key, key_id, package, resign, write_by};
use serde_json::{Value, json};
use webx_store::{Error, Keys, Lifetimes, RootPin, Source, Store, StoreFolder};

#[test]
fn an_older_state_is_refused() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let old = house.copy();
    house.publish(&package("notes", "1.1.0"));
    let mut store = house.fresh();
    house.put_back(&old);
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-rollback");
    // After a restart too, with what was remembered.
    let mut store = house.client(Some(&store.state()));
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-rollback");
    // What was known stays usable.
    assert_eq!(store.apps().next().unwrap().versions.len(), 2);
}

#[test]
fn a_state_that_is_not_renewed_is_refused_after_its_time() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let mut store = house.fresh();
    assert!(store.refresh(days(89)).is_ok());
    let refused = store.refresh(days(90)).unwrap_err();
    assert_eq!(refused.code(), "store-expired");
    assert!(refused.to_string().contains("timestamp"), "{refused}");
    house.folder.renew(&key(2), days(90)).unwrap();
    assert!(store.refresh(days(90)).is_ok());
    // The root at last.
    for day in [180, 270, 360, 450, 540, 630, 720] {
        house.folder.renew(&key(2), days(day)).unwrap();
    }
    assert!(store.refresh(days(729)).is_ok());
    let refused = store.refresh(days(731)).unwrap_err();
    assert!(refused.to_string().contains("root"), "{refused}");
    let keys = Keys {
        root: &key(1),
        online: &key(2),
    };
    house.folder.rotate(&key(1), &keys, days(731)).unwrap();
    assert!(store.refresh(days(731)).is_ok());
}

#[test]
fn an_old_list_under_a_new_timestamp_is_refused() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let old = house.copy();
    house.publish(&package("notes", "1.1.0"));
    for (from, to) in [
        ("2.targets.json", "3.targets.json"),
        ("2.snapshot.json", "3.snapshot.json"),
    ] {
        let newer = house.copy();
        let metadata = house.path().join("metadata");
        fs::copy(old.path().join("metadata").join(from), metadata.join(to)).unwrap();
        let mut store = house.client(None);
        let refused = store.refresh(NOW).unwrap_err();
        assert!(
            matches!(refused.code(), "store-mixed" | "store-too-large"),
            "{refused}"
        );
        house.put_back(&newer);
    }
    assert!(house.client(None).refresh(NOW).is_ok());
}

#[test]
fn a_list_that_goes_back_inside_a_new_snapshot_is_refused() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    house.publish(&package("notes", "1.1.0"));
    let mut store = house.fresh();
    // A thief of the snapshot and timestamp keys, without that of the targets.
    let bytes = fs::read(house.path().join("metadata/2.targets.json")).unwrap();
    let bump =
        |signed: &mut Value| signed["version"] = (signed["version"].as_u64().unwrap() + 1).into();
    resign(house.path(), &key(2), "snapshot", |signed| {
        signed["meta"]["targets.json"] = json!({"version": 2, "length": bytes.len(), "hashes": {"sha256": webx_wxa::Digest::of(&bytes).to_string()}});
        bump(signed);
    });
    resign_timestamp(&house, bump);
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-rollback");
    // And a snapshot that no longer names what it named.
    resign(house.path(), &key(2), "snapshot", |signed| {
        signed["meta"] = json!({"targets.json": {"version": 9}});
        bump(signed);
    });
    assert!(store.refresh(NOW).is_err());
}

fn resign_timestamp(house: &House, change: impl Fn(&mut Value)) {
    let path = house.path().join("metadata/timestamp.json");
    let mut signed =
        serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap()["signed"].clone();
    change(&mut signed);
    write_by(house.path(), "timestamp.json", &signed, &[&key(2)]);
}

#[test]
fn two_timestamps_of_one_version_are_refused() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let mut store = house.fresh();
    let before = fs::read(house.path().join("metadata/timestamp.json")).unwrap();
    house.publish(&package("notes", "1.1.0"));
    let number = serde_json::from_slice::<Value>(&before).unwrap()["signed"]["version"].clone();
    resign_timestamp(&house, |signed| signed["version"] = number.clone());
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-mixed");
}

#[test]
fn what_a_stranger_signs_is_refused_for_every_role() {
    for role in ["targets", "snapshot", "timestamp"] {
        let house = House::new();
        house.publish(&package("notes", "1.0.0"));
        resign(house.path(), &key(9), role, |_| {});
        let refused = house.client(None).refresh(NOW).unwrap_err();
        assert!(
            matches!(refused, Error::Signatures { .. }),
            "{role}: {refused}"
        );
        // Under the name of the right key too.
        let house = House::new();
        house.publish(&package("notes", "1.0.0"));
        resign(house.path(), &key(9), role, |_| {});
        for entry in fs::read_dir(house.path().join("metadata")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace(&key_id(&key(9)), &key_id(&key(2)))).unwrap();
        }
        assert!(house.client(None).refresh(NOW).is_err(), "{role}");
    }
}

#[test]
fn a_root_that_the_old_root_did_not_sign_is_refused() {
    let house = House::new();
    let stranger = tempfile::tempdir().unwrap();
    let keys = Keys {
        root: &key(7),
        online: &key(8),
    };
    let other = StoreFolder::create(stranger.path().join("s"), "Evil", &keys, NOW).unwrap();
    other.rotate(&key(7), &keys, NOW).unwrap();
    let from = other.path().join("metadata/2.root.json");
    let to = house.path().join("metadata/2.root.json");
    fs::copy(&from, &to).unwrap();
    let refused = house.client(None).refresh(NOW).unwrap_err();
    assert!(
        matches!(refused, Error::Signatures { role: "root", .. }),
        "{refused}"
    );
    // Another store altogether under the same pin.
    let mut store = Store::open(
        Arc::new(webx_store::FolderSource::new(other.path())),
        &house.pin(),
        None,
    )
    .unwrap();
    assert!(store.refresh(NOW).is_err());
}

#[test]
fn a_root_that_skips_or_repeats_a_version_is_refused() {
    let house = House::new();
    let root: Value =
        serde_json::from_slice(&fs::read(house.path().join("metadata/1.root.json")).unwrap())
            .unwrap();
    for version in [1, 3] {
        let mut signed = root["signed"].clone();
        signed["version"] = version.into();
        write_by(house.path(), "2.root.json", &signed, &[&key(1)]);
        assert_eq!(
            house.client(None).refresh(NOW).unwrap_err().code(),
            "store-rollback"
        );
    }
}

#[test]
fn one_key_under_two_names_is_one_signature() {
    let house = House::new();
    let mut signed = serde_json::from_slice::<Value>(
        &fs::read(house.path().join("metadata/1.root.json")).unwrap(),
    )
    .unwrap()["signed"]
        .clone();
    let id = key_id(&key(1));
    signed["keys"]["second"] = signed["keys"][&id].clone();
    signed["roles"]["root"] = json!({"keyids": [id, "second"], "threshold": 2});
    let bytes = write_by(house.path(), "1.root.json", &signed, &[&key(1)]);
    let mut file: Value = serde_json::from_slice(&bytes).unwrap();
    let mut twice = file["signatures"][0].clone();
    twice["keyid"] = "second".into();
    file["signatures"].as_array_mut().unwrap().push(twice);
    let refused = RootPin::new(serde_json::to_vec(&file).unwrap()).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Signatures {
                good: 1,
                needed: 2,
                ..
            }
        ),
        "{refused}"
    );
    // One signature written twice is malformed.
    let same = file["signatures"][0].clone();
    file["signatures"][1] = same;
    assert_eq!(
        RootPin::new(serde_json::to_vec(&file).unwrap())
            .unwrap_err()
            .code(),
        "store-malformed"
    );
}

#[test]
fn new_online_keys_recover_from_versions_that_a_thief_drove_up() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let mut store = house.fresh();
    let good = house.copy();
    resign(house.path(), &key(2), "snapshot", |signed| {
        signed["version"] = 1_000_000.into();
    });
    resign_timestamp(&house, |signed| signed["version"] = 1_000_000.into());
    // The thief's snapshot is believed: he has the key.
    store.refresh(NOW).unwrap();
    house.put_back(&good);
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-rollback");
    house
        .folder
        .rotate(
            &key(1),
            &Keys {
                root: &key(1),
                online: &key(3),
            },
            NOW,
        )
        .unwrap();
    store.refresh(NOW).unwrap();
    assert_eq!(store.apps().count(), 1);
}

#[test]
fn a_package_with_other_bytes_is_refused() {
    let house = House::new();
    let published = house.publish(&package("notes", "1.0.0"));
    let store = house.fresh();
    let path = house.path().join(format!(
        "targets/apps/{}/{}.1.0.0.wxa",
        published.app, published.digest
    ));
    let mut bytes = fs::read(&path).unwrap();
    bytes[200] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        store.fetch(&published.app, None, NOW).unwrap_err().code(),
        "store-content"
    );
    bytes.push(0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        store.fetch(&published.app, None, NOW).unwrap_err().code(),
        "store-too-large"
    );
    bytes.truncate(100);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        store.fetch(&published.app, None, NOW).unwrap_err().code(),
        "store-content"
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(
        store.fetch(&published.app, None, NOW).unwrap_err().code(),
        "store-unreachable"
    );
}

#[test]
fn an_app_under_the_name_of_another_publisher_is_not_listed() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    let other = webx_identity::did_key(&key(11).verifying_key());
    resign(house.path(), &key(2), "targets", |signed| {
        let path = format!("/targets/apps~1{app}~11.0.0.wxa/custom/publisher/root");
        *signed.pointer_mut(&path).unwrap() = other.clone().into();
    });
    assert_eq!(house.fresh().apps().count(), 0);
}

/// A source that gives endless data.
struct Endless;

impl Source for Endless {
    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        if path.contains("root") {
            return Ok(None);
        }
        assert!(max <= 32 << 20, "{path} may be {max} bytes");
        Ok(Some(vec![b'['; max as usize]))
    }
}

#[test]
fn endless_data_is_cut_off_by_a_limit_for_every_file() {
    let house = House::new();
    let mut store = Store::open(Arc::new(Endless), &house.pin(), None).unwrap();
    assert_eq!(store.refresh(NOW).unwrap_err().code(), "store-malformed");
}

#[test]
fn a_target_path_never_leads_out_of_the_folder() {
    let house = House::new();
    fs::write(house.dir.path().join("secret"), "x").unwrap();
    let source = house.source();
    for path in [
        "../secret",
        "metadata/../../secret",
        "/etc/passwd",
        "metadata/./timestamp.json",
        "metadata\\x",
        "",
    ] {
        assert!(source.read(path, 100).unwrap().is_none(), "{path}");
    }
    assert!(matches!(
        source.read("metadata/timestamp.json", 10),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn every_flipped_byte_of_the_metadata_is_refused() {
    let house = House::new();
    house.publish(&package("notes", "1.0.0"));
    let pin = house.pin();
    for name in [
        "timestamp.json",
        "2.snapshot.json",
        "2.targets.json",
        "1.root.json",
    ] {
        let path = house.path().join("metadata").join(name);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            if name == "1.root.json" {
                assert!(RootPin::new(bad).is_err(), "{name} byte {at}");
                continue;
            }
            fs::write(&path, &bad).unwrap();
            let mut store = Store::open(house.source(), &pin, None).unwrap();
            assert!(store.refresh(NOW).is_err(), "{name} byte {at}");
        }
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn a_publisher_that_stops_in_the_middle_leaves_the_old_state_whole() {
    let house = House::new();
    let app = house.publish(&package("notes", "1.0.0")).app;
    let before = house.copy();
    house.publish(&package("notes", "1.1.0"));
    // All of the new files are there, but the last one, which makes them true, is not yet.
    let old = before.path().join("metadata/timestamp.json");
    fs::copy(old, house.path().join("metadata/timestamp.json")).unwrap();
    assert_eq!(house.fresh().entry(&app).unwrap().versions.len(), 1);
    house.publish(&package("notes", "1.2.0"));
    assert_eq!(house.fresh().entry(&app).unwrap().versions.len(), 2);
}

#[test]
fn lifetimes_are_the_keepers_choice() {
    let house = House::new();
    let short = Lifetimes {
        timestamp: time::Duration::days(1),
        ..Lifetimes::default()
    };
    house
        .folder
        .clone()
        .with_lifetimes(short)
        .renew(&key(2), NOW)
        .unwrap();
    let mut store = house.client(None);
    assert!(store.refresh(NOW).is_ok());
    assert_eq!(store.refresh(days(1)).unwrap_err().code(), "store-expired");
}
