//! The contexts that are shipped, each pinned by its hash.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{
    context::{Active, Memo},
    rdf::{Hash, hex},
};
use crate::{Error, error::short, json};

/// Lists of contexts that are kept compiled.
const MAX_COMPILED: usize = 64;

/// Address, SHA-256 and text of each context in the crate.
const SHIPPED: [(&str, &str, &[u8]); 7] = [
    (
        "https://www.w3.org/2018/credentials/v1",
        "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
        include_bytes!("../../contexts/credentials-v1.jsonld"),
    ),
    (
        "https://www.w3.org/ns/credentials/v2",
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
        include_bytes!("../../contexts/credentials-v2.jsonld"),
    ),
    (
        "https://www.w3.org/ns/credentials/examples/v2",
        "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c",
        include_bytes!("../../contexts/examples-v2.jsonld"),
    ),
    (
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
        "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581",
        include_bytes!("../../contexts/undefined-terms-v2.jsonld"),
    ),
    (
        "https://w3id.org/security/data-integrity/v1",
        "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
        include_bytes!("../../contexts/data-integrity-v1.jsonld"),
    ),
    (
        "https://w3id.org/security/data-integrity/v2",
        "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
        include_bytes!("../../contexts/data-integrity-v2.jsonld"),
    ),
    (
        "https://www.w3.org/ns/credentials/status/v1",
        "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7",
        include_bytes!("../../contexts/status-v1.jsonld"),
    ),
];

/// Address, SHA-256 and SHA-384 of editions that W3C has published before the shipped one. Issuers name their digests still.
/// The 2.0 context of July 2024 differs in the place where `statusMessage`, `statusReference` and `statusSize` are defined, and in nothing else.
const FORMER: [(&str, &str, &str); 1] = [(
    "https://www.w3.org/ns/credentials/v2",
    "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
    "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
)];

/// The contexts a reader knows. Build it once: lists of contexts are compiled at first use and kept.
#[derive(Debug)]
pub struct Contexts {
    known: HashMap<String, Arc<Value>>,
    digests: HashMap<String, [Vec<u8>; 3]>,
    compiled: Mutex<HashMap<String, Arc<Active>>>,
    scoped: Mutex<Memo>,
}

impl Contexts {
    /// The shipped contexts: credentials 1.1 and 2.0, the examples of 2.0, Data Integrity, status lists.
    ///
    /// # Errors
    /// [`Error::UnknownContext`] when a shipped text is not the one that was pinned.
    pub fn shipped() -> Result<Self, Error> {
        let mut contexts = Self {
            known: HashMap::new(),
            digests: HashMap::new(),
            compiled: Mutex::default(),
            scoped: Mutex::default(),
        };
        for (address, sha256, bytes) in SHIPPED {
            contexts.add(address, sha256, bytes)?;
        }
        Ok(contexts)
    }

    /// Adds a context under its address, when its text has the SHA-256 that was agreed on.
    ///
    /// # Errors
    /// [`Error::UnknownContext`] when the hash is another, [`Error::Syntax`] or
    /// [`Error::TooLarge`] when the text is no JSON object with an `@context` within the limits.
    pub fn add(&mut self, address: &str, sha256: &str, bytes: &[u8]) -> Result<(), Error> {
        if !Hash::Sha256.hex(bytes).eq_ignore_ascii_case(sha256) {
            return Err(Error::UnknownContext(short(address)));
        }
        let mut document = json::parse(bytes)?;
        let context = document
            .get_mut("@context")
            .ok_or_else(|| Error::Syntax("a context without @context".to_owned()))?;
        self.known
            .insert(address.to_owned(), Arc::new(context.take()));
        let digests = [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| hash.of(bytes));
        self.digests.insert(address.to_owned(), digests);
        self.compiled
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.scoped = Mutex::default();
        Ok(())
    }

    /// The addresses known here.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// Whether `digest` is one of the text at `address`, now or in a former edition; `None` for an address that is not at hand.
    pub(crate) fn has_digest(&self, address: &str, digest: &[u8]) -> Option<bool> {
        let known = self.digests.get(address)?;
        let former = || {
            FORMER.iter().any(|(of, sha256, sha384)| {
                let hex = hex(digest);
                *of == address && (*sha256 == hex || *sha384 == hex)
            })
        };
        Some(known.iter().any(|one| one == digest) || former())
    }

    pub(super) fn get(&self, address: &str) -> Result<&Arc<Value>, Error> {
        self.known
            .get(address)
            .ok_or_else(|| Error::UnknownContext(short(address)))
    }

    /// What a list of addresses means to a fresh document, compiled once.
    pub(super) fn compiled(
        &self,
        list: &[&str],
        compile: impl FnOnce() -> Result<Active, Error>,
    ) -> Result<Arc<Active>, Error> {
        let key = list.join("\n");
        if let Some(active) = self.lock().get(&key) {
            return Ok(active.clone());
        }
        let mut active = compile()?;
        let mut compiled = self.lock();
        active.kept = compiled.len() < MAX_COMPILED;
        let active = Arc::new(active);
        if active.kept {
            compiled.insert(key, active.clone());
        }
        Ok(active)
    }

    pub(super) fn memo(&self) -> MutexGuard<'_, Memo> {
        self.scoped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Active>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
