//! Who signs, where keys are found, and where status lists are.

use std::sync::{Arc, OnceLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use time::OffsetDateTime;
use webx_credentials::{
    Contexts, Credentials, DidJwk, DidKey, Error, MIN_ENTRIES, ProofOptions, PublicKey, Resolver,
    Signer, StatusLists, Suite, TokenStatusList,
};
use webx_identity::{Did, DidLog, Purpose, parse_did_key};

use super::kept::Kept;
use crate::{
    door::{Home, Person},
    http::problem::Problem,
};

/// The shipped contexts, read once.
pub(super) fn contexts() -> Result<&'static Contexts, Error> {
    static SHIPPED: OnceLock<Contexts> = OnceLock::new();
    if let Some(contexts) = SHIPPED.get() {
        return Ok(contexts);
    }
    let contexts = Contexts::shipped()?;
    Ok(SHIPPED.get_or_init(|| contexts))
}

/// The address of a person's status list: a part of his DID.
pub(super) fn list_address(did: &str) -> String {
    format!("{did}/credentials/status/1")
}

/// The address of the same list as a token.
pub(super) fn tokens_address(did: &str) -> String {
    format!("{did}/credentials/tokens/1")
}

/// The key of this device, under a name that the person or the device signs with.
pub(super) struct Own {
    did: String,
    method: String,
    key: PublicKey,
    person: Arc<dyn Person>,
}

impl Own {
    /// In the person's name. The newest document has to list this device.
    pub(super) fn person(home: &Home, now: OffsetDateTime) -> Result<Self, Problem> {
        let card = home.person.card()?;
        let key = parse_did_key(&card.device_did).map_err(Problem::internal)?;
        let did: Did = card.did.parse().map_err(Problem::internal)?;
        let document = DidLog::parse(&card.log_text)
            .and_then(|log| log.verify(now))
            .and_then(|log| log.resolve(&did))
            .map_err(Problem::internal)?
            .document;
        let (method, _) = document
            .keys(Purpose::AssertionMethod)
            .into_iter()
            .find(|(_, listed)| *listed == key)
            .ok_or_else(|| {
                let what = "this device may not sign for you any more: your identity does not list its key";
                Problem::new(axum::http::StatusCode::CONFLICT, "not-listed", what)
            })?;
        Ok(Self {
            did: card.did,
            method,
            key: PublicKey::Ed25519(key),
            person: home.person.clone(),
        })
    }

    /// In the name of the device's own did:key.
    pub(super) fn device(home: &Home) -> Result<Self, Problem> {
        let did = home.person.card()?.device_did;
        let key = parse_did_key(&did).map_err(Problem::internal)?;
        let name = did.strip_prefix("did:key:").unwrap_or_default();
        Ok(Self {
            method: format!("{did}#{name}"),
            key: PublicKey::Ed25519(key),
            person: home.person.clone(),
            did,
        })
    }

    pub(super) fn did(&self) -> &str {
        &self.did
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }
}

impl Signer for Own {
    fn public_key(&self) -> PublicKey {
        self.key.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.person.sign(message) {
            Ok(signature) => Ok(signature.to_vec()),
            Err(_) => Err(Error::Key("did not sign: the home is locked or damaged")),
        }
    }
}

/// What is at hand when a document is judged: the own log and list, and what came with the question.
pub(super) struct Around {
    home: Home,
    kept: Option<Kept>,
    logs: Vec<String>,
    lists: Vec<String>,
}

/// Most logs, and most lists, that may come with one question.
const MAX_ALONG: usize = 16;

impl Around {
    pub(super) fn own(home: Home) -> Self {
        Self {
            home,
            kept: None,
            logs: Vec::new(),
            lists: Vec::new(),
        }
    }

    pub(super) fn with(
        home: Home,
        kept: Kept,
        mut logs: Vec<String>,
        mut lists: Vec<String>,
    ) -> Self {
        logs.truncate(MAX_ALONG);
        lists.truncate(MAX_ALONG);
        Self {
            home,
            kept: Some(kept),
            logs,
            lists,
        }
    }

    fn own_did(&self) -> Option<(String, String)> {
        let card = self.home.person.card().ok()?;
        Some((card.did, card.log_text))
    }
}

impl Resolver for Around {
    fn resolve(&self, did: &str, at: Option<OffsetDateTime>) -> Result<Value, Error> {
        if did.starts_with("did:key:") {
            return DidKey.resolve(did, at);
        }
        if did.starts_with("did:jwk:") {
            return DidJwk.resolve(did, at);
        }
        let refused = |reason: &dyn std::fmt::Display| Error::did(did, reason.to_string());
        let asked: Did = did.parse().map_err(|error| refused(&error))?;
        let now = OffsetDateTime::now_utc();
        let own = self
            .own_did()
            .filter(|(own, _)| own == did)
            .map(|(_, log)| log);
        let mut last = "its log is not at hand".to_owned();
        for text in own.iter().chain(&self.logs) {
            let resolved = DidLog::parse(text)
                .and_then(|log| log.verify(now))
                .and_then(|log| match at {
                    Some(at) => log.resolve_at(&asked, at),
                    None => log.resolve(&asked),
                });
            match resolved {
                Ok(resolved) if resolved.deactivated => return Err(refused(&"it has been ended")),
                Ok(resolved) => return Ok(resolved.document.as_value().clone()),
                Err(webx_identity::Error::OtherDid) => {}
                Err(error) => last = error.to_string(),
            }
        }
        Err(refused(&last))
    }
}

impl StatusLists for Around {
    fn list(&self, address: &str) -> Result<Option<Vec<u8>>, Error> {
        if let (Some(kept), Some((did, _))) = (&self.kept, self.own_did())
            && address == list_address(&did)
        {
            let list = Own::person(&self.home, OffsetDateTime::now_utc())
                .and_then(|own| signed_list(&self.home, kept, &own, address));
            let list = list.map_err(|_| Error::Status("the own list could not be signed"))?;
            return Ok(Some(list.to_string().into_bytes()));
        }
        if let (Some(kept), Some((did, _))) = (&self.kept, self.own_did())
            && address == tokens_address(&did)
        {
            let list = Own::person(&self.home, OffsetDateTime::now_utc())
                .and_then(|own| token_list(kept, &own, address));
            let list = list.map_err(|_| Error::Status("the own list could not be signed"))?;
            return Ok(Some(list.into_bytes()));
        }
        let named = |text: &&String| {
            if !text.starts_with('{') {
                return token_names(text.trim(), address);
            }
            webx_credentials::read(text.as_bytes())
                .is_ok_and(|list| list.get("id").and_then(Value::as_str) == Some(address))
        };
        Ok(self
            .lists
            .iter()
            .find(named)
            .map(|text| text.clone().into_bytes()))
    }
}

/// The status list as a credential under `address`, signed now by `own`.
pub(super) fn signed_list(
    home: &Home,
    kept: &Kept,
    own: &Own,
    address: &str,
) -> Result<Value, Problem> {
    let now = OffsetDateTime::now_utc();
    let unsigned = kept
        .status_list()?
        .credential(address, own.did(), "revocation")?;
    let around = Around::own(home.clone());
    let options = ProofOptions::new(
        Suite::EddsaJcs2022,
        own.method(),
        webx_credentials::Purpose::Assertion,
        now,
    );
    Ok(Credentials::new(contexts()?, &around, &around).issue(&unsigned, &options, own)?)
}

/// The same list as a token under `address`, signed now by `own`: 1 for what was withdrawn.
pub(super) fn token_list(kept: &Kept, own: &Own, address: &str) -> Result<String, Problem> {
    let list = kept.status_list()?;
    let mut tokens = TokenStatusList::new(MIN_ENTRIES, 1)?;
    for place in 0..list.entries() {
        let value = list.get(place, 1)?;
        if value != 0 {
            tokens.set(place, value)?;
        }
    }
    Ok(tokens.token(address, own.method(), OffsetDateTime::now_utc(), own)?)
}

/// Whether a status list token says that it is the one at `address`. Who signed it is looked at later.
fn token_names(token: &str, address: &str) -> bool {
    let claims = token.split('.').nth(1).unwrap_or_default();
    URL_SAFE_NO_PAD
        .decode(claims)
        .ok()
        .and_then(|bytes| webx_credentials::read(&bytes).ok())
        .is_some_and(|claims| claims.get("sub").and_then(Value::as_str) == Some(address))
}
