//! The publisher's key: a file of this user, or the identity of a running node.
//!
//! The key file holds the secret and nothing else can sign in the publisher's name: whoever loses it cannot publish updates, whoever
//! copies it can. It is readable by its owner alone and is never printed.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use webx_identity::Did;
use webx_wxa::dsse::{PAYLOAD_TYPE, pae};
use zeroize::Zeroizing;

use crate::args::SigningArgs;
use crate::failure::{Failure, Result};
use crate::node::Node;

/// A key file is a few hundred bytes.
const LIMIT: u64 = 4096;
const FORMAT: u32 = 1;

/// Who signs a package.
pub(crate) struct Publisher {
    did: Did,
    log: Option<String>,
    hand: Hand,
}

enum Hand {
    Key(Box<SigningKey>),
    Node(Node),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: u32,
    did: String,
    secret: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Signed {
    did: String,
    log: Option<String>,
    signature: String,
}

impl Publisher {
    /// The publisher that the command line names; without a name the key of this user, made at its first use. `made` hears of that.
    pub(crate) fn open(args: &SigningArgs, made: &dyn Fn(&Path, &str)) -> Result<Self> {
        if let Some(data) = &args.node {
            return Self::on_node(Node::find(Some(data))?);
        }
        match &args.key {
            Some(path) => Self::read(path),
            None => Self::own("publisher.key", made),
        }
    }

    /// A key in this user's config folder, made when it is not there.
    pub(crate) fn own(name: &str, made: &dyn Fn(&Path, &str)) -> Result<Self> {
        let path = config_folder()?.join(name);
        if path.exists() {
            return Self::read(&path);
        }
        let publisher = Self::make(&path)?;
        made(&path, publisher.did.as_str());
        Ok(publisher)
    }

    /// Makes a new key and writes it; never over a file that exists.
    pub(crate) fn make(path: &Path) -> Result<Self> {
        let mut secret = Zeroizing::new([0u8; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(|error| {
            Failure::refused(
                "random",
                format!("the system gives no random numbers: {error}"),
            )
        })?;
        let publisher = Self::from_secret(&secret)?;
        let file = KeyFile {
            format: FORMAT,
            did: publisher.did.as_str().to_owned(),
            secret: Zeroizing::new(hex::encode(*secret)),
        };
        let mut text = Zeroizing::new(
            serde_json::to_string(&file).map_err(|e| Failure::refused("json", e.to_string()))?,
        );
        text.push('\n');
        write_private(path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::refused("exists", format!("{} exists already", path.display()))
                    .todo("a key is never overwritten; name another file with --key")
            }
            _ => Failure::io("write", path, &error),
        })?;
        Ok(publisher)
    }

    /// Reads a key file. One that others can read is refused.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::refused("no-key", format!("there is no key at {}", path.display()))
                    .todo(format!("make one: wxa keygen --key {}", path.display()))
            }
            _ => Failure::io("read", path, &error),
        })?;
        check_private(path, &file)?;
        let mut text = Zeroizing::new(String::new());
        file.take(LIMIT)
            .read_to_string(&mut text)
            .map_err(|error| Failure::io("read", path, &error))?;
        let damaged =
            || Failure::refused("damaged-key", format!("{} is no key file", path.display()));
        let file: KeyFile = serde_json::from_str(&text).map_err(|_| damaged())?;
        if file.format != FORMAT {
            return Err(Failure::refused(
                "newer-key",
                format!("{} was written by a newer wxa", path.display()),
            )
            .todo("update wxa"));
        }
        let mut secret = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(file.secret.as_bytes(), secret.as_mut_slice())
            .map_err(|_| damaged())?;
        let publisher = Self::from_secret(&secret)?;
        if publisher.did.as_str() != file.did {
            return Err(damaged());
        }
        Ok(publisher)
    }

    fn from_secret(secret: &[u8; 32]) -> Result<Self> {
        let key = SigningKey::from_bytes(secret);
        Ok(Self {
            did: parse_did(&webx_identity::did_key(&key.verifying_key()))?,
            log: None,
            hand: Hand::Key(Box::new(key)),
        })
    }

    fn on_node(node: Node) -> Result<Self> {
        // Who will sign must be known before, for it stands in what is signed. A statement that says nothing tells it.
        let nothing = STANDARD.encode(pae(PAYLOAD_TYPE, b""));
        let signed: Signed = node.post(
            "/api/publisher/sign",
            &serde_json::json!({ "pae": nothing }),
        )?;
        Ok(Self {
            did: parse_did(&signed.did)?,
            log: signed.log,
            hand: Hand::Node(node),
        })
    }

    /// The publisher's DID.
    pub(crate) fn did(&self) -> &Did {
        &self.did
    }

    /// The DID's log, when the DID has one.
    pub(crate) fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    /// The key itself; a node never gives its own away.
    pub(crate) fn key(&self) -> Result<&SigningKey> {
        match &self.hand {
            Hand::Key(key) => Ok(key),
            Hand::Node(_) => Err(Failure::refused("no-key", "a node signs packages only")),
        }
    }

    /// Signs bytes that the package format made (DSSE pre-authentication encoding).
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<[u8; 64]> {
        match &self.hand {
            Hand::Key(key) => Ok(key.sign(bytes).to_bytes()),
            Hand::Node(node) => {
                let body = serde_json::json!({ "pae": STANDARD.encode(bytes) });
                let signed: Signed = node.post("/api/publisher/sign", &body)?;
                if signed.did != self.did.as_str() {
                    return Err(Failure::refused(
                        "publisher-changed",
                        "the node's identity changed while it signed",
                    )
                    .todo("run the command again"));
                }
                STANDARD
                    .decode(&signed.signature)
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| Failure::refused("protocol", "the node gave no signature"))
            }
        }
    }
}

fn parse_did(text: &str) -> Result<Did> {
    text.parse()
        .map_err(|_| Failure::refused("protocol", format!("{text} is no publisher's DID")))
}

/// The key that signs when no other is named.
pub(crate) fn default_path() -> Result<PathBuf> {
    Ok(config_folder()?.join("publisher.key"))
}

/// Where the keys of this user lie.
fn config_folder() -> Result<PathBuf> {
    directories::ProjectDirs::from("", "", "webx")
        .map(|dirs| dirs.config_dir().to_owned())
        .ok_or_else(|| {
            Failure::refused("no-home", "this user has no home folder")
                .todo("name a key with --key FILE")
        })
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn check_private(path: &Path, file: &std::fs::File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file
        .metadata()
        .map_err(|error| Failure::io("read", path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(
        Failure::refused("open-key", format!("others can read {}", path.display()))
            .todo(format!("keep it to yourself: chmod 600 {}", path.display())),
    )
}

#[cfg(not(unix))]
fn check_private(_path: &Path, _file: &std::fs::File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_that_was_made_is_read_again_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/publisher.key");
        let made = Publisher::make(&path).unwrap();
        let read = Publisher::read(&path).unwrap();
        assert_eq!(made.did(), read.did());
        assert!(made.did().as_str().starts_with("did:key:z6Mk"));
        assert_eq!(made.sign(b"x").unwrap(), read.sign(b"x").unwrap());
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        let first = Publisher::make(&path).unwrap();
        assert_eq!(Publisher::make(&path).err().unwrap().code(), "exists");
        assert_eq!(Publisher::read(&path).unwrap().did(), first.did());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_key_and_one_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config/k");
        Publisher::make(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(Publisher::read(&path).err().unwrap().code(), "open-key");
    }

    #[test]
    fn garbage_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        write_private(&path, b"{}").unwrap();
        assert_eq!(Publisher::read(&path).err().unwrap().code(), "damaged-key");
    }
}
