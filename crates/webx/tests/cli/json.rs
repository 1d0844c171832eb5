//! What programs rely on: shapes, exit codes, one line on standard error.

use serde_json::Value;

use crate::support::House;

#[test]
fn a_list_is_an_array_and_one_thing_is_an_object() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let file = house.file("f", "x").display().to_string();
    assert!(house.json(&["drive", "put", &file, "/f"]).is_object());
    for list in [
        &["drive", "ls"][..],
        &["drive", "ls", "/f"],
        &["drive", "versions", "/f"],
        &["drive", "search", "f"],
        &["drive", "trash"],
        &["events", "tail"],
    ] {
        assert!(house.json(list).is_array(), "{list:?}");
    }
    for one in [
        &["status"][..],
        &["id", "show"],
        &["drive", "usage"],
        &["drive", "verify"],
        &["settings", "get"],
        &["webdav", "status"],
        &["doctor"],
    ] {
        assert!(house.json(one).is_object(), "{one:?}");
    }
    let status = house.json(&["status"]);
    assert_eq!(status["ready"], true);
    assert!(status["version"].is_string());
}

#[test]
fn times_are_rfc_3339() {
    let (house, _) = House::with_person();
    let _node = house.up();
    house.ok(&["drive", "mkdir", "/a"]);
    let node = house.json(&["drive", "ls"])[0].clone();
    let created = house.json(&["id", "show"])["createdAt"].clone();
    for time in [&node["modified"], &created] {
        let text = time.as_str().unwrap_or_else(|| panic!("{node}"));
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    }
}

#[test]
fn exit_codes_tell_refused_from_misused() {
    let house = House::new();
    let code = |arguments: &[&str]| house.run(arguments).status.code();
    assert_eq!(code(&["help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["status"]), Some(1));
    assert_eq!(code(&["frobnicate"]), Some(2));
    assert_eq!(code(&["drive", "cat"]), Some(2));
    assert_eq!(code(&["unlock"]), Some(1));
    assert_eq!(
        code(&["init"]),
        Some(2),
        "nobody can be asked for a passphrase"
    );
}

#[test]
fn errors_are_one_line_and_json_on_demand() {
    let house = House::new();
    for arguments in [&["frobnicate"][..], &["drive", "cat"], &["status"]] {
        let output = house.run(arguments);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with("webx: "), "{line}");
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let error: Value = serde_json::from_slice(&house.run(&arguments).stderr).unwrap();
        assert!(error["error"].is_string() && error["code"].is_string());
        assert!(error["todo"].is_string(), "{error}");
    }
}

#[test]
fn settings_are_read_and_changed() {
    let (house, _) = House::with_person();
    let _node = house.up();
    house.ok(&["settings", "set", "theme", "dark"]);
    assert_eq!(house.ok(&["settings", "get", "theme"]), "dark\n");
    house.ok(&["settings", "set", "autoLockMinutes", "15"]);
    assert_eq!(house.json(&["settings", "get", "autoLockMinutes"]), 15);
    house.refused(&["settings", "set", "theme", "polkadot"]);
    house.refused(&["settings", "get", "noSuchSetting"]);
}

#[test]
fn the_webdav_door_shows_its_token_once() {
    let (house, _) = House::with_person();
    let _node = house.up();
    assert_eq!(house.json(&["webdav", "status"])["enabled"], false);
    let opened = house.json(&["webdav", "on"]);
    assert_eq!(opened["enabled"], true);
    assert!(opened["token"].as_str().unwrap().len() >= 16);
    assert!(house.json(&["webdav", "status"])["token"].is_null());
    assert_eq!(house.json(&["webdav", "off"])["enabled"], false);
}

#[test]
fn events_are_listed_and_followed() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let (house, _) = House::with_person();
    let _node = house.up();
    let mut follow = house
        .command(&["events", "tail", "-n", "0", "--follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap());
    let mut line = String::new();
    // The follower may connect after the first change; so changes go on until one was seen.
    let changes = std::thread::scope(|scope| {
        let seen = scope.spawn(|| lines.read_line(&mut line).unwrap());
        let mut changes = 0;
        while !seen.is_finished() && changes < 200 {
            house.ok(&["settings", "set", "theme", ["dark", "light"][changes % 2]]);
            changes += 1;
        }
        changes
    });
    follow.kill().unwrap();
    follow.wait().unwrap();
    let event: Value =
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("after {changes}: {line}"));
    assert!(
        event["kind"].is_string() && event["at"].is_string(),
        "{event}"
    );
}
