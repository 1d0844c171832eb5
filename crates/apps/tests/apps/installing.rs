//! Installing, updating, removing, bringing back, rolling back.

use std::{io::Read, sync::atomic::Ordering};

use crate::common::{World, Wxa, keys};
use serde_json::json;
use webx_apps::{AppOp, Ask, Data, Error, Operation};
use webx_sagas::State;

#[test]
fn an_installed_app_is_listed_and_its_files_can_be_read() {
    let world = World::new();
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let wxa = Wxa::new("notes", "1.0.0")
        .with("media/large.bin", large.clone())
        .with("empty.txt", "")
        .pack();
    let mut live = world.apps.subscribe();
    let found = world.apps.inspect(wxa.as_slice()).unwrap();
    assert_eq!(found.size, wxa.len() as u64);
    assert_eq!(found.icon.as_ref().unwrap().media_type, "image/svg+xml");
    assert!(found.update.is_none() && found.warnings.is_empty());
    assert!(
        world.apps.list().unwrap().is_empty(),
        "looking at a package installs nothing"
    );
    let install = world.install_found(&found);
    let apps = world.apps.list().unwrap();
    assert_eq!(apps.len(), 1);
    let app = &apps[0];
    assert_eq!(
        (app.install, app.manifest.version.to_string().as_str()),
        (install, "1.0.0")
    );
    assert_eq!((app.system, app.previous_version.is_none()), (false, true));
    assert!(app.permissions.iter().all(|permission| permission.granted));
    let (info, mut reader) = world.apps.read_file(install, "media/large.bin").unwrap();
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(info.size == 3_000_000 && read == large);
    assert_eq!(
        world
            .apps
            .read_file(install, "empty.txt")
            .unwrap()
            .1
            .all()
            .unwrap(),
        b""
    );
    assert!(matches!(
        world.apps.read_file(install, "../secret"),
        Err(Error::NotFound(_))
    ));
    assert_eq!(live.blocking_recv().unwrap().op, AppOp::Installed);
    assert!(
        world.rows(&[])["app_upload"].is_empty(),
        "the upload is given up"
    );
    let world = world.reopen();
    assert_eq!(
        world
            .apps
            .read_file(install, "media/large.bin")
            .unwrap()
            .1
            .all()
            .unwrap(),
        large
    );
    assert_eq!(
        world
            .events
            .list(None, 10, Some("app.installed"))
            .unwrap()
            .items
            .len(),
        1
    );
}

#[test]
fn a_required_permission_must_be_granted_and_nothing_else_can_be() {
    let world = World::new();
    let asks = json!([{ "kind": "network", "hosts": ["api.weather.org"], "reason": "Weather." }]);
    let wxa = Wxa::new("weather", "1.0.0")
        .asks(asks, json!([{ "kind": "notify", "reason": "Storms." }]))
        .pack();
    let found = world.apps.inspect(wxa.as_slice()).unwrap();
    assert_eq!(keys(&found), ["network:api.weather.org", "notify"]);
    assert!(matches!(
        world.apps.install(found.upload, &["notify".into()]),
        Err(Error::MissingPermission(_))
    ));
    let stray = ["network:api.weather.org".into(), "wallet".into()];
    assert!(
        matches!(world.apps.install(found.upload, &stray), Err(Error::NotAsked(key)) if key == "wallet")
    );
    let begun = world
        .apps
        .install(found.upload, &["network:api.weather.org".into()])
        .unwrap();
    world.done(begun.saga);
    let granted: Vec<_> = world
        .apps
        .grants(begun.install)
        .unwrap()
        .into_iter()
        .map(|g| g.granted)
        .collect();
    assert_eq!(granted, [true, false]);
    assert_eq!(world.apps.broker().network_hosts(begun.install).len(), 1);
}

#[test]
fn an_update_keeps_grants_asks_only_for_what_is_new_and_drops_the_rest_silently() {
    let world = World::new();
    let first = Wxa::new("weather", "1.0.0").asks(
        json!([{ "kind": "storage", "access": "own", "reason": "r" }]),
        json!([{ "kind": "network", "hosts": ["a.weather.org", "b.weather.org"], "reason": "r" }]),
    );
    let install = world.install(&first.pack());
    world
        .apps
        .set_grants(install, &[], &["network:b.weather.org".into()])
        .unwrap();
    world
        .apps
        .store(install)
        .unwrap()
        .put_value("city", &json!("Trieste"))
        .unwrap();
    world.pass_seconds(10);
    let second = Wxa::new("weather", "1.1.0").asks(
        json!([{ "kind": "storage", "access": "own", "reason": "r" }, { "kind": "notify", "reason": "r" }]),
        json!([{ "kind": "network", "hosts": ["b.weather.org", "c.weather.org"], "reason": "r" }]),
    );
    let found = world.apps.inspect(second.pack().as_slice()).unwrap();
    assert_eq!(found.update.as_ref().unwrap().install, install);
    assert_eq!(keys(&found), ["notify", "network:c.weather.org"]);
    assert_eq!(found.dropped.len(), 1);
    assert!(matches!(
        world.apps.install(found.upload, &[]),
        Err(Error::MissingPermission(_))
    ));
    let begun = world
        .apps
        .install(found.upload, &["notify".into()])
        .unwrap();
    world.done(begun.saga);
    assert_eq!(begun.install, install);
    let app = world.apps.get(install).unwrap();
    let has: Vec<_> = app
        .permissions
        .iter()
        .filter(|p| p.granted)
        .map(|p| p.ask.key.to_string())
        .collect();
    assert_eq!(
        has,
        ["storage:own", "notify"],
        "what was taken back stays so, what is gone is gone"
    );
    assert_eq!(app.previous_version.as_deref(), Some("1.0.0"));
    assert!(app.updated_at > app.installed_at);

    let begun = world.apps.rollback(install).unwrap();
    world.done(begun.saga);
    let app = world.apps.get(install).unwrap();
    assert_eq!(
        (
            app.manifest.version.to_string().as_str(),
            app.previous_version
        ),
        ("1.0.0", None)
    );
    let has: Vec<_> = app
        .permissions
        .iter()
        .filter(|p| p.granted)
        .map(|p| p.ask.key.to_string())
        .collect();
    assert_eq!(
        has,
        ["storage:own", "network:a.weather.org"],
        "as it was before the update"
    );
    assert_eq!(
        world
            .apps
            .store(install)
            .unwrap()
            .get_value("city")
            .unwrap(),
        Some(json!("Trieste"))
    );
    assert!(matches!(
        world.apps.rollback(install),
        Err(Error::Conflict(_))
    ));
    let text = String::from_utf8(
        world
            .apps
            .read_file(install, "app.js")
            .unwrap()
            .1
            .all()
            .unwrap(),
    )
    .unwrap();
    assert!(text.contains("1.0.0"));
    assert_eq!(
        world.rows(&[])["app_package"].len(),
        1,
        "the newer package is given up"
    );
}

#[test]
fn a_lower_version_another_publisher_and_another_app_are_no_update() {
    let world = World::new();
    let install = world.install(&Wxa::new("notes", "1.2.0").pack());
    let before = world.rows(&[]);
    let refused = |wxa: Wxa| {
        world
            .apps
            .inspect(wxa.pack().as_slice())
            .unwrap_err()
            .code()
    };
    assert_eq!(refused(Wxa::new("notes", "1.1.9")), "not-newer");
    assert_eq!(refused(Wxa::new("notes", "1.2.0")), "not-newer");
    assert_eq!(world.rows(&[]), before, "nothing was written");
    // By another publisher it is another app, and the person is told.
    let found = world
        .apps
        .inspect(Wxa::new("notes", "9.0.0").by(2).pack().as_slice())
        .unwrap();
    assert!(found.update.is_none());
    assert!(found.warnings[0].contains("signed by another publisher"));
    let as_update = world
        .apps
        .update(install, found.upload, &keys(&found))
        .unwrap_err();
    assert_eq!(as_update.code(), "publisher-changed");
    let other = world
        .apps
        .inspect(Wxa::new("other", "9.0.0").pack().as_slice())
        .unwrap();
    assert_eq!(
        world
            .apps
            .update(install, other.upload, &keys(&other))
            .unwrap_err()
            .code(),
        "other-app"
    );
    assert_eq!(
        world
            .apps
            .get(install)
            .unwrap()
            .manifest
            .version
            .to_string(),
        "1.2.0"
    );
}

#[test]
fn a_removed_app_comes_back_byte_for_byte() {
    let world = World::new();
    let asks = json!([
        { "kind": "storage", "access": "own", "reason": "r" },
        { "kind": "storage", "access": "pick", "mode": "write", "reason": "r" },
    ]);
    let install = world.install(
        &Wxa::new("notes", "1.0.0")
            .asks(asks.clone(), json!([]))
            .pack(),
    );
    world.install(&Wxa::new("notes", "1.1.0").asks(asks, json!([])).pack());
    let store = world.apps.store(install).unwrap();
    store.put_value("a", &json!(1)).unwrap();
    store
        .put_document("notes", "n1", &json!({ "text": "hello" }), None)
        .unwrap();
    store
        .put_blob("picture", Some("image/png"), [7_u8; 100_000].as_slice())
        .unwrap();
    let node = world.file(webx_drive::NodeId::ROOT, "picked.txt");
    world
        .apps
        .pick(install, node, webx_wxa::PickMode::Write)
        .unwrap();
    let (before, blocks) = (world.rows(&[]), world.blocks_left());
    for data in [Data::Keep, Data::Delete] {
        let (begun, until) = world.apps.remove(install, data).unwrap();
        world.done(begun.saga);
        assert!(matches!(
            world.apps.get(install),
            Err(Error::NotInstalled(_))
        ));
        assert!(
            world
                .apps
                .broker()
                .check(install, &Ask::new(Operation::Storage))
                .is_err()
        );
        assert!(
            store.put_value("late", &json!(1)).is_err(),
            "a handle from before keeps nothing"
        );
        let removed = world.apps.removed().unwrap();
        assert_eq!(removed[0].undo_until, Some(until));
        assert!(removed[0].data_size > 100_000);
        let begun = world.apps.undo(install).unwrap();
        world.done(begun.saga);
        assert_eq!(world.rows(&[]), before);
        assert_eq!(world.blocks_left(), blocks);
    }
    let world = world.reopen();
    assert_eq!(world.rows(&[]), before);
    assert_eq!(
        world.apps.get(install).unwrap().previous_version.as_deref(),
        Some("1.0.0")
    );
}

#[test]
fn after_thirty_days_the_package_goes_and_the_data_as_the_person_chose() {
    for data in [Data::Keep, Data::Delete] {
        let world = World::new();
        let install = world.install(&Wxa::new("notes", "1.0.0").pack());
        world
            .apps
            .store(install)
            .unwrap()
            .put_blob("b", None, [1_u8; 50_000].as_slice())
            .unwrap();
        let (begun, _) = world.apps.remove(install, data).unwrap();
        world.done(begun.saga);
        world.pass_days(29);
        world.apps.sweep().unwrap();
        assert_eq!(world.apps.removed().unwrap().len(), 1);
        world.pass_days(2);
        assert!(matches!(world.apps.undo(install), Err(Error::NotFound(_))));
        world.apps.sweep().unwrap();
        for saga in world.apps.sagas().list(None).unwrap() {
            world.apps.sagas().wait(saga.id).unwrap();
        }
        let removed = world.apps.removed().unwrap();
        if data == Data::Delete {
            assert!(removed.is_empty());
            assert!(
                world.rows(&["app_upload"]).values().all(Vec::is_empty),
                "{:?}",
                world.rows(&[])
            );
            assert_eq!(world.blocks_left(), 0);
            continue;
        }
        assert!(removed[0].undo_until.is_none() && removed[0].data_size > 50_000);
        assert!(world.rows(&[])["app_package"].is_empty());
        // Installed again, it finds what it kept.
        let again = world.install(&Wxa::new("notes", "1.0.0").pack());
        assert_eq!(again, install);
        assert_eq!(
            world
                .apps
                .store(again)
                .unwrap()
                .blob("b")
                .unwrap()
                .unwrap()
                .size,
            50_000
        );
    }
}

#[test]
fn an_app_that_was_installed_again_meanwhile_is_not_brought_back_twice() {
    let world = World::new();
    let install = world.install(&Wxa::new("notes", "1.0.0").pack());
    let (begun, _) = world.apps.remove(install, Data::Delete).unwrap();
    world.done(begun.saga);
    let again = world.install(&Wxa::new("notes", "1.0.0").pack());
    assert_ne!(again, install, "deleted data does not come back by itself");
    assert!(matches!(world.apps.undo(install), Err(Error::Conflict(_))));
    let begun = world.apps.purge(install).unwrap();
    world.done(begun.saga);
    assert!(world.apps.removed().unwrap().is_empty());
    assert!(
        world.apps.read_file(again, "app.js").is_ok(),
        "what two packages share stays"
    );
}

#[test]
fn a_backend_that_does_not_compile_leaves_nothing_behind() {
    let world = World::new();
    world.backends.refuses.store(true, Ordering::Relaxed);
    let found = world
        .apps
        .inspect(Wxa::new("bad", "1.0.0").with_backend().pack().as_slice())
        .unwrap();
    let begun = world.apps.install(found.upload, &keys(&found)).unwrap();
    let saga = world.apps.sagas().wait(begun.saga).unwrap();
    assert_eq!(saga.state, State::Undone);
    assert!(saga.reason.unwrap().contains("it asks for sockets"));
    assert!(
        world.rows(&[]).values().all(Vec::is_empty),
        "{:?}",
        world.rows(&[])
    );
    assert_eq!(world.blocks_left(), 0);
    assert_eq!(
        world.notifications.list().unwrap().len(),
        1,
        "the person is told"
    );
}

#[test]
fn every_installation_has_its_own_origin_that_does_not_change() {
    let world = World::new();
    let notes = world.install(&Wxa::new("notes", "1.0.0").pack());
    let board = world.install(&Wxa::new("board", "1.0.0").pack());
    let (a, b) = (
        world.apps.origin_label(notes),
        world.apps.origin_label(board),
    );
    assert_ne!(a, b);
    assert!(
        a.len() == 26
            && a.bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    );
    assert_eq!(world.apps.by_label(&a), Some(notes));
    assert_eq!(world.apps.by_label("aaaaaaaaaaaaaaaaaaaaaaaaaa"), None);
    let world = world.reopen();
    assert_eq!(world.apps.origin_label(notes), a);
    let (begun, _) = world.apps.remove(notes, Data::Keep).unwrap();
    world.done(begun.saga);
    assert_eq!(world.apps.by_label(&a), None);
}

#[test]
fn packages_that_nobody_installs_are_given_up() {
    let world = World::new();
    for n in 0..12 {
        world
            .apps
            .inspect(Wxa::new("notes", &format!("1.0.{n}")).pack().as_slice())
            .unwrap();
    }
    assert_eq!(world.rows(&[])["app_upload"].len(), 8);
    let last = world
        .apps
        .inspect(Wxa::new("board", "1.0.0").pack().as_slice())
        .unwrap();
    world.apps.forget(last.upload).unwrap();
    assert!(matches!(
        world.apps.install(last.upload, &[]),
        Err(Error::NoUpload)
    ));
    world.pass_days(2);
    world.apps.sweep().unwrap();
    assert!(world.rows(&[]).values().all(Vec::is_empty));
    assert_eq!(world.blocks_left(), 0);
}

#[test]
fn damaged_blocks_of_a_package_are_stored_anew_by_installing_it_again() {
    use webx_vault::BlockStore;
    let world = World::new();
    let wxa = Wxa::new("notes", "1.0.0").pack();
    let install = world.install(&wxa);
    let (begun, _) = world.apps.remove(install, Data::Keep).unwrap();
    world.done(begun.saga);
    // Every block of the vault is lost.
    let digests: Vec<[u8; 32]> = world
        .vault
        .db()
        .read(|conn| {
            let mut statement = conn.prepare("SELECT digest FROM kept_block")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok::<_, webx_vault::Error>(rows.collect::<Result<_, _>>()?)
        })
        .unwrap();
    let lost: Vec<_> = digests
        .iter()
        .map(webx_content::multihash_of_digest)
        .collect();
    world.vault.blocks().delete_many(&lost).unwrap();
    let install = world.install(&wxa);
    assert!(
        world
            .apps
            .read_file(install, "app.js")
            .unwrap()
            .1
            .all()
            .is_ok()
    );
}
