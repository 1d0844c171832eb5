//! Completions, manual pages, the OpenAPI document, and the page that shows every command.

use std::process::{Command, Stdio};

use crate::support::House;

#[test]
fn completions_for_every_shell() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = house.ok(&["completions", shell]);
        assert!(script.contains("salvage"), "{shell}");
    }
    let script = house.file("webx.bash", house.ok(&["completions", "bash"]));
    let checked = Command::new("bash")
        .arg("-n")
        .arg(script)
        .stderr(Stdio::inherit())
        .status();
    // A machine without bash has nothing to check it with.
    assert!(checked.is_err() || checked.unwrap().success());
}

#[test]
fn a_manual_page_for_every_command() {
    let house = House::new();
    let folder = house.path("man");
    house.ok(&["man", &folder.display().to_string()]);
    for command in commands(&house) {
        let page = format!("webx-{}.1", command.replace(' ', "-"));
        let text = std::fs::read_to_string(folder.join(&page))
            .unwrap_or_else(|_| panic!("{page} is missing"));
        assert!(text.contains(".SH"), "{page}");
    }
}

#[test]
fn the_openapi_document_is_json() {
    let house = House::new();
    let document: serde_json::Value = serde_json::from_str(&house.ok(&["openapi"])).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["paths"]["/api/status"].is_object());
}

#[test]
fn the_command_page_names_every_command_with_an_example() {
    let house = House::new();
    let page = include_str!("../../../../docs/cli.md");
    for command in commands(&house) {
        let example = format!("webx {command}");
        assert!(
            page.contains(&example),
            "docs/cli.md has no example of {example}"
        );
    }
}

/// Every command, as its own help lists it: `up`, `drive put`, …
fn commands(house: &House) -> Vec<String> {
    let mut all = Vec::new();
    for command in listed(&house.ok(&["help"])) {
        let below = listed(&house.ok(&["help", &command]));
        if below.is_empty() {
            all.push(command);
        } else {
            all.extend(below.iter().map(|below| format!("{command} {below}")));
        }
    }
    assert!(all.len() > 35, "{all:?}");
    all
}

fn listed(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
