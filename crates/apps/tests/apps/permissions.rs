//! What an app may do: deny by default, and every grant ends when it is taken back.

use crate::common::{World, Wxa};
use serde_json::json;
use webx_apps::{AppOp, Ask, Error, InstallId, Operation, SystemApp};
use webx_drive::{NodeId, OnConflict};
use webx_wxa::{Area, PickMode};

const ALL: [Operation; 15] = [
    Operation::DriveRead,
    Operation::DriveWrite,
    Operation::Storage,
    Operation::PackageRead,
    Operation::SelfRead,
    Operation::Backend,
    Operation::Workflow,
    Operation::Notify,
    Operation::IdentityName,
    Operation::IdentityAuth,
    Operation::ClipboardRead,
    Operation::Messages,
    Operation::Compute,
    Operation::Wallet,
    Operation::System(Area::Drive),
];

fn allowed(world: &World, install: InstallId) -> Vec<Operation> {
    let broker = world.apps.broker();
    ALL.into_iter()
        .filter(|operation| {
            let ask = Ask {
                object: Some(NodeId::ROOT),
                ..Ask::new(*operation)
            };
            broker.check(install, &ask).is_ok()
        })
        .collect()
}

#[test]
fn an_app_that_asks_for_nothing_may_only_look_at_itself() {
    let world = World::new();
    let install = world.install(&Wxa::new("still", "1.0.0").asks(json!([]), json!([])).pack());
    assert_eq!(
        allowed(&world, install),
        [
            Operation::PackageRead,
            Operation::SelfRead,
            Operation::Workflow
        ]
    );
    let nobody = InstallId::from(uuid::Uuid::from_u128(7));
    assert!(allowed(&world, nobody).is_empty());
}

#[test]
fn each_permission_opens_its_own_door_and_taking_it_back_shuts_it() {
    let world = World::new();
    let doors = [
        (
            json!({ "kind": "storage", "access": "own", "reason": "r" }),
            "storage:own",
            Operation::Storage,
        ),
        (
            json!({ "kind": "notify", "reason": "r" }),
            "notify",
            Operation::Notify,
        ),
        (
            json!({ "kind": "identity", "claims": ["name"], "reason": "r" }),
            "identity:name",
            Operation::IdentityName,
        ),
        (
            json!({ "kind": "identity", "claims": ["did-auth"], "reason": "r" }),
            "identity:did-auth",
            Operation::IdentityAuth,
        ),
        (
            json!({ "kind": "clipboard", "reason": "r" }),
            "clipboard",
            Operation::ClipboardRead,
        ),
        (
            json!({ "kind": "messages", "reason": "r" }),
            "messages",
            Operation::Messages,
        ),
        (
            json!({ "kind": "compute", "reason": "r" }),
            "compute",
            Operation::Compute,
        ),
        (
            json!({ "kind": "wallet", "reason": "r" }),
            "wallet",
            Operation::Wallet,
        ),
    ];
    for (n, (ask, key, operation)) in doors.into_iter().enumerate() {
        let install = world.install(
            &Wxa::new(&format!("app-{n}"), "1.0.0")
                .asks(json!([]), json!([ask]))
                .pack(),
        );
        let base = [
            Operation::PackageRead,
            Operation::SelfRead,
            Operation::Workflow,
        ];
        let open = || -> Vec<_> {
            allowed(&world, install)
                .into_iter()
                .filter(|op| !base.contains(op))
                .collect()
        };
        assert_eq!(open(), [operation], "{key}");
        let mut live = world.apps.subscribe();
        world.apps.set_grants(install, &[], &[key.into()]).unwrap();
        assert_eq!(live.blocking_recv().unwrap().op, AppOp::Grants);
        assert!(open().is_empty(), "{key}");
        world.apps.set_grants(install, &[key.into()], &[]).unwrap();
        assert_eq!(open(), [operation], "{key}");
        assert!(matches!(
            world.apps.set_grants(install, &["native-code".into()], &[]),
            Err(Error::NotAsked(_))
        ));
    }
}

#[test]
fn a_picked_file_is_that_file_and_a_picked_folder_is_all_that_is_in_it() {
    let world = World::new();
    let asks = json!([
        { "kind": "storage", "access": "pick", "mode": "read", "reason": "r" },
        { "kind": "storage", "access": "pick", "mode": "write", "reason": "r" },
    ]);
    let install = world.install(&Wxa::new("editor", "1.0.0").asks(json!([]), asks).pack());
    let folder = |parent, name: &str| {
        world
            .drive
            .create_folder(parent, name, OnConflict::Fail)
            .unwrap()
            .id
    };
    let (a, b) = (folder(NodeId::ROOT, "a"), folder(NodeId::ROOT, "b"));
    let deep = folder(folder(a, "x"), "y");
    let (inside, beside) = (world.file(deep, "inside.txt"), world.file(b, "beside.txt"));
    let sibling = world.file(b, "sibling.txt");
    let broker = world.apps.broker();
    let may = |operation, node| broker.check(install, &Ask::about(operation, node)).is_ok();
    assert!(!may(Operation::DriveRead, inside));
    world.apps.pick(install, a, PickMode::Read).unwrap();
    world.apps.pick(install, beside, PickMode::Write).unwrap();
    assert!(
        may(Operation::DriveRead, a)
            && may(Operation::DriveRead, deep)
            && may(Operation::DriveRead, inside)
    );
    assert!(!may(Operation::DriveWrite, inside) && !may(Operation::DriveWrite, a));
    assert!(may(Operation::DriveRead, beside) && may(Operation::DriveWrite, beside));
    for other in [b, sibling, NodeId::ROOT] {
        assert!(!may(Operation::DriveRead, other));
    }
    assert!(
        broker
            .check(install, &Ask::new(Operation::DriveRead))
            .is_err(),
        "no object, no answer"
    );
    // What is moved out of the folder leaves the app's sight; what goes to the trash too.
    world.drive.mv(inside, b, None, OnConflict::Fail).unwrap();
    assert!(!may(Operation::DriveRead, inside));
    world.drive.remove(beside).unwrap();
    assert!(!may(Operation::DriveRead, beside));
    world.drive.remove(a).unwrap();
    assert!(
        !may(Operation::DriveRead, deep),
        "with its folder in the trash"
    );
    world.drive.restore(a).unwrap();
    assert!(may(Operation::DriveRead, deep));
    let picked = world.apps.picked(install).unwrap();
    assert_eq!(picked.len(), 2);
    // Taking the permission back takes back what was picked with it.
    world
        .apps
        .set_grants(
            install,
            &[],
            &["storage:pick:read".into(), "storage:pick:write".into()],
        )
        .unwrap();
    assert!(!may(Operation::DriveRead, deep));
    assert!(matches!(
        world.apps.pick(install, b, PickMode::Read),
        Err(Error::Denied(_))
    ));
    world
        .apps
        .set_grants(install, &["storage:pick:read".into()], &[])
        .unwrap();
    assert!(may(Operation::DriveRead, deep));
    assert!(world.apps.unpick(install, a).unwrap());
    assert!(!may(Operation::DriveRead, deep) && !world.apps.unpick(install, a).unwrap());
}

#[test]
fn a_flood_is_slowed_down_and_only_the_app_that_floods() {
    let world = World::new();
    let (loud, quiet) = (
        world.install(&Wxa::new("loud", "1.0.0").pack()),
        world.install(&Wxa::new("quiet", "1.0.0").pack()),
    );
    let broker = world.apps.broker();
    let ask = Ask::new(Operation::Storage);
    let denied = (0..100_000)
        .find_map(|_| broker.check(loud, &ask).err())
        .unwrap();
    assert_eq!(denied.code, "app-budget");
    assert!(denied.retry_after.is_some());
    assert!(broker.check(quiet, &ask).is_ok());
}

static FILES: &[(&str, &[u8])] = &[
    ("app.js", b"export default 1"),
    ("icon.svg", b"<svg/>"),
    (
        "manifest.json",
        br#"{"format":1,"api":"1","id":"files","name":"Files","version":"1.0.0","category":"system","description":"Files.",
        "icon":"icon.svg","entry":{"builtin":{"module":"app.js"}},"permissions":{"required":[
        {"kind":"system","areas":["drive","jobs"],"reason":"Shows your files."}],"optional":[]}}"#,
    ),
];
static NEWER: &[(&str, &[u8])] = &[
    ("app.js", b"export default 2"),
    ("icon.svg", b"<svg/>"),
    (
        "manifest.json",
        br#"{"format":1,"api":"1","id":"files","name":"Files","version":"1.0.0","category":"system","description":"Files.",
        "icon":"icon.svg","entry":{"builtin":{"module":"app.js"}},"permissions":{"required":[
        {"kind":"system","areas":["drive"],"reason":"Shows your files."}],"optional":[]}}"#,
    ),
];
static FIRST: &[SystemApp] = &[SystemApp {
    id: "files",
    build: "1",
    files: FILES,
}];
static SECOND: &[SystemApp] = &[SystemApp {
    id: "files",
    build: "2",
    files: NEWER,
}];

#[test]
fn a_part_of_the_system_is_there_at_once_comes_with_the_program_and_stays() {
    let world = World::with_system(FIRST);
    let app = world.apps.list().unwrap().remove(0);
    assert_eq!((app.app.as_str(), app.system), ("webx.files", true));
    let broker = world.apps.broker();
    let may = |world: &World, operation| {
        world
            .apps
            .broker()
            .check(app.install, &Ask::new(operation))
            .is_ok()
    };
    assert!(
        broker
            .check(
                app.install,
                &Ask::about(Operation::DriveWrite, NodeId::ROOT)
            )
            .is_ok()
    );
    assert!(
        may(&world, Operation::System(Area::Jobs))
            && !may(&world, Operation::System(Area::Security))
    );
    assert!(matches!(
        world.apps.remove(app.install, webx_apps::Data::Keep),
        Err(Error::System(_))
    ));
    assert!(matches!(
        world
            .apps
            .set_grants(app.install, &[], &["system:drive".into()]),
        Err(Error::System(_))
    ));
    world
        .apps
        .store(app.install)
        .unwrap()
        .put_value("view", &json!("list"))
        .unwrap();
    let before = world.rows(&[]);
    let world = world.reopen();
    assert_eq!(world.rows(&[]), before, "an opening changes nothing");

    let world = world.reopen_with(SECOND);
    let updated = world.apps.list().unwrap().remove(0);
    assert_eq!(updated.install, app.install);
    assert_eq!(
        world
            .apps
            .read_file(app.install, "app.js")
            .unwrap()
            .1
            .all()
            .unwrap(),
        b"export default 2"
    );
    assert!(!may(&world, Operation::System(Area::Jobs)));
    assert_eq!(
        world
            .apps
            .store(app.install)
            .unwrap()
            .get_value("view")
            .unwrap(),
        Some(json!("list"))
    );
    assert_eq!(world.rows(&[])["app_package"].len(), 1);

    let world = world.reopen_with(&[]);
    assert!(world.apps.list().unwrap().is_empty());
    assert!(world.apps.removed().unwrap().is_empty());
    let world = world.reopen_with(FIRST);
    assert_eq!(
        world.apps.list().unwrap()[0].install,
        app.install,
        "with the data it kept"
    );
    assert_eq!(
        world
            .apps
            .store(app.install)
            .unwrap()
            .get_value("view")
            .unwrap(),
        Some(json!("list"))
    );
}

#[test]
fn no_package_from_outside_can_ask_for_a_part_of_the_system() {
    let world = World::new();
    let manifest = String::from_utf8(FILES[2].1.to_vec()).unwrap();
    let manifest = webx_wxa::Manifest::parse(manifest.as_bytes()).unwrap();
    let files = FILES[..2]
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    let signer = webx_wxa::KeySigner::new(ed25519_dalek::SigningKey::from_bytes(&[3; 32]));
    let wxa = webx_wxa::Draft::new(manifest, files)
        .unwrap()
        .sign_system(&signer, crate::common::now())
        .unwrap();
    assert_eq!(
        world.apps.inspect(wxa.as_slice()).unwrap_err().code(),
        "system-only"
    );
    assert!(world.rows(&[]).values().all(Vec::is_empty));
}

#[test]
fn every_app_that_is_built_into_this_program_is_accepted() {
    let world = World::with_system(webx_apps::system_packages());
    let mut placed: Vec<String> = world
        .apps
        .list()
        .unwrap()
        .into_iter()
        .map(|app| app.manifest.id)
        .collect();
    placed.sort();
    let mut built: Vec<&str> = webx_apps::system_packages()
        .iter()
        .map(|app| app.id)
        .collect();
    built.sort_unstable();
    assert_eq!(placed, built);
}
