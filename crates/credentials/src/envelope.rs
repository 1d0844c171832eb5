//! Credentials and presentations in a signed token: Securing Verifiable Credentials using JOSE and COSE, the JOSE half,
//! and the tokens of Data Model 1.1 (`vc` and `vp` claims), which are read alone.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    Credentials, Edition, Error, Expect, Purpose, Signer, VerifiedCredential, VerifiedPresentation,
    jose::{self, Algorithm, Jws},
    json,
    ld::{self, strings},
    limits::MAX_CREDENTIALS,
    model::{self, V2},
    related,
    verify::{controller, object},
};

/// A signature around a document instead of proofs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// The DID URL of the key.
    pub verification_method: String,
    /// The DID whose document names the key for this purpose.
    pub controller: String,
}

/// What a presentation in an envelope answers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// What the verifier asked to be signed (`nonce`).
    pub challenge: &'a str,
    /// The name the verifier goes by (`aud`).
    pub domain: &'a str,
    /// The time now.
    pub now: OffsetDateTime,
}

impl<'a> Answer<'a> {
    /// An answer to `challenge`, for `domain`.
    #[must_use]
    pub fn new(challenge: &'a str, domain: &'a str, now: OffsetDateTime) -> Self {
        Self {
            challenge,
            domain,
            now,
        }
    }
}

/// Claims of a token that stand beside the document (RFC 7519 §4.1, RFC 7800, OpenID).
const BESIDE: [&str; 9] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf",
];

impl Credentials<'_> {
    /// Signs a credential of edition 2.0 as a token, `application/vc+jwt`.
    ///
    /// # Errors
    /// What the data model, the contexts or the key refuse.
    pub fn envelop(
        &self,
        credential: &Value,
        verification_method: &str,
        signer: &dyn Signer,
    ) -> Result<String, Error> {
        let members = object(credential)?;
        json::check(credential)?;
        let outline = model::credential(members)?;
        if outline.edition != Edition::V2 || members.contains_key("proof") {
            return Err(Error::Jose(
                "tokens hold unsigned credentials of Data Model 2.0",
            ));
        }
        if BESIDE.iter().any(|name| members.contains_key(*name)) {
            return Err(Error::Jose("a member with the name of a claim"));
        }
        if controller(verification_method) != outline.issuer {
            return Err(Error::model(
                "issuer",
                "is another than the controller of the key",
            ));
        }
        self.entries(members)?;
        related::compare(self.contexts, members)?;
        ld::meaning(self.contexts, members)?;
        jose::sign(
            header("vc+jwt", "vc"),
            credential,
            verification_method,
            signer,
        )
    }

    /// Signs a presentation of `credentials` by `holder` as a token, `application/vp+jwt`.
    ///
    /// # Errors
    /// What the data model, the contexts or the key refuse.
    pub fn envelop_presentation(
        &self,
        credentials: &[Value],
        holder: &str,
        answer: &Answer<'_>,
        verification_method: &str,
        signer: &dyn Signer,
    ) -> Result<String, Error> {
        let mut presentation = model::new_presentation(credentials, holder);
        json::check(&presentation)?;
        let members = object(&presentation)?;
        model::presentation(members)?;
        ld::meaning(self.contexts, members)?;
        if controller(verification_method) != holder {
            return Err(Error::model(
                "holder",
                "is another than the controller of the key",
            ));
        }
        for (name, value) in [
            ("nonce", Value::from(answer.challenge)),
            ("aud", answer.domain.into()),
            ("iat", answer.now.unix_timestamp().into()),
        ] {
            if let Some(members) = presentation.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        }
        jose::sign(
            header("vp+jwt", "vp"),
            &presentation,
            verification_method,
            signer,
        )
    }

    /// Judges a credential that is a token.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_token(
        &self,
        text: &str,
        now: OffsetDateTime,
    ) -> Result<VerifiedCredential, Error> {
        let token = Jws::read(text)?;
        let document = inner(&token, "vc")?;
        let outline = model::credential(&document)?;
        same(token.text("iss")?, Some(&outline.issuer))?;
        same(
            token.text("jti")?,
            document.get("id").and_then(Value::as_str),
        )?;
        let subject = document.get("credentialSubject");
        same(
            token.text("sub")?,
            subject.and_then(|subject| subject.get("id")?.as_str()),
        )?;
        let issued = token.times(now)?;
        let purpose = Purpose::Assertion.name();
        let (url, method) = token.method(self.resolver, &outline.issuer, purpose, issued, now)?;
        let algorithm = token.check(&method.key)?;
        ld::meaning(self.contexts, &document)?;
        self.settle(
            document,
            outline,
            Vec::new(),
            Some(Envelope {
                algorithm,
                verification_method: url,
                controller: method.controller,
            }),
            (now, true),
        )
    }

    /// Judges a presentation that is a token: who shows it, to whom, then each credential.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_presentation_token(
        &self,
        text: &str,
        expect: &Expect<'_>,
    ) -> Result<VerifiedPresentation, Error> {
        let token = Jws::read(text)?;
        let document = inner(&token, "vp")?;
        let named = model::presentation(&document)?;
        let kid = token.header.get("kid").and_then(Value::as_str);
        let holder = match (&named, token.text("iss")?, kid) {
            (Some(holder), iss, _) => {
                same(iss, Some(holder))?;
                holder.clone()
            }
            (None, Some(iss), _) => iss.to_owned(),
            (None, None, Some(kid)) => controller(kid).to_owned(),
            (None, None, None) => return Err(Error::Jose("it does not say by whom it is")),
        };
        token.times(expect.now)?;
        answers(&token, expect)?;
        let purpose = expect.purpose.name();
        let (url, method) = token.method(self.resolver, &holder, purpose, None, expect.now)?;
        let algorithm = token.check(&method.key)?;
        ld::meaning(self.contexts, &document)?;
        let credentials = self.shown(&document, expect.now)?;
        Ok(VerifiedPresentation {
            document: Value::Object(document),
            holder: Some(holder),
            proofs: Vec::new(),
            envelope: Some(Envelope {
                algorithm,
                verification_method: url,
                controller: method.controller,
            }),
            credentials,
        })
    }

    /// The credentials of a presentation, judged one by one.
    pub(crate) fn shown(
        &self,
        presentation: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Vec<VerifiedCredential>, Error> {
        let shown = model::objects(presentation, "verifiableCredential")?;
        if shown.len() > MAX_CREDENTIALS {
            return Err(Error::TooLarge {
                what: "credentials in a presentation",
                limit: MAX_CREDENTIALS,
            });
        }
        shown
            .into_iter()
            .map(|credential| self.verify_read(Value::Object(credential.clone()), now))
            .collect()
    }
}

/// A token as a document of the data model: `EnvelopedVerifiableCredential`.
#[must_use]
pub fn enveloped(token: &str) -> Value {
    json!({ "@context": [V2], "type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{token}") })
}

/// A token as a document of the data model: `EnvelopedVerifiablePresentation`.
#[must_use]
pub fn enveloped_presentation(token: &str) -> Value {
    json!({ "@context": [V2], "type": "EnvelopedVerifiablePresentation", "id": format!("data:application/vp+jwt,{token}") })
}

/// Whether a token holds a presentation rather than a credential.
///
/// # Errors
/// What is no token.
pub fn is_presentation(token: &str) -> Result<bool, Error> {
    let token = Jws::read(token)?;
    let kind = token.kind()?;
    Ok(kind.as_deref() == Some("vp+jwt") || token.claims.contains_key("vp"))
}

/// The token in an enveloped document; `None` for a document of another type.
pub(crate) fn token<'a>(
    document: &'a Map<String, Value>,
    kind: &'static str,
    media: &'static str,
) -> Result<Option<&'a str>, Error> {
    let types = document.get("type").and_then(strings).unwrap_or_default();
    if !types.contains(&kind) {
        return Ok(None);
    }
    let context = document.get("@context").and_then(strings);
    if context.as_deref() != Some(&[V2]) {
        return Err(Error::model(
            "@context",
            "of an envelope has to be the base context",
        ));
    }
    if types.len() != 1 || document.len() != 3 {
        return Err(Error::Jose(
            "an envelope has a context, a type and an id, and nothing beside",
        ));
    }
    let id = document
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let token = id
        .strip_prefix("data:application/")
        .and_then(|rest| {
            rest.strip_prefix(media)
                .or_else(|| rest.strip_prefix("jwt"))
        })
        .and_then(|rest| rest.strip_prefix(','));
    token.map(Some).ok_or(Error::model(
        "id",
        "of an envelope has to be a data: URL of a token",
    ))
}

fn header(kind: &str, content: &str) -> Map<String, Value> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), kind.into());
    header.insert("cty".to_owned(), content.into());
    header
}

/// The document in a token: the claims without those beside it, or the claim `name` in a token of edition 1.1.
fn inner(token: &Jws<'_>, name: &str) -> Result<Map<String, Value>, Error> {
    let wanted = format!("{name}+jwt");
    match token.kind()?.as_deref() {
        None | Some("jwt") => {
            if let Some(document) = token.claims.get(name) {
                return object(document).cloned();
            }
        }
        Some(kind) if kind == wanted => {}
        Some(_) => return Err(Error::Jose("a token of another type")),
    }
    if token.claims.contains_key("vc") || token.claims.contains_key("vp") {
        return Err(Error::Jose("a document beside the document"));
    }
    let mut document = token.claims.clone();
    document.retain(|name, _| !BESIDE.contains(&name.as_str()));
    if document.contains_key("proof") {
        return Err(Error::Jose("a token holds a document without proofs"));
    }
    Ok(document)
}

/// A claim that repeats a member says the same.
fn same(claim: Option<&str>, member: Option<&str>) -> Result<(), Error> {
    if claim.is_some() && claim != member {
        return Err(Error::Jose("a claim says something else than the document"));
    }
    Ok(())
}

fn answers(token: &Jws<'_>, expect: &Expect<'_>) -> Result<(), Error> {
    let nonce = token.text("nonce")?;
    let audience = match token.claims.get("aud") {
        None => Vec::new(),
        Some(value) => {
            strings(value).ok_or(Error::Jose("its aud is neither a string nor a list"))?
        }
    };
    if nonce != expect.challenge {
        return Err(Error::Jose("it does not answer the challenge"));
    }
    let right = match expect.domain {
        Some(domain) => audience.contains(&domain),
        None => audience.is_empty(),
    };
    if right {
        Ok(())
    } else {
        Err(Error::Jose("it is for another domain"))
    }
}
