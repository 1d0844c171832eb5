//! `webx drive` against a running node.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{House, contents, noise};

/// A folder with what folders hold: nothing, little, much, umlauts, spaces, depth.
fn folder_of_everything(house: &House) -> String {
    let names = [
        "empty.txt",
        "hello.txt",
        "sp ace/ü ñ 漢字.txt",
        "a/b/c/d/deep.bin",
        "CON",
        "trailing.",
        "-dash",
        "percent %41 & ?x#y",
    ];
    for (index, name) in names.iter().enumerate() {
        house.file(
            &format!("in/{name}"),
            noise(index * 7001, 42 + index as u64),
        );
    }
    house.file("in/large.bin", noise(5 * 1024 * 1024 + 17, 7));
    std::fs::create_dir_all(house.path("in/nothing/here")).unwrap();
    for index in 0..300 {
        house.file(&format!("in/many/{index:04}"), noise(index, index as u64));
    }
    house.path("in").display().to_string()
}

#[test]
fn a_folder_survives_a_restart_byte_for_byte() {
    let (house, _) = House::with_person();
    let source = folder_of_everything(&house);
    let node = house.up();
    let put = house.json(&["drive", "put", &source, "/backup"]);
    assert_eq!(put["files"], 309, "{put}");
    assert_eq!(put["failed"].as_array().unwrap().len(), 0, "{put}");
    house.ok(&["stop"]);
    node.wait();

    let _node = house.up_locked();
    house.ok(&["unlock", "--passphrase-file", &house.passphrase_file()]);
    let target = house.path("out").display().to_string();
    let got = house.json(&["drive", "get", "/backup", &target]);
    assert_eq!(got["files"], 309, "{got}");
    assert_eq!(contents(&house.path("in")), contents(&house.path("out")));
    let modified = |path: &str| house.path(path).metadata().unwrap().modified().unwrap();
    let (before, after) = (modified("in/large.bin"), modified("out/large.bin"));
    let apart = before
        .duration_since(after)
        .unwrap_or_else(|e| e.duration());
    assert!(apart.as_secs() < 1, "the time of a file comes back with it");
}

#[test]
fn put_goes_into_folders_and_to_new_names() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.file("a.txt", "alpha").display().to_string();
    house.ok(&["drive", "put", &file]);
    house.ok(&["drive", "put", &file, "/new/name.txt"]);
    house.ok(&["drive", "mkdir", "/folder"]);
    house.ok(&["drive", "put", &file, "/folder"]);
    house.ok(&["drive", "put", &file, "/made/"]);
    for path in ["/a.txt", "/new/name.txt", "/folder/a.txt", "/made/a.txt"] {
        assert_eq!(house.ok(&["drive", "cat", path]), "alpha", "{path}");
    }
}

#[test]
fn standard_input_and_output_are_files_too() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let content = noise(3_000_000, 5);
    let mut put = house
        .command(&["drive", "put", "-", "/stream"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    put.stdin.take().unwrap().write_all(&content).unwrap();
    assert!(put.wait().unwrap().success());
    assert_eq!(house.run(&["drive", "cat", "/stream"]).stdout, content);
    assert_eq!(house.run(&["drive", "get", "/stream", "-"]).stdout, content);
    let output = house.run(&["drive", "put", "-", "/"]);
    assert_eq!(output.status.code(), Some(2), "standard input has no name");
}

#[test]
fn versions_trash_and_restore() {
    let (house, _) = House::with_person();
    let _node = house.up();
    for text in ["one", "two", "three"] {
        let file = house.file("note", text).display().to_string();
        house.ok(&["drive", "put", &file, "/note"]);
    }
    let versions = house.json(&["drive", "versions", "/note"]);
    assert_eq!(versions.as_array().unwrap().len(), 3, "{versions}");
    assert_eq!(
        house.ok(&["drive", "cat", "/note", "--version", "1"]),
        "one"
    );
    house.ok(&["drive", "restore", "/note", "--version", "2"]);
    assert_eq!(house.ok(&["drive", "cat", "/note"]), "two");

    house.ok(&["drive", "rm", "/note"]);
    assert!(
        house
            .refused(&["drive", "cat", "/note"])
            .contains("no /note")
    );
    let trash = house.json(&["drive", "trash"]);
    assert_eq!(trash.as_array().unwrap().len(), 1, "{trash}");
    house.ok(&["drive", "restore", "/note"]);
    assert_eq!(house.ok(&["drive", "cat", "/note"]), "two");

    house.ok(&["drive", "rm", "/note"]);
    let output = house.run(&["drive", "trash", "--empty"]);
    assert_eq!(output.status.code(), Some(2), "nobody could be asked");
    house.ok(&["drive", "trash", "--empty", "--yes"]);
    assert_eq!(house.json(&["drive", "trash"]).as_array().unwrap().len(), 0);
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.file("f", "before").display().to_string();
    house.ok(&["drive", "put", &file, "/box/f"]);
    let stamp = house.json(&["drive", "ls", "/box"])[0]["modified"].clone();
    assert!(stamp.is_string());
    let events = house.json(&["drive", "mkdir", "/clock"]);
    let at = events[0]["created"].as_str().unwrap().to_owned();
    let file = house.file("f", "after").display().to_string();
    house.ok(&["drive", "put", &file, "/box/f"]);
    let old = house.json(&["drive", "ls", "/box", "--at", &at]);
    assert_eq!(old[0]["size"], 6, "{old}");
    house.ok(&["drive", "restore", "/box", "--at", &at]);
    assert_eq!(house.ok(&["drive", "cat", "/box/f"]), "before");
    let output = house.run(&["drive", "ls", "/box", "--at", "yesterday"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn move_search_list_and_usage() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.file("Holiday Plan.txt", "x").display().to_string();
    house.ok(&["drive", "put", &file]);
    house.ok(&["drive", "mkdir", "-p", "/2026/summer", "/2026/summer"]);
    house.ok(&["drive", "mv", "/Holiday Plan.txt", "/2026/summer"]);
    house.ok(&[
        "drive",
        "mv",
        "/2026/summer/Holiday Plan.txt",
        "/2026/plan.txt",
    ]);
    assert_eq!(house.ok(&["drive", "ls", "/2026"]), "summer/\nplan.txt\n");
    let hits = house.json(&["drive", "search", "plan"]);
    assert_eq!(hits[0]["path"], "/2026/plan.txt", "{hits}");
    assert_eq!(house.json(&["drive", "usage"])["files"], 1);
    house.ok(&["drive", "verify"]);
}

#[test]
fn import_and_export_of_contents_and_of_a_zip() {
    let (house, _) = House::with_person();
    let _node = house.up();
    house.file("in/a", "1");
    house.file("in/b/c", "2");
    let source = house.path("in").display().to_string();
    house.ok(&["drive", "import", &source, "/x"]);
    assert_eq!(house.ok(&["drive", "ls", "/x"]), "b/\na\n");
    let target = house.path("out").display().to_string();
    house.ok(&["drive", "export", "/x", &target]);
    assert_eq!(contents(&house.path("in")), contents(&house.path("out")));
    let zip = house.path("x.zip");
    house.ok(&["drive", "export", "/x", &zip.display().to_string()]);
    assert_eq!(&std::fs::read(&zip).unwrap()[..4], b"PK\x03\x04");
}

#[test]
fn nothing_on_this_machine_is_overwritten_unasked() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.file("f", "mine").display().to_string();
    house.ok(&["drive", "put", &file, "/f"]);
    house.file("f", "changed since");
    assert!(
        house
            .refused(&["drive", "get", "/f", &file])
            .contains("--force")
    );
    assert_eq!(std::fs::read(house.path("f")).unwrap(), b"changed since");
    house.ok(&["drive", "get", "/f", &file, "--force"]);
    assert_eq!(std::fs::read(house.path("f")).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn hostile_names_cost_nothing_but_themselves() {
    use std::os::unix::ffi::OsStrExt as _;
    let (house, _) = House::with_person();
    let _node = house.up();
    house.file("in/good", "good");
    house.file("in/new\nline", "x");
    house.file("in/esc\u{1b}[2Jape", "x");
    house.file("in/bidi\u{202e}gpj.exe", "x");
    house.file("in/look\u{430}like", "kept: strange is not forbidden");
    let latin1 = house
        .path("in")
        .join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::write(latin1, "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", house.path("in/link")).unwrap();
    let source = house.path("in").display().to_string();
    let output = house.run(&["drive", "put", &source, "/in", "--json"]);
    assert_eq!(output.status.code(), Some(1), "what was left out is said");
    let put: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(put["files"], 2, "{put}");
    assert_eq!(put["failed"].as_array().unwrap().len(), 5, "{put}");
    assert_eq!(house.ok(&["drive", "cat", "/in/good"]), "good");
    let text = house.run(&["drive", "put", &source, "/again"]);
    let said = String::from_utf8(text.stderr).unwrap();
    assert!(
        !said.contains('\u{1b}') && !said.contains('\u{202e}'),
        "{said}"
    );
}

#[test]
fn paths_that_climb_or_do_not_exist_are_refused() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let output = house.run(&["drive", "cat", "/a/../../etc/passwd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        house
            .refused(&["drive", "cat", "/nowhere"])
            .contains("no /nowhere")
    );
    assert!(house.refused(&["drive", "cat", "/"]).contains("folder"));
    let long = "n".repeat(4096);
    house.refused(&["drive", "mkdir", &long]);
    house.refused(&["drive", "put", "/no/such/file"]);
}
