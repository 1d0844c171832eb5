//! A repository: public content by itself, in a folder that tools which drive Kubo know how to handle.
//!
//! `config` is a JSON document, `home/` a vault, `passphrase` what opens it. The vault keeps what is in it sealed, but
//! whoever reads the folder reads the passphrase too: a repository is as private as its folder, as Kubo's is.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use webx_ipfs::PublicStore;
use webx_ipfs::rpc::{self, config_value, set_config_value};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Unlock, Vault};
use zeroize::Zeroizing;

use crate::args::{IpfsInitArgs, RepoArgs};
use crate::commands::Context;
use crate::failure::Failure;
use crate::folder::write_atomic;

const CONFIG: &str = "config";
const HOME: &str = "home";
const PASSPHRASE: &str = "passphrase";
/// How long opening may take. The passphrase is random, so this is not what protects it.
const KDF_TIME: Duration = Duration::from_millis(100);
/// Longest configuration.
const MAX_CONFIG: u64 = 256 * 1024;

/// A repository of this machine.
#[derive(Debug, Clone)]
pub(super) struct Repo(PathBuf);

impl Repo {
    /// The folder that is named. There is no default: Kubo's own is not taken by accident.
    pub(super) fn of(args: &RepoArgs) -> Result<Self, Failure> {
        args.repo.clone().map(Self).ok_or_else(|| {
            Failure::usage("no repository is named").todo("set IPFS_PATH, or use --repo DIR")
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn exists(&self) -> bool {
        self.0.join(CONFIG).is_file()
    }

    /// The configuration.
    pub(super) fn config(&self) -> anyhow::Result<Value> {
        let path = self.0.join(CONFIG);
        let shown = path.display();
        let size = fs::metadata(&path)
            .with_context(|| {
                format!(
                    "there is no repository at {}; make one with webx ipfs init",
                    self.0.display()
                )
            })?
            .len();
        if size > MAX_CONFIG {
            return Err(Failure::refused("bad-config", format!("{shown} is too long")).into());
        }
        serde_json::from_slice(&fs::read(&path)?).with_context(|| format!("{shown} is no JSON"))
    }

    pub(super) fn set_config(&self, config: &Value) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(config)?;
        let path = self.0.join(CONFIG);
        write_atomic(&path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Opens the vault for this process alone.
    pub(super) fn open(&self) -> anyhow::Result<(DataDir, Vault)> {
        if !self.0.join(HOME).is_dir() {
            let what = format!("{} is a repository of another program", self.0.display());
            return Err(Failure::refused("not-ours", what).into());
        }
        let folder = crate::node::open_folder(&self.0.join(HOME))?;
        let person = folder.people()?.first().copied();
        let person =
            person.ok_or_else(|| Failure::refused("empty", "the repository has no vault"))?;
        let text = Zeroizing::new(
            fs::read_to_string(self.0.join(PASSPHRASE))
                .context("the repository's passphrase cannot be read")?,
        );
        let passphrase = Passphrase::new(text.trim())?;
        let vault = folder
            .locked(person)?
            .unlock(Unlock::Passphrase(&passphrase))
            .map_err(anyhow::Error::new)?;
        Ok((folder, vault))
    }
}

/// Says a line to the tool that started this program.
pub(super) fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// 32 random bytes as text.
fn random() -> anyhow::Result<Zeroizing<String>> {
    let random = Secret32::random()?;
    let text: String = random
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Zeroizing::new(text))
}

#[cfg(unix)]
fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

/// Makes a repository.
pub(super) fn make(repo: &Repo, profile: &str, algorithm: &str) -> anyhow::Result<()> {
    if repo.exists() {
        let what =
            "ipfs configuration file already exists! Reinitializing would overwrite your keys";
        return Err(Failure::refused("exists", what).into());
    }
    if repo.path().join(HOME).exists() {
        let what = format!(
            "{} has a folder {HOME} and no configuration",
            repo.path().display()
        );
        return Err(Failure::refused("not-empty", what)
            .todo("choose another folder, or remove what an interrupted init left")
            .into());
    }
    if algorithm != "ed25519" {
        let what = format!("keys of type {algorithm} are not made; ed25519 is");
        return Err(Failure::refused("key", what).into());
    }
    let mut ports = (5001, 8080);
    for name in profile.split(',').filter(|name| !name.is_empty()) {
        match name {
            "test" | "randomports" => ports = (0, 0),
            "server" => {}
            _ => {
                let what = format!("invalid configuration profile: {name}");
                return Err(Failure::usage(what).into());
            }
        }
    }
    make_folder(repo.path()).with_context(|| format!("cannot make {}", repo.path().display()))?;
    let passphrase = random()?;
    write_atomic(&repo.path().join(PASSPHRASE), passphrase.as_bytes())?;
    make_folder(&repo.path().join(HOME))?;
    let folder = crate::node::open_folder(&repo.path().join(HOME))?;
    // What an interrupted start left has no configuration, and nobody has used it.
    let vault = folder.create(NewVault {
        passphrase: &Passphrase::new(&passphrase)?,
        recovery_key: &Secret32::random()?,
        kdf: KdfCost::calibrate(KDF_TIME),
    })?;
    let id = rpc::peer_id(&PublicStore::open(&vault)?)?;
    vault.lock();
    let token = random()?;
    say("generating ED25519 keypair...done")?;
    say(&format!("peer identity: {id}"))?;
    say(&format!(
        "initializing IPFS node at {}",
        repo.path().display()
    ))?;
    repo.set_config(&json!({
        "Identity": { "PeerID": id },
        "Addresses": {
            "API": format!("/ip4/127.0.0.1/tcp/{}", ports.0),
            "Gateway": format!("/ip4/127.0.0.1/tcp/{}", ports.1),
            "Swarm": [],
        },
        "API": {
            "HTTPHeaders": {},
            "Authorizations": {
                "owner": { "AuthSecret": format!("bearer:{}", *token), "AllowedPaths": ["/api/v0"] },
            },
        },
        "Bootstrap": [],
    }))
}

pub(super) fn init(args: &IpfsInitArgs) -> anyhow::Result<()> {
    make(&Repo::of(&args.repo)?, &args.profile, &args.algorithm)
}

pub(super) fn config(context: &Context, repo: &RepoArgs, args: &[String]) -> anyhow::Result<()> {
    let repo = Repo::of(repo)?;
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let print = |value: &Value| -> anyhow::Result<()> {
        match value {
            Value::String(text) if !context.output.json => say(text)?,
            value => say(&serde_json::to_string_pretty(value)?)?,
        }
        Ok(())
    };
    let mut config = repo.config()?;
    match words.as_slice() {
        ["show"] => print(&config),
        ["replace", file] => {
            let text = fs::read(file).with_context(|| format!("cannot read {file}"))?;
            let new: Value =
                serde_json::from_slice(&text).with_context(|| format!("{file} is no JSON"))?;
            if !new.is_object() {
                return Err(
                    Failure::refused("bad-config", "a configuration is a JSON object").into(),
                );
            }
            repo.set_config(&new)
        }
        [key] => match config_value(&config, key) {
            Some(value) => print(value),
            None => Err(
                Failure::refused("not-found", format!("key {key:?} not found in config")).into(),
            ),
        },
        [key, value] => {
            let new = match context.output.json {
                true => serde_json::from_str(value).context("the value is no JSON")?,
                false => json!(value),
            };
            set_config_value(&mut config, key, new)
                .map_err(|why| Failure::refused("bad-key", why))?;
            repo.set_config(&config)
        }
        _ => Err(Failure::usage("a key, and perhaps a value").into()),
    }
}

pub(super) fn id(context: &Context, repo: &RepoArgs) -> anyhow::Result<()> {
    let config = Repo::of(repo)?.config()?;
    let id = config_value(&config, "Identity.PeerID")
        .cloned()
        .unwrap_or_default();
    let shown = json!({
        "ID": id,
        "Addresses": [],
        "AgentVersion": concat!("webx/", env!("CARGO_PKG_VERSION")),
        "Protocols": [],
    });
    context.output.show(&shown, |out| {
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&shown).unwrap_or_default()
        )
    })
}

pub(super) fn version(context: &Context) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let shown = json!({ "Version": version, "Repo": rpc::REPO_VERSION });
    context
        .output
        .show(&shown, |out| writeln!(out, "ipfs version {version}"))
}
