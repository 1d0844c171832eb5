//! Credentials and presentations: issued and judged.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Contexts, Edition, Envelope, Error, Expect, Proof, ProofOptions, Resolver, Schema, SchemaState,
    Signer, envelope,
    error::short,
    json, ld,
    model::{self, Outline},
    proof, related, schema,
    status::Entry,
};

/// Where status lists come from.
pub trait StatusLists {
    /// The bytes of the list credential at `address`, or `None` when it is not at hand.
    ///
    /// # Errors
    /// [`Error::Status`] when it should be and is not; the credential is then refused.
    fn list(&self, address: &str) -> Result<Option<Vec<u8>>, Error>;
}

/// No lists at hand: every status stays unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLists;

impl StatusLists for NoLists {
    fn list(&self, _: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }
}

/// What the issuer says about a credential now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The list says nothing against it.
    Clear {
        /// What the list is about, as `revocation`.
        purpose: String,
    },
    /// The list has a message for it.
    Message {
        /// The value of the entry.
        value: u8,
        /// What the credential says the value means.
        text: Option<String>,
    },
    /// The list is not at hand, or of a kind that is not read here.
    Unknown {
        /// What the list would be about, where that is said.
        purpose: Option<String>,
    },
}

/// A credential whose proofs hold, whose time has come and not passed, and which is not withdrawn.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedCredential {
    /// The document as it was received.
    pub document: Value,
    /// Which edition it follows.
    pub edition: Edition,
    /// Who states it.
    pub issuer: String,
    /// Its proofs. Empty when an envelope secures it.
    pub proofs: Vec<Proof>,
    /// The signature around it, when it was a token.
    pub envelope: Option<Envelope>,
    /// What is known of its status.
    pub status: Vec<Status>,
    /// What its schemas say.
    pub schemas: Vec<SchemaState>,
}

/// A presentation whose proofs hold, with its credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedPresentation {
    /// The document as it was received.
    pub document: Value,
    /// Who shows it, where it says so.
    pub holder: Option<String>,
    /// The proofs of the presentation. Empty when an envelope secures it.
    pub proofs: Vec<Proof>,
    /// The signature around it, when it was a token.
    pub envelope: Option<Envelope>,
    /// What is shown.
    pub credentials: Vec<VerifiedCredential>,
}

/// The door: issues and verifies with one set of contexts.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub(crate) contexts: &'a Contexts,
    pub(crate) resolver: &'a dyn Resolver,
    pub(crate) lists: &'a dyn StatusLists,
    schemas: &'a [Schema],
}

impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl<'a> Credentials<'a> {
    /// Reads with `contexts`, finds keys by `resolver` and status lists by `lists`.
    #[must_use]
    pub fn new(
        contexts: &'a Contexts,
        resolver: &'a dyn Resolver,
        lists: &'a dyn StatusLists,
    ) -> Self {
        Self {
            contexts,
            resolver,
            lists,
            schemas: &[],
        }
    }

    /// The same with JSON schemas at hand. Nothing is fetched: the schema of a credential that is not among them is unknown.
    #[must_use]
    pub fn with_schemas(self, schemas: &'a [Schema]) -> Self {
        Self { schemas, ..self }
    }

    /// Checks a credential and adds a proof by `signer`. One of edition 1.1, which older verifiers ask for, gets the
    /// context that defines its proof.
    ///
    /// The key's controller has to be the issuer, unless the document already bears a proof: others
    /// may add theirs to a set or chain.
    ///
    /// # Errors
    /// What the data model, the contexts or the key refuse.
    pub fn issue(
        &self,
        credential: &Value,
        options: &ProofOptions,
        signer: &dyn Signer,
    ) -> Result<Value, Error> {
        let mut document = object(credential)?.clone();
        json::check(credential)?;
        let outline = model::credential(&document)?;
        self.entries(&document)?;
        related::compare(self.contexts, &document)?;
        if outline.edition == Edition::V1 && !document.contains_key("proof") {
            inject(&mut document);
        }
        if !document.contains_key("proof")
            && controller(&options.verification_method) != outline.issuer
        {
            return Err(Error::model(
                "issuer",
                "is another than the controller of the key",
            ));
        }
        ld::meaning(self.contexts, &document)?;
        proof::add(self.contexts, &mut document, options, signer)?;
        Ok(Value::Object(document))
    }

    /// Makes a presentation of `credentials` by `holder`, signed by `signer`.
    ///
    /// # Errors
    /// What the data model, the contexts or the key refuse.
    pub fn present(
        &self,
        credentials: &[Value],
        holder: &str,
        options: &ProofOptions,
        signer: &dyn Signer,
    ) -> Result<Value, Error> {
        let presentation = model::new_presentation(credentials, holder);
        json::check(&presentation)?;
        let mut document = object(&presentation)?.clone();
        model::presentation(&document)?;
        ld::meaning(self.contexts, &document)?;
        proof::add(self.contexts, &mut document, options, signer)?;
        Ok(Value::Object(document))
    }

    /// Judges a credential by its bytes.
    ///
    /// All its proofs have to hold and one of them has to be the issuer's.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify(&self, bytes: &[u8], now: OffsetDateTime) -> Result<VerifiedCredential, Error> {
        self.credential(json::parse(bytes)?, now, true)
    }

    /// [`Credentials::verify`] for a document that [`read`](crate::read) has read, as part of a larger one.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_read(
        &self,
        document: Value,
        now: OffsetDateTime,
    ) -> Result<VerifiedCredential, Error> {
        self.credential(document, now, true)
    }

    /// Judges a presentation by its bytes: what is expected of its proofs, then each credential.
    ///
    /// When it names a holder, one of its proofs has to be his.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_presentation(
        &self,
        bytes: &[u8],
        expect: &Expect<'_>,
    ) -> Result<VerifiedPresentation, Error> {
        self.verify_presentation_read(json::parse(bytes)?, expect)
    }

    /// [`Credentials::verify_presentation`] for a document that [`read`](crate::read) has read.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_presentation_read(
        &self,
        document: Value,
        expect: &Expect<'_>,
    ) -> Result<VerifiedPresentation, Error> {
        let members = object(&document)?;
        if let Some(token) = envelope::token(members, "EnvelopedVerifiablePresentation", "vp+jwt")?
        {
            return self.verify_presentation_token(token, expect);
        }
        let holder = model::presentation(members)?;
        let proofs = self.proofs_of(members, expect)?;
        if let Some(holder) = &holder
            && !proofs.iter().any(|proof| proof.controller == *holder)
        {
            return Err(Error::Proof("none is by the holder"));
        }
        let credentials = self.shown(members, expect.now)?;
        Ok(VerifiedPresentation {
            holder,
            proofs,
            envelope: None,
            credentials,
            document,
        })
    }

    /// Checks the Data Integrity proofs of any document, whatever it says.
    ///
    /// # Errors
    /// The first proof that does not hold, or a member without a meaning.
    pub fn verify_proofs(&self, bytes: &[u8], expect: &Expect<'_>) -> Result<Vec<Proof>, Error> {
        let document = json::parse(bytes)?;
        self.proofs_of(object(&document)?, expect)
    }

    fn proofs_of(
        &self,
        document: &Map<String, Value>,
        expect: &Expect<'_>,
    ) -> Result<Vec<Proof>, Error> {
        // Whatever the suite hashes, every member has to mean something. The graph suites look again: they
        // refuse directions, which their graph would lose.
        if !document.contains_key("@context") {
            return Err(Error::model("@context", "is required"));
        }
        ld::meaning(self.contexts, document)?;
        proof::verify(self.contexts, self.resolver, document, expect)
    }

    fn credential(
        &self,
        document: Value,
        now: OffsetDateTime,
        status: bool,
    ) -> Result<VerifiedCredential, Error> {
        let members = object(&document)?;
        if let Some(token) = envelope::token(members, "EnvelopedVerifiableCredential", "vc+jwt")? {
            return self.verify_token(token, now);
        }
        let outline = model::credential(members)?;
        let proofs = self.proofs_of(members, &Expect::assertion(now))?;
        if !proofs
            .iter()
            .any(|proof| proof.controller == outline.issuer)
        {
            return Err(Error::Proof("none is by the issuer"));
        }
        let Value::Object(members) = document else {
            return Err(Error::model("type", "is required"));
        };
        self.settle(members, outline, proofs, None, (now, status))
    }

    /// What is left to judge when the signatures hold: resources, time and status.
    pub(crate) fn settle(
        &self,
        document: Map<String, Value>,
        outline: Outline,
        proofs: Vec<Proof>,
        envelope: Option<Envelope>,
        (now, status): (OffsetDateTime, bool),
    ) -> Result<VerifiedCredential, Error> {
        related::compare(self.contexts, &document)?;
        if outline.from.is_some_and(|from| from > now) {
            return Err(Error::model("validFrom", "has not come yet"));
        }
        if outline.until.is_some_and(|until| until < now) {
            return Err(Error::model("validUntil", "has passed"));
        }
        let schemas = schema::judge(self.schemas, &document)?;
        let status = if status {
            self.status(&document, &outline.issuer, now)?
        } else {
            Vec::new()
        };
        Ok(VerifiedCredential {
            edition: outline.edition,
            issuer: outline.issuer,
            proofs,
            envelope,
            status,
            schemas,
            document: Value::Object(document),
        })
    }

    /// Reads the status entries of a credential that is to be issued.
    pub(crate) fn entries(&self, credential: &Map<String, Value>) -> Result<(), Error> {
        for entry in model::objects(credential, "credentialStatus")? {
            Entry::read(entry)?;
        }
        Ok(())
    }

    fn status(
        &self,
        credential: &Map<String, Value>,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Result<Vec<Status>, Error> {
        let mut found = Vec::new();
        for entry in model::objects(credential, "credentialStatus")? {
            let Some(entry) = Entry::read(entry)? else {
                found.push(Status::Unknown { purpose: None });
                continue;
            };
            let Some(bytes) = self.lists.list(&entry.list)? else {
                found.push(Status::Unknown {
                    purpose: Some(entry.purpose),
                });
                continue;
            };
            let list = self.credential(json::parse(&bytes)?, now, false)?;
            if list.issuer != issuer {
                return Err(Error::Status("the list is by another issuer"));
            }
            let (value, text) = entry.look_up(object(&list.document)?)?;
            match (entry.purpose.as_str(), value) {
                ("revocation" | "suspension", 1..) => return Err(Error::Withdrawn(entry.purpose)),
                (_, 0) if text.is_none() => found.push(Status::Clear {
                    purpose: entry.purpose,
                }),
                _ => found.push(Status::Message { value, text }),
            }
        }
        Ok(found)
    }
}

/// Gives a credential of edition 1.1 the terms of a proof, which its base context lacks (Data Integrity §2.4.1).
fn inject(document: &mut Map<String, Value>) {
    const TERMS: &str = "https://w3id.org/security/data-integrity/v";
    if let Some(Value::Array(items)) = document.get_mut("@context") {
        let there = |item: &Value| item.as_str().is_some_and(|text| text.starts_with(TERMS));
        if !items.iter().any(there) {
            items.push(format!("{TERMS}2").into());
        }
    }
}

/// The DID before the `#`.
pub(crate) fn controller(method: &str) -> &str {
    method.split_once('#').map_or(method, |(did, _)| did)
}

pub(crate) fn object(value: &Value) -> Result<&Map<String, Value>, Error> {
    value
        .as_object()
        .ok_or_else(|| Error::Syntax(short("a credential is a JSON object")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::{DidKey, Purpose, Suite};

    #[test]
    fn a_credential_of_edition_1_1_gets_the_context_of_its_proof() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let name = key.public_key().multikey();
        let now = datetime!(2026-11-23 12:00 UTC);
        let contexts = Contexts::shipped().unwrap();
        let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
        for suite in [Suite::EddsaRdfc2022, Suite::EddsaJcs2022] {
            let old = json!({
                "@context": ["https://www.w3.org/2018/credentials/v1"],
                "type": ["VerifiableCredential"], "issuer": format!("did:key:{name}"),
                "issuanceDate": "2020-01-01T00:00:00Z", "credentialSubject": { "id": "did:example:s" },
            });
            let options = ProofOptions::new(
                suite,
                format!("did:key:{name}#{name}"),
                Purpose::Assertion,
                now,
            );
            let signed = credentials.issue(&old, &options, &key).unwrap();
            let context = "https://w3id.org/security/data-integrity/v2";
            assert_eq!(signed["@context"][1], context);
            let text = signed.to_string();
            assert_eq!(
                credentials.verify(text.as_bytes(), now).unwrap().edition,
                Edition::V1
            );
            let late = text.replace("2020-01-01", "2021-01-01");
            assert!(credentials.verify(late.as_bytes(), now).is_err());
        }
    }
}
