//! What an app keeps: values, documents, blobs, and the zip of all of it.

use std::io::{Cursor, Read, Seek, SeekFrom};

use crate::common::{World, Wxa};
use serde_json::{Value, json};
use webx_apps::{AppOp, Error, Filter, InstallId, Store};
use webx_backends::{DataChange, DataFile, Storage};

fn app() -> (World, InstallId, Store) {
    let world = World::new();
    let install = world.install(&Wxa::new("notes", "1.0.0").pack());
    let store = world.apps.store(install).unwrap();
    (world, install, store)
}

#[test]
fn values_are_kept_listed_and_forgotten() {
    let (world, install, store) = app();
    for n in 0..25 {
        store.put_value(&format!("list/{n:02}"), &json!(n)).unwrap();
    }
    store
        .put_value("other", &json!({ "deep": [1, null, "x"] }))
        .unwrap();
    assert_eq!(store.get_value("other").unwrap().unwrap()["deep"][2], "x");
    let page = store.keys("list/", None, 10).unwrap();
    assert_eq!(
        (page.items.len(), page.next.as_deref()),
        (10, Some("list/09"))
    );
    let page = store.keys("list/", Some("list/19"), 10).unwrap();
    assert_eq!((page.items.len(), page.next), (5, None));
    assert!(store.delete_value("other").unwrap() && !store.delete_value("other").unwrap());
    assert!(matches!(
        store.put_value("", &json!(1)),
        Err(Error::BadName { .. })
    ));
    assert!(matches!(
        store.put_value("a\u{0}b", &json!(1)),
        Err(Error::BadName { .. })
    ));
    assert!(matches!(
        store.put_value("big", &json!("x".repeat(70_000))),
        Err(Error::TooLarge { .. })
    ));
    let world = world.reopen();
    assert_eq!(
        world
            .apps
            .store(install)
            .unwrap()
            .keys("", None, 100)
            .unwrap()
            .items
            .len(),
        25
    );
}

#[test]
fn documents_are_found_by_their_fields_and_changes_are_told() {
    let (world, _, store) = app();
    let mut live = world.apps.subscribe();
    for (id, city, people, open) in [
        ("a", "Trieste", 200, true),
        ("b", "Graz", 300, true),
        ("c", "Trieste", 300, false),
    ] {
        let value = json!({ "place": { "city": city }, "people": people, "open": open });
        assert_eq!(
            store
                .put_document("offices", id, &value, None)
                .unwrap()
                .version,
            1
        );
    }
    let ids = |filters: &[&str]| -> Vec<String> {
        let filters: Vec<_> = filters
            .iter()
            .map(|text| Filter::parse(text).unwrap())
            .collect();
        let page = store.documents("offices", None, 10, &filters).unwrap();
        page.items.into_iter().map(|document| document.id).collect()
    };
    assert_eq!(ids(&["place.city:Trieste"]), ["a", "c"]);
    assert_eq!(ids(&["place.city:Trieste", "people:300"]), ["c"]);
    assert_eq!(ids(&["open:true"]), ["a", "b"]);
    assert_eq!(ids(&["missing:null"]), ["a", "b", "c"]);
    assert!(ids(&["place.city:Wien"]).is_empty());
    let hostile = Filter {
        field: "a') OR 1=1 --".into(),
        value: json!(1),
        or_text: None,
    };
    assert!(matches!(
        store.documents("offices", None, 10, &[hostile]),
        Err(Error::BadName { .. })
    ));
    let zip = json!({ "zip": "8010", "open": "true" });
    store.put_document("places", "z", &zip, None).unwrap();
    for text in ["zip:8010", "open:true", "zip:\"8010\""] {
        let filter = Filter::parse(text).unwrap();
        let found = store.documents("places", None, 10, &[filter]).unwrap();
        assert_eq!(found.items.len(), 1, "{text}");
    }
    let changed = store
        .put_document("offices", "a", &json!({}), Some(1))
        .unwrap();
    assert_eq!(changed.version, 2);
    assert!(matches!(
        store.put_document("offices", "a", &json!({}), Some(1)),
        Err(Error::Changed { found: 2 })
    ));
    assert!(matches!(
        store.put_document("offices", "a", &json!({}), Some(0)),
        Err(Error::Changed { found: 2 })
    ));
    assert!(matches!(
        store.put_document("offices", "d", &json!([1]), None),
        Err(Error::BadValue(_))
    ));
    assert!(store.delete_document("offices", "a").unwrap());
    let mut told = Vec::new();
    while let Ok(event) = live.try_recv() {
        if let AppOp::Data { id, version, .. } = event.op {
            told.push((id, version));
        }
    }
    assert_eq!(told.last(), Some(&("a".to_owned(), None)));
    assert_eq!(told.len(), 6);
    assert_eq!(store.collections().unwrap(), ["offices", "places"]);
}

#[test]
fn blobs_are_streamed_read_from_any_place_and_replaced_whole_or_not_at_all() {
    let (world, install, store) = app();
    let bytes: Vec<u8> = (0..2_500_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let blob = store
        .put_blob("films/one.webm", Some("video/webm"), bytes.as_slice())
        .unwrap();
    assert_eq!(blob.size, 2_500_000);
    let (found, mut reader) = store.open_blob("films/one.webm").unwrap().unwrap();
    assert_eq!(found, blob);
    reader.seek(SeekFrom::Start(1_048_000)).unwrap();
    let mut part = vec![0; 1_000_000];
    reader.read_exact(&mut part).unwrap();
    assert!(part == bytes[1_048_000..2_048_000]);

    struct Broken(u64);
    impl Read for Broken {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            self.0 += out.len() as u64;
            if self.0 > 1_500_000 {
                Err(std::io::ErrorKind::ConnectionReset.into())
            } else {
                Ok(out.len())
            }
        }
    }
    assert!(matches!(
        store.put_blob("films/one.webm", None, Broken(0)),
        Err(Error::Read(_))
    ));
    assert_eq!(
        store.blob("films/one.webm").unwrap().unwrap(),
        blob,
        "the former one stays"
    );
    let before = world.blocks_left();
    store
        .put_blob("films/one.webm", None, &b"short"[..])
        .unwrap();
    assert!(world.blocks_left() < before);
    assert_eq!(store.blobs("films/", None, 10).unwrap().items.len(), 1);
    assert!(store.delete_blob("films/one.webm").unwrap());
    assert!(store.open_blob("films/one.webm").unwrap().is_none());
    assert_eq!(world.apps.get(install).unwrap().data_size, 0);
}

#[test]
fn no_app_keeps_more_than_its_quota() {
    let (world, install, store) = app();
    world.apps.set_quota(install, 10_000).unwrap();
    store.put_blob("a", None, [1; 6_000].as_slice()).unwrap();
    assert!(matches!(
        store.put_blob("b", None, [1; 6_000].as_slice()),
        Err(Error::Quota { quota: 10_000, .. })
    ));
    assert!(matches!(
        store.put_blob("endless", None, std::io::repeat(1)),
        Err(Error::Quota { .. })
    ));
    assert!(matches!(
        store.put_value("v", &json!("x".repeat(5_000))),
        Err(Error::Quota { .. })
    ));
    store.put_blob("a", None, [1; 9_000].as_slice()).unwrap();
    let used = world.apps.get(install).unwrap().data_size;
    assert!((9_000..=10_000).contains(&used));
    store.delete_blob("a").unwrap();
    store.put_value("v", &json!("x".repeat(5_000))).unwrap();
    let hidden = world.blocks_left();
    assert!(hidden <= 3, "what was refused left nothing: {hidden}");
}

#[test]
fn one_app_does_not_see_what_another_keeps() {
    let (world, _, store) = app();
    let other = world
        .apps
        .store(world.install(&Wxa::new("other", "1.0.0").pack()))
        .unwrap();
    store.put_value("k", &json!(1)).unwrap();
    store.put_document("c", "d", &json!({}), None).unwrap();
    store.put_blob("b", None, &b"x"[..]).unwrap();
    assert!(
        other.get_value("k").unwrap().is_none() && other.get_document("c", "d").unwrap().is_none()
    );
    assert!(
        other.blob("b").unwrap().is_none() && other.keys("", None, 10).unwrap().items.is_empty()
    );
}

#[test]
fn everything_an_app_keeps_can_be_taken_out_as_a_zip() {
    let (world, install, store) = app();
    store.put_value("k", &json!("v")).unwrap();
    store
        .put_document("notes", "n1", &json!({ "text": "hello" }), None)
        .unwrap();
    store
        .put_blob("../evil\\name.txt", Some("text/plain"), &b"blob"[..])
        .unwrap();
    let mut out = Vec::new();
    world.apps.export(install, &mut out).unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(out)).unwrap();
    let names: Vec<String> = zip
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name.split('/').all(|part| part != "..") && !name.contains('\\')),
        "{names:?}"
    );
    let mut text = |name: &str| {
        let mut text = String::new();
        zip.by_name(name)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    let about: Value = serde_json::from_str(&text("export.json")).unwrap();
    assert_eq!(about["name"], "The notes");
    assert!(text("documents/notes.jsonl").contains(r#""text":"hello""#));
    assert!(text("values.jsonl").contains(r#"{"key":"k","value":"v"}"#));
    let blob = about["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["name"] == "../evil\\name.txt")
        .unwrap();
    assert_eq!(text(blob["file"].as_str().unwrap()), "blob");
}

#[test]
fn a_backend_keeps_values_documents_blobs_and_files_through_its_door() {
    let world = World::new();
    let install = world.install(&Wxa::new("guestbook", "1.0.0").with_backend().pack());
    world.backends.answers(move |launch, context, _| {
        let storage: &dyn Storage = &*launch.storage;
        storage.kv_put(context.install, "k", "[1]".into()).unwrap();
        assert!(
            storage
                .kv_put(context.install, "k", "no json".into())
                .is_err()
        );
        storage
            .doc_put(context.install, "guests", "g1", r#"{"name":"Ada"}"#.into())
            .unwrap();
        let page = storage
            .docs(context.install, "guests", None, 10, Some(("name", "Ada")))
            .unwrap();
        assert_eq!(page.items.len(), 1);
        storage
            .blob_put(context.install, "b", None, "bytes".into())
            .unwrap();
        assert_eq!(
            storage.blob_get(context.install, "b").unwrap().unwrap(),
            "bytes"
        );
        let file = |path: &str, bytes: Option<&'static str>| {
            DataChange::Put(DataFile {
                path: path.into(),
                bytes: bytes.map(Into::into),
                modified: crate::common::now(),
            })
        };
        let changes = [
            file("db", None),
            file("db/site.sqlite", Some("rows")),
            file("old.txt", Some("x")),
        ];
        storage.data_save(context.install, &changes).unwrap();
        storage
            .data_save(
                context.install,
                &[
                    DataChange::Remove("old.txt".into()),
                    file("db/empty", Some("")),
                ],
            )
            .unwrap();
        assert!(
            storage
                .data_save(
                    context.install,
                    &[file("a", Some("1")), file("../b", Some("2"))]
                )
                .is_err()
        );
        let other = InstallId::nil();
        assert!(
            storage.kv_get(other, "k").is_err(),
            "only of apps that are installed"
        );
        http::Response::new(Vec::new())
    });
    let request = http::Request::get("/")
        .body(webx_backends::body(""))
        .unwrap();
    world
        .block_on(world.apps.call(install, "r1", request))
        .unwrap();
    let world = world.reopen();
    let store = world.apps.store(install).unwrap();
    assert_eq!(store.get_value("k").unwrap(), Some(json!([1])));
    assert!(
        store
            .blobs("", None, 10)
            .unwrap()
            .items
            .iter()
            .all(|blob| blob.name == "b"),
        "files are no blobs"
    );
    world.backends.answers(|launch, context, _| {
        let files = launch.storage.data_load(context.install).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            names,
            ["db", "db/empty", "db/site.sqlite"],
            "all of a change or nothing of it"
        );
        assert!(files[0].bytes.is_none() && files[2].bytes.as_deref() == Some(b"rows"));
        http::Response::new(Vec::new())
    });
    let request = http::Request::get("/")
        .body(webx_backends::body(""))
        .unwrap();
    world
        .block_on(world.apps.call(install, "r2", request))
        .unwrap();
    world
        .apps
        .set_grants(install, &[], &["storage:own".into()])
        .unwrap();
    let world = world.reopen();
    world.backends.answers(|launch, context, _| {
        let (storage, install) = (&launch.storage, context.install);
        assert!(
            storage.data_load(install).unwrap().is_empty(),
            "it starts with nothing"
        );
        let put = DataChange::Put(DataFile {
            path: "a".into(),
            bytes: Some("1".into()),
            modified: time::OffsetDateTime::UNIX_EPOCH,
        });
        assert!(
            storage.data_save(install, &[put]).is_err(),
            "and keeps nothing"
        );
        http::Response::new(Vec::new())
    });
    let request = http::Request::get("/")
        .body(webx_backends::body(""))
        .unwrap();
    world
        .block_on(world.apps.call(install, "r3", request))
        .unwrap();
    world
        .backends
        .answers(|_, _, _| http::Response::new(Vec::new()));
}
