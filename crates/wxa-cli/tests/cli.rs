#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The program as a developer uses it: new projects packed, verified, and wrong ones refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use time::macros::datetime;
use webx_wxa::{Draft, KeySigner, Package};

/// A home of its own: nothing of the person who runs the tests is read or written.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wxa"));
        command
            .args(args)
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("share"))
            .env_remove("WXA_KEY")
            .env_remove("WEBX_DATA")
            // No TypeScript but the project's own.
            .env("PATH", "/usr/bin:/bin");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The JSON answer of a command that succeeds.
    fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json"]].concat());
        assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// The JSON error of a command that is refused with exit code 1.
    fn refused(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json"]].concat());
        assert_eq!(
            done.status.code(),
            Some(1),
            "{args:?}: {}",
            text(&done.stdout)
        );
        serde_json::from_slice(&done.stderr).unwrap()
    }

    /// A new builtin project.
    fn project(&self, name: &str) -> String {
        self.json(&["new", name, "--in", self.folder.path().to_str().unwrap()]);
        self.path(name).to_str().unwrap().to_owned()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn edit(file: impl AsRef<Path>, from: &str, to: &str) {
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// A checker that says what a test wants it to say.
#[cfg(unix)]
fn fake_typescript(project: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = Path::new(project).join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    let file = bin.join("tsc");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_new_project_is_packed_and_everybody_can_build_it_again() {
    let home = Home::new();
    let project = home.project("hello");
    let packed = home.json(&["pack", "--project", &project, "--no-typecheck"]);
    let file = packed["file"].as_str().unwrap();
    assert!(file.ends_with("hello-0.1.0.wxa"), "{file}");
    assert!(packed["app"].as_str().unwrap().ends_with(".hello"));
    let verified = home.json(&["verify", file, "--rebuild"]);
    assert_eq!(verified["rebuilt"], "the same, byte for byte");
    assert_eq!(verified["digest"], packed["digest"]);
    assert_eq!(verified["permissions"][0]["key"], "storage:own");
    let raw = std::fs::read(file).unwrap();
    let package = Package::open(raw.as_slice(), datetime!(2026-11-22 12:00 UTC)).unwrap();
    for path in [
        "app.js",
        "app.css",
        "icon.svg",
        "src/index.tsx",
        "src/app.css",
    ] {
        assert!(package.entry(path).is_some(), "{path}");
    }
    for path in ["tsconfig.json", ".webx/types/stamp", ".gitignore"] {
        assert!(package.entry(path).is_none(), "{path}");
    }
}

#[test]
fn the_same_project_gives_the_same_file_at_any_place_and_time() {
    let home = Home::new();
    let project = home.project("hello");
    let first = home.path("first.wxa");
    home.json(&[
        "pack",
        "--project",
        &project,
        "--no-typecheck",
        "-o",
        first.to_str().unwrap(),
    ]);

    let moved = home.path("deep/down/another-name");
    std::fs::create_dir_all(moved.parent().unwrap()).unwrap();
    std::fs::rename(&project, &moved).unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let source = std::fs::File::options()
        .write(true)
        .open(moved.join("src/index.tsx"))
        .unwrap();
    source.set_modified(old).unwrap();
    let second = home.path("second.wxa");
    let done = home
        .command(&["pack", "--no-typecheck", "-o", second.to_str().unwrap()])
        .current_dir(&moved)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(
        std::fs::read(first).unwrap(),
        std::fs::read(second).unwrap()
    );
}

#[cfg(unix)]
#[test]
fn type_errors_are_shown_with_their_lines_and_stop_the_packing() {
    let home = Home::new();
    let project = home.project("hello");
    fake_typescript(
        &project,
        "echo \"src/index.tsx(8,9): error TS2322: Type 'a' is not assignable to type 'b'.\"; exit 2",
    );
    let error = home.refused(&["pack", "--project", &project]);
    assert_eq!(error["code"], "types");
    let finding = &error["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["column"]),
        (&"src/index.tsx".into(), &8.into(), &9.into())
    );
    assert!(
        finding["frame"].as_str().unwrap().contains("> 8 |"),
        "{finding}"
    );
    assert!(!home.path("hello/hello-0.1.0.wxa").exists());

    let shown = home.run(&["pack", "--project", &project]);
    assert!(
        text(&shown.stderr).starts_with("src/index.tsx:8:9: Type 'a'"),
        "{}",
        text(&shown.stderr)
    );
    fake_typescript(&project, "exit 0");
    home.json(&["pack", "--project", &project]);
}

#[test]
fn without_typescript_the_command_that_gets_it_is_named() {
    let home = Home::new();
    let project = home.project("hello");
    let error = home.refused(&["pack", "--project", &project]);
    assert_eq!(error["code"], "no-typescript");
    assert!(
        error["todo"].as_str().unwrap().contains("npm install"),
        "{error}"
    );
}

#[test]
fn a_build_error_names_file_line_and_column_and_leaves_no_package() {
    let home = Home::new();
    let project = home.project("hello");
    edit(
        Path::new(&project).join("src/index.tsx"),
        "</Button>",
        "</Buton>",
    );
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert_eq!(error["findings"][0]["file"], "src/index.tsx");
    assert!(
        error["findings"][0]["line"].as_u64().unwrap() > 10,
        "{error}"
    );
    assert!(!home.path("hello/hello-0.1.0.wxa").exists());
}

#[test]
fn a_wrong_manifest_is_shown_at_its_line() {
    let home = Home::new();
    let project = home.project("hello");
    edit(
        Path::new(&project).join("manifest.json"),
        "\"category\": \"other\"",
        "\"category\": \"stuff\"",
    );
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert_eq!(error["findings"][0]["file"], "manifest.json");
    assert_eq!(error["findings"][0]["line"], 7, "{error}");
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_project_is_packed_through_links() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    std::fs::write(home.path("secret.ts"), "export default 'do-not-take';").unwrap();

    let project = home.project("imports");
    symlink("../../secret.ts", Path::new(&project).join("src/secret.ts")).unwrap();
    edit(
        Path::new(&project).join("src/index.tsx"),
        "import \"./app.css\";",
        "import \"./app.css\";\nimport secret from \"./secret\";\nconsole.log(secret);",
    );
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert!(error.to_string().contains("link"), "{error}");

    let project = home.project("carries");
    symlink("/etc", Path::new(&project).join("src/etc")).unwrap();
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert_eq!(error["findings"][0]["file"], "src", "{error}");
    assert!(error.to_string().contains("src/etc is a link"), "{error}");
}

#[test]
fn an_import_that_climbs_out_is_refused() {
    let home = Home::new();
    std::fs::write(home.path("secret.json"), "{}").unwrap();
    let project = home.project("hello");
    edit(
        Path::new(&project).join("src/index.tsx"),
        "import \"./app.css\";",
        "import \"./app.css\";\nimport secret from \"../../secret.json\";\nconsole.log(secret);",
    );
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert_eq!(error["findings"][0]["line"], 4, "{error}");
    assert!(
        error["findings"][0]["todo"]
            .as_str()
            .unwrap()
            .contains("out of the project"),
        "{error}"
    );
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let home = Home::new();
    let project = home.project("hello");
    let huge = std::fs::File::create(Path::new(&project).join("src/huge.bin")).unwrap();
    huge.set_len(40 << 30).unwrap();
    let error = home.refused(&["pack", "--project", &project, "--no-typecheck"]);
    assert_eq!(error["findings"][0]["file"], "src/huge.bin", "{error}");
}

#[test]
fn a_bundle_that_is_not_from_its_source_is_found_out() {
    let home = Home::new();
    let project = home.project("hello");
    let packed = home.json(&["pack", "--project", &project, "--no-typecheck"]);
    let raw = std::fs::read(packed["file"].as_str().unwrap()).unwrap();
    let now = datetime!(2026-11-22 12:00 UTC);
    let package = Package::open(raw.as_slice(), now).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = package
        .entries()
        .filter(|entry| entry.path != webx_wxa::MANIFEST)
        .map(|entry| (entry.path.to_owned(), package.read_all(entry.path).unwrap()))
        .collect();
    let module = files.iter_mut().find(|(path, _)| path == "app.js").unwrap();
    module
        .1
        .extend_from_slice(b"\nconsole.log('more than the source says');\n");
    let signer = KeySigner::new(ed25519_dalek::SigningKey::from_bytes(&[9; 32]));
    let draft = Draft::new(package.manifest().clone(), files).unwrap();
    let forged = home.path("forged.wxa");
    std::fs::write(&forged, draft.sign(&signer, now).unwrap()).unwrap();
    let forged = forged.to_str().unwrap();
    home.json(&["verify", forged]);
    let error = home.refused(&["verify", forged, "--rebuild"]);
    assert_eq!(error["code"], "not-rebuilt");
    assert!(
        error["error"].as_str().unwrap().contains("app.js"),
        "{error}"
    );
}

#[test]
fn a_changed_byte_is_refused() {
    let home = Home::new();
    let project = home.project("hello");
    let packed = home.json(&["pack", "--project", &project, "--no-typecheck"]);
    let file = packed["file"].as_str().unwrap();
    let mut raw = std::fs::read(file).unwrap();
    let middle = raw.len() / 2;
    raw[middle] ^= 1;
    std::fs::write(file, raw).unwrap();
    home.refused(&["verify", file]);
}

#[cfg(unix)]
#[test]
fn the_publishers_key_is_made_once_kept_private_and_never_printed() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let project = home.project("hello");
    let first = home.run(&["pack", "--project", &project, "--no-typecheck"]);
    let told = text(&first.stderr) + &text(&first.stdout);
    let key = home.path("config/webx/publisher.key");
    assert!(told.contains("publisher.key"), "{told}");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&key).unwrap()).unwrap();
    let secret = file["secret"].as_str().unwrap();
    let second = home.json(&["pack", "--project", &project, "--no-typecheck"]);
    let shown = home.json(&["key", "show"]);
    assert_eq!(shown["did"], second["publisher"]);
    for out in [told, second.to_string(), shown.to_string()] {
        assert!(!out.contains(secret));
    }
    assert_eq!(home.refused(&["keygen"])["code"], "exists");
}

#[test]
fn a_key_of_ones_own_choice_signs() {
    let home = Home::new();
    let project = home.project("hello");
    let key = home.path("k/my.key");
    let key = key.to_str().unwrap();
    let made = home.json(&["keygen", "--key", key]);
    let packed = home.json(&[
        "pack",
        "--project",
        &project,
        "--no-typecheck",
        "--key",
        key,
    ]);
    assert_eq!(packed["publisher"], made["did"]);
    assert!(!home.path("config").exists());
}

#[test]
fn a_web_site_is_packed_as_it_is() {
    let home = Home::new();
    let folder = home.folder.path().to_str().unwrap();
    home.json(&["new", "site", "--template", "iframe", "--in", folder]);
    let project = home.path("site");
    std::fs::create_dir_all(project.join("web/dist")).unwrap();
    std::fs::write(project.join("web/dist/x.js"), "1").unwrap();
    let packed = home.json(&["pack", "--project", project.to_str().unwrap()]);
    let raw = std::fs::read(packed["file"].as_str().unwrap()).unwrap();
    let package = Package::open(raw.as_slice(), datetime!(2026-11-22 12:00 UTC)).unwrap();
    for path in ["web/index.html", "web/app.js", "web/dist/x.js"] {
        let disk = std::fs::read(project.join(path)).unwrap();
        assert_eq!(package.read_all(path).unwrap(), disk, "{path}");
    }
}

#[test]
fn wrong_usage_ends_with_two_and_one_line() {
    let home = Home::new();
    for args in [&["pack", "--nonsense"][..], &["new", "Not An Id"]] {
        let done = home.run(args);
        assert_eq!(done.status.code(), Some(2), "{args:?}");
        assert_eq!(
            text(&done.stderr).lines().count(),
            1,
            "{}",
            text(&done.stderr)
        );
    }
}

#[test]
fn without_a_node_dev_says_how_to_start_one() {
    let home = Home::new();
    let project = home.project("hello");
    let data = home.path("no-node");
    let error = home.refused(&[
        "dev",
        "--project",
        &project,
        "--data",
        data.to_str().unwrap(),
    ]);
    assert_eq!(error["code"], "not-running");
    assert!(error["todo"].as_str().unwrap().contains("webx up"));
}
