//! Starting, finding, unlocking, locking and stopping the node.

use crate::support::House;

#[test]
fn a_node_is_found_and_stopped_through_its_folder() {
    let house = House::new();
    let node = house.up_locked();
    let status = house.json(&["status"]);
    assert_eq!(status["state"], "welcome");
    assert_eq!(status["running"], true);
    assert_eq!(status["pid"], node.pid());
    assert_eq!(status["url"], node.ready["url"]);
    house.ok(&["stop"]);
    assert!(node.wait().success());
    assert!(!house.data().join("run/control.json").exists());
    assert!(house.refused(&["status"]).contains("webx up"));
}

#[cfg(unix)]
#[test]
fn a_signal_stops_the_node_in_order() {
    let (house, _) = House::with_person();
    for signal in ["-TERM", "-INT"] {
        let node = house.up();
        let pid = node.pid().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
        assert!(node.wait().success(), "{signal}");
        assert!(!house.data().join("run/control.json").exists());
    }
}

#[test]
fn what_a_crash_leaves_behind_is_no_node() {
    let (house, _) = House::with_person();
    house.up().kill();
    assert!(house.data().join("run/control.json").exists());
    assert!(house.refused(&["status"]).contains("no node runs"));
    assert!(house.refused(&["drive", "ls"]).contains("no node runs"));
    let node = house.up();
    assert_eq!(house.json(&["status"])["pid"], node.pid());
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let house = House::new();
    let node = house.up_locked();
    let line = house.refused(&["up", "--port", "0", "--no-open"]);
    assert!(line.contains("another webx"), "{line}");
    assert!(line.contains(&node.pid().to_string()), "{line}");
    assert!(line.contains("--data"), "{line}");
    // The refused one has not touched what the first one published.
    assert_eq!(house.json(&["status"])["pid"], node.pid());
}

#[test]
fn a_port_in_use_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let house = House::new();
    let line = house.refused(&["up", "--port", &port, "--no-open"]);
    assert!(line.contains(&port) && line.contains("--port"), "{line}");
}

#[test]
fn the_port_is_remembered() {
    let house = House::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    std::fs::create_dir_all(house.data()).unwrap();
    let file = house.data().join("node.json");
    std::fs::write(&file, format!("{{\"format\":1,\"port\":{port}}}")).unwrap();
    let mut child = house.command(&["up", "--no-open"]).spawn().unwrap();
    let url = loop {
        let output = house.run(&["status", "--json"]);
        if output.status.success() {
            let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            break status["url"].as_str().unwrap().to_owned();
        }
        assert!(child.try_wait().unwrap().is_none(), "the node ended");
    };
    assert_eq!(url, format!("http://webx.localhost:{port}/"));
    house.ok(&["stop"]);
    child.wait().unwrap();
}

#[test]
fn only_the_holder_of_the_token_is_served() {
    let (house, _) = House::with_person();
    let node = house.up();
    let addr = node.ready["addr"].as_str().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    for path in [
        "/api/control/doctor",
        "/api/control/backup",
        "/api/drive/usage",
    ] {
        let answer = agent.get(format!("http://{addr}{path}")).call().unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    let control = std::fs::read_to_string(house.data().join("run/control.json")).unwrap();
    let control: serde_json::Value = serde_json::from_str(&control).unwrap();
    let token = control["token"].as_str().unwrap();
    let ask = || {
        agent
            .get(format!("http://{addr}/api/control/doctor"))
            .header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(ask().call().unwrap().status(), 200);
    // A browser never holds it, so whatever looks like a browser is refused even with it.
    let origin = ask().header("origin", format!("http://{addr}"));
    assert!(origin.call().unwrap().status().is_client_error());
    let site = ask().header("sec-fetch-site", "same-origin");
    assert!(site.call().unwrap().status().is_client_error());
}

#[test]
fn lock_and_unlock_by_passphrase_and_by_words() {
    let (house, words) = House::with_person();
    let _node = house.up_locked();
    assert_eq!(house.json(&["status"])["state"], "locked");
    assert!(house.refused(&["drive", "ls"]).contains("webx unlock"));
    let passphrase = house.passphrase_file();
    house.ok(&["unlock", "--passphrase-file", &passphrase]);
    assert_eq!(house.json(&["status"])["state"], "open");
    house.ok(&["drive", "ls"]);
    house.ok(&["lock"]);
    assert_eq!(house.json(&["status"])["state"], "locked");
    let file = house.file("words", words.join("\n"));
    house.ok(&["unlock", "--words-file", &file.display().to_string()]);
    assert_eq!(house.json(&["status"])["state"], "open");
}

#[test]
fn a_wrong_passphrase_is_refused_and_the_next_try_is_slower() {
    let (house, _) = House::with_person();
    let _node = house.up_locked();
    let wrong = house.file("wrong", "not the passphrase");
    let wrong = wrong.display().to_string();
    let unlock = || {
        let output = house.run(&["unlock", "--json", "--passphrase-file", &wrong]);
        assert_eq!(output.status.code(), Some(1));
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        (error["code"].as_str().unwrap().to_owned(), error)
    };
    let (code, error) = unlock();
    assert_eq!(code, "wrong-passphrase", "{error}");
    assert!(error["todo"].as_str().unwrap().contains("try again in"));
    // At once again: not even looked at.
    assert_eq!(unlock().0, "too-soon");
    // Nor is the right one, until the delay is over; the delay is not longer for it.
    let line = house.refused(&["unlock", "--passphrase-file", &house.passphrase_file()]);
    assert!(line.contains("again in"), "{line}");
}

#[test]
fn the_passphrase_can_be_changed() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let next = house.file("next", "another long passphrase");
    let next = next.display().to_string();
    let old = house.passphrase_file();
    house.ok(&[
        "passphrase",
        "--passphrase-file",
        &old,
        "--new-passphrase-file",
        &next,
    ]);
    house.ok(&["lock"]);
    house.ok(&["unlock", "--passphrase-file", &next]);
    house.ok(&["lock"]);
    house.refused(&["unlock", "--passphrase-file", &old]);
}

#[test]
fn init_works_on_a_running_node_and_only_once() {
    let house = House::new();
    let _node = house.up_locked();
    let words = house.init();
    assert_eq!(words.len(), 24);
    assert_eq!(house.json(&["status"])["state"], "open");
    assert_eq!(house.json(&["id", "show"])["displayName"], "Ada");
    let passphrase = house.passphrase_file();
    house.refused(&["init", "--yes", "--passphrase-file", &passphrase]);
}

#[test]
fn a_short_passphrase_is_refused_before_anything_is_made() {
    let house = House::new();
    let short = house.file("short", "seven77");
    let line = house.refused(&[
        "init",
        "--yes",
        "--passphrase-file",
        &short.display().to_string(),
    ]);
    assert!(line.contains("characters"), "{line}");
    assert!(!house.data().join("people").exists());
}

#[test]
fn neither_words_nor_passphrase_are_anywhere_in_the_folder() {
    let (house, words) = House::with_person();
    house.up().kill();
    for (name, content) in crate::support::contents(&house.data()) {
        let Some(content) = content else { continue };
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains("correct horse"), "{name}");
        assert!(!text.contains(&words[..3].join(" ")), "{name}");
    }
}

#[test]
fn the_doctor_sees_a_healthy_home_from_outside_and_inside() {
    let (house, _) = House::with_person();
    let passphrase = house.passphrase_file();
    let outside = house.json(&["doctor"]);
    assert_eq!(outside["ok"], true, "{outside}");
    let inside = house.json(&["doctor", "--deep", "--passphrase-file", &passphrase]);
    assert_eq!(inside["ok"], true, "{inside}");
    let _node = house.up();
    let running = house.json(&["doctor", "--deep"]);
    assert_eq!(running["ok"], true, "{running}");
    for name in [
        "folder", "clock", "header", "database", "blocks", "files", "disk", "port",
    ] {
        let checks = running["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["name"] == name), "{name}");
    }
}

/// Where `systemctl --user` works without a session, which is everywhere but in containers without systemd.
#[cfg(target_os = "linux")]
#[test]
fn the_service_is_a_user_unit_on_this_folder() {
    let house = House::new();
    let config = house.path("config");
    let run = |verb: &str| {
        house
            .command(&["service", verb])
            .env("XDG_CONFIG_HOME", &config)
            .output()
            .unwrap()
    };
    let unit = config.join("systemd/user/webx.service");
    let installed = run("install");
    if !installed.status.success() {
        let line = String::from_utf8(installed.stderr).unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        return;
    }
    let text = std::fs::read_to_string(&unit).unwrap();
    assert!(text.contains(&house.data().display().to_string()), "{text}");
    assert!(
        text.contains("\"--no-open\"") && !text.contains("passphrase"),
        "{text}"
    );
    assert!(run("remove").status.success());
    assert!(!unit.exists());
}
