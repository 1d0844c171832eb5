//! Who signed, and who may sign.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde_json::Value;
use time::OffsetDateTime;
use webx_identity::{Did, DidKey, DidLog, DidMethod, Evidence, Purpose, Webvh};

use crate::{PublisherHash, PublisherRoot, Refusal};

/// The publisher of a package, verified.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Publisher {
    /// The DID that signed.
    pub did: Did,
    /// What stays of it when keys are rotated.
    pub root: PublisherRoot,
    /// The first half of its app ids.
    pub hash: PublisherHash,
    /// The log of a DID that has one.
    pub log: Option<DidLog>,
    /// `versionId` of the newest entry of that log.
    pub head: Option<String>,
}

/// A publisher with the keys that may sign for it now.
pub(crate) struct Keys {
    pub(crate) publisher: Publisher,
    keys: Vec<(String, VerifyingKey)>,
}

impl Keys {
    /// Resolves `did` by its log.
    pub(crate) fn resolve(
        did: &Did,
        log: Option<&[u8]>,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let root = PublisherRoot::of(did);
        let wrong = |error: webx_identity::Error| Refusal::publisher(error.to_string());
        let (log, resolved) = match (did.scid(), log) {
            (None, None) => (
                None,
                DidKey
                    .resolve(did, Evidence::default(), now)
                    .map_err(wrong)?,
            ),
            (Some(_), Some(bytes)) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| Refusal::publisher("its log is not UTF-8"))?;
                let log = DidLog::parse(text).map_err(wrong)?;
                if log.as_str() != text {
                    return Err(Refusal::publisher("its log has stray white space"));
                }
                let evidence = Evidence {
                    log: log.as_str(),
                    witnesses: None,
                };
                let resolved = Webvh.resolve(did, evidence, now).map_err(wrong)?;
                (Some(log), resolved)
            }
            (None, Some(_)) => return Err(Refusal::publisher("a did:key has no log")),
            (Some(_), None) => return Err(Refusal::publisher("its log is missing")),
        };
        if resolved.deactivated {
            return Err(Refusal::publisher("it has been ended by its owner"));
        }
        let keys = resolved.document.keys(Purpose::AssertionMethod);
        let publisher = Publisher {
            did: did.clone(),
            hash: root.hash(),
            root,
            head: log.as_ref().map(|_| resolved.version_id),
            log,
        };
        Ok(Self { publisher, keys })
    }

    /// The DID that a key id names: all before `#`.
    pub(crate) fn did(key_id: &str) -> Result<Did, Refusal> {
        let did = key_id.split('#').next().unwrap_or_default();
        did.parse()
            .map_err(|error: webx_identity::Error| Refusal::publisher(error.to_string()))
    }

    pub(crate) fn verify(
        &self,
        key_id: &str,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), Refusal> {
        let Some((_, key)) = self.keys.iter().find(|(id, _)| id == key_id) else {
            return Err(Refusal::signature(
                "its key is not, or no longer, one of the publisher's",
            ));
        };
        key.verify_strict(message, signature)
            .map_err(|_| Refusal::signature("it does not fit the content"))
    }

    /// The id of the key that made `signature`.
    pub(crate) fn who_signed(&self, message: &[u8], signature: &Signature) -> Option<&str> {
        let made =
            |(_, key): &&(String, VerifyingKey)| key.verify_strict(message, signature).is_ok();
        self.keys.iter().find(made).map(|(id, _)| id.as_str())
    }
}

impl Publisher {
    /// Whether the log contains the entry `head`, that is, whether it continues what was seen.
    #[must_use]
    pub fn continues(&self, head: &str) -> bool {
        self.log.as_ref().is_some_and(|log| {
            log.entries()
                .iter()
                .any(|entry| entry.get("versionId").and_then(Value::as_str) == Some(head))
        })
    }
}

/// Something that can sign as a publisher: a key in memory, or a node that keeps the key.
pub trait Signer {
    /// The DID to sign as: `did:key:…`, `did:scid:vh:1:…` or `did:webvh:…`.
    fn did(&self) -> Did;

    /// The log of a DID that has one, as JSON lines.
    fn log(&self) -> Option<String>;

    /// The Ed25519 signature over `pae`.
    ///
    /// # Errors
    /// A sentence saying why there is none.
    fn sign(&self, pae: &[u8]) -> Result<[u8; 64], String>;
}

/// A [`Signer`] with its key in memory.
#[derive(Debug)]
pub struct KeySigner {
    key: SigningKey,
    did: Option<(Did, DidLog)>,
}

impl KeySigner {
    /// Signs as the `did:key` of `key`.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self { key, did: None }
    }

    /// Signs as `did`, in whose log `key` stands as an assertion method.
    #[must_use]
    pub fn with_log(key: SigningKey, did: Did, log: DidLog) -> Self {
        Self {
            key,
            did: Some((did, log)),
        }
    }
}

impl Signer for KeySigner {
    #[allow(clippy::expect_used)]
    fn did(&self) -> Did {
        match &self.did {
            Some((did, _)) => did.clone(),
            None => webx_identity::did_key(&self.key.verifying_key())
                .parse()
                .expect("the did:key of a key is a DID"),
        }
    }

    fn log(&self) -> Option<String> {
        self.did.as_ref().map(|(_, log)| log.as_str().to_owned())
    }

    fn sign(&self, pae: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.key.sign(pae).to_bytes())
    }
}
