//! Data Integrity proofs: made, and checked one by one, as sets and as chains.

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    Contexts, Error, Resolver, Signer, Suite,
    ld::strings,
    limits::MAX_PROOFS,
    resolve,
    time::{timestamp, written},
};

/// How far the clock of a signer may be ahead.
pub(crate) const AHEAD: Duration = Duration::minutes(5);

/// What a new proof says beside its signature.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProofOptions {
    /// How the document is hashed and signed.
    pub suite: Suite,
    /// The DID URL of the key.
    pub verification_method: String,
    /// What the signature is for.
    pub purpose: Purpose,
    /// When it was made.
    pub created: OffsetDateTime,
    /// When it stops to hold.
    pub expires: Option<OffsetDateTime>,
    /// A name, so that later proofs can build on this one.
    pub id: Option<String>,
    /// Names of the proofs that this one builds on.
    pub previous: Vec<String>,
    /// What the verifier asked to be signed.
    pub challenge: Option<String>,
    /// Whom the proof is for.
    pub domain: Option<String>,
}

impl ProofOptions {
    /// A proof of `suite` by the key `verification_method`, for `purpose`, made at `created`.
    #[must_use]
    pub fn new(
        suite: Suite,
        verification_method: impl Into<String>,
        purpose: Purpose,
        created: OffsetDateTime,
    ) -> Self {
        Self {
            suite,
            verification_method: verification_method.into(),
            purpose,
            created,
            expires: None,
            id: None,
            previous: Vec::new(),
            challenge: None,
            domain: None,
        }
    }

    /// The proof without its signature. `context` is the document's.
    fn members(&self, context: Option<&Value>) -> Result<Map<String, Value>, Error> {
        let time = |time| written(time).ok_or(Error::Proof("a time that cannot be written"));
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        if self.suite.is_jcs()
            && let Some(context) = context
        {
            put("@context", context.clone());
        }
        put("type", "DataIntegrityProof".into());
        put("cryptosuite", self.suite.name().into());
        put(
            "verificationMethod",
            self.verification_method.clone().into(),
        );
        put("proofPurpose", self.purpose.name().into());
        put("created", time(self.created)?.into());
        if let Some(expires) = self.expires {
            put("expires", time(expires)?.into());
        }
        for (name, text) in [
            ("id", &self.id),
            ("challenge", &self.challenge),
            ("domain", &self.domain),
        ] {
            if let Some(text) = text {
                put(name, text.clone().into());
            }
        }
        match self.previous.as_slice() {
            [] => {}
            [one] => put("previousProof", one.clone().into()),
            more => put("previousProof", more.to_vec().into()),
        }
        Ok(members)
    }
}

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A statement: credentials.
    Assertion,
    /// Showing who one is: presentations.
    Authentication,
}

impl Purpose {
    /// The name in `proofPurpose` and in DID documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Assertion => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

/// What a verifier wants of every proof.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expect<'a> {
    /// The time to judge by.
    pub now: OffsetDateTime,
    /// What the proofs are to be for.
    pub purpose: Purpose,
    /// The challenge the verifier handed out.
    pub challenge: Option<&'a str>,
    /// The name the verifier goes by.
    pub domain: Option<&'a str>,
}

impl<'a> Expect<'a> {
    /// Proofs of statements, judged at `now`.
    #[must_use]
    pub fn assertion(now: OffsetDateTime) -> Self {
        Self {
            now,
            purpose: Purpose::Assertion,
            challenge: None,
            domain: None,
        }
    }

    /// Proofs of who somebody is, in answer to `challenge` and for `domain`, judged at `now`.
    #[must_use]
    pub fn authentication(
        now: OffsetDateTime,
        challenge: Option<&'a str>,
        domain: Option<&'a str>,
    ) -> Self {
        Self {
            now,
            purpose: Purpose::Authentication,
            challenge,
            domain,
        }
    }
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// Its cryptosuite.
    pub suite: Suite,
    /// The DID URL of the key.
    pub verification_method: String,
    /// The DID whose document names the key for this purpose.
    pub controller: String,
    /// When it says it was made.
    pub created: Option<OffsetDateTime>,
}

/// Adds a proof to `document`, beside those that are there.
pub(crate) fn add(
    contexts: &Contexts,
    document: &mut Map<String, Value>,
    options: &ProofOptions,
    signer: &dyn Signer,
) -> Result<(), Error> {
    let present = all(document)?;
    if present.len() >= MAX_PROOFS {
        return Err(Error::TooLarge {
            what: "proofs",
            limit: MAX_PROOFS,
        });
    }
    let members = options.members(document.get("@context"))?;
    let input = input(document, &members, &present)?;
    let key = signer.public_key();
    let message = options.suite.message(contexts, &input, &members, &key)?;
    let signature = signer.sign(&message)?;
    let mut proof = members;
    proof.insert(
        "proofValue".to_owned(),
        format!("z{}", bs58::encode(signature).into_string()).into(),
    );
    let proof = Value::Object(proof);
    let value = match document.remove("proof") {
        None => proof,
        Some(Value::Array(mut proofs)) => {
            proofs.push(proof);
            Value::Array(proofs)
        }
        Some(one) => Value::Array(vec![one, proof]),
    };
    document.insert("proof".to_owned(), value);
    Ok(())
}

/// Checks every proof of `document`; one that does not hold makes the document worthless.
pub(crate) fn verify(
    contexts: &Contexts,
    resolver: &dyn Resolver,
    document: &Map<String, Value>,
    expect: &Expect<'_>,
) -> Result<Vec<Proof>, Error> {
    let proofs: Vec<Map<String, Value>> = all(document)?.into_iter().cloned().collect();
    if proofs.is_empty() {
        return Err(Error::Proof("there is none"));
    }
    let mut names = std::collections::HashSet::new();
    for proof in &proofs {
        if let Some(id) = proof.get("id").and_then(Value::as_str)
            && !names.insert(id)
        {
            return Err(Error::Proof("two proofs of one name"));
        }
    }
    let present: Vec<&Map<String, Value>> = proofs.iter().collect();
    proofs
        .iter()
        .map(|proof| one(contexts, resolver, document, proof, &present, expect))
        .collect()
}

fn one(
    contexts: &Contexts,
    resolver: &dyn Resolver,
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
    present: &[&Map<String, Value>],
    expect: &Expect<'_>,
) -> Result<Proof, Error> {
    let text = |member: &str, reason| match proof.get(member) {
        Some(Value::String(text)) => Ok(text.as_str()),
        _ => Err(Error::Proof(reason)),
    };
    if text("type", "it has no type")? != "DataIntegrityProof" {
        return Err(Error::Proof("it is no DataIntegrityProof"));
    }
    let suite: Suite = text("cryptosuite", "it has no cryptosuite")?.parse()?;
    if text("proofPurpose", "it has no proofPurpose")? != expect.purpose.name() {
        return Err(Error::Proof("it was made for another purpose"));
    }
    let created = time_of(proof, "created")?;
    if created.is_some_and(|created| created > expect.now + AHEAD) {
        return Err(Error::Proof("it was made in the future"));
    }
    if time_of(proof, "expires")?.is_some_and(|end| end <= expect.now) {
        return Err(Error::Proof("it has expired"));
    }
    if proof
        .get("id")
        .is_some_and(|id| !id.as_str().is_some_and(|id| id.contains(':')))
    {
        return Err(Error::Proof("its id is no URL"));
    }
    answers(proof, expect)?;
    let signature = signature(text("proofValue", "it has no proofValue")?)?;
    let url = text("verificationMethod", "it has no verificationMethod")?;
    // A statement stays one when its key is removed later; who somebody is has to be shown with a key of today.
    let at = match expect.purpose {
        Purpose::Assertion => created,
        Purpose::Authentication => None,
    };
    let method = resolve::method(
        resolver,
        url,
        expect.purpose.name(),
        (at, expect.now),
        false,
    )?;
    let mut options = proof.clone();
    options.remove("proofValue");
    let input = input(document, proof, present)?;
    let message = suite.message(contexts, &input, &options, &method.key)?;
    if !method.key.verify(&message, &signature) {
        return Err(Error::Proof("the signature is not one over this document"));
    }
    Ok(Proof {
        suite,
        verification_method: url.to_owned(),
        controller: method.controller,
        created,
    })
}

/// Whether the proof answers what the verifier asked: challenge and domain.
fn answers(proof: &Map<String, Value>, expect: &Expect<'_>) -> Result<(), Error> {
    let challenge = match proof.get("challenge") {
        None => None,
        Some(Value::String(text)) => Some(text.as_str()),
        Some(_) => return Err(Error::Proof("its challenge is no string")),
    };
    let domains = match proof.get("domain") {
        None => Vec::new(),
        Some(value) => {
            strings(value).ok_or(Error::Proof("its domain is neither a string nor a list"))?
        }
    };
    if expect.challenge.is_some() && challenge != expect.challenge {
        return Err(Error::Proof("it does not answer the challenge"));
    }
    if expect
        .domain
        .is_some_and(|domain| !domains.contains(&domain))
    {
        return Err(Error::Proof("it is for another domain"));
    }
    if expect.purpose == Purpose::Authentication
        && ((expect.challenge.is_none() && challenge.is_some())
            || (expect.domain.is_none() && !domains.is_empty()))
    {
        return Err(Error::Proof(
            "it answers a challenge or domain that was not asked",
        ));
    }
    Ok(())
}

fn time_of(proof: &Map<String, Value>, member: &str) -> Result<Option<OffsetDateTime>, Error> {
    match proof.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => match timestamp(text) {
            Some(time) => Ok(Some(time)),
            None => Err(Error::Proof("a time that is no dateTimeStamp")),
        },
        Some(_) => Err(Error::Proof("a time that is no string")),
    }
}

/// A multibase signature: base58btc, 64 or 96 bytes.
fn signature(text: &str) -> Result<Vec<u8>, Error> {
    let encoded = text
        .strip_prefix('z')
        .filter(|encoded| encoded.len() <= 136)
        .ok_or(Error::Proof(
            "its proofValue is not base58btc of a signature",
        ))?;
    bs58::decode(encoded)
        .into_vec()
        .ok()
        .filter(|bytes| matches!(bytes.len(), 64 | 96))
        .ok_or(Error::Proof(
            "its proofValue is not base58btc of a signature",
        ))
}

/// The proofs of a document: an object or a list of objects.
fn all(document: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, Error> {
    let items = match document.get("proof") {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if items.len() > MAX_PROOFS {
        return Err(Error::TooLarge {
            what: "proofs",
            limit: MAX_PROOFS,
        });
    }
    items
        .iter()
        .map(|item| item.as_object().ok_or(Error::Proof("it is no object")))
        .collect()
}

/// The document as this proof signs it: without proofs, but with those it builds on (Data Integrity §4.3).
fn input(
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
    present: &[&Map<String, Value>],
) -> Result<Map<String, Value>, Error> {
    let mut input = document.clone();
    input.remove("proof");
    let Some(previous) = proof.get("previousProof") else {
        return Ok(input);
    };
    let names = strings(previous)
        .filter(|names| !names.is_empty())
        .ok_or(Error::Proof(
            "its previousProof is neither a name nor a list of names",
        ))?;
    let of = |name: &str| {
        let found = present
            .iter()
            .find(|other| other.get("id").and_then(Value::as_str) == Some(name));
        found.ok_or(Error::Proof("it builds on a proof that is not there"))
    };
    for name in &names {
        of(name)?;
    }
    let matching: Vec<Value> = present
        .iter()
        .filter(|other| {
            other
                .get("id")
                .and_then(Value::as_str)
                .is_some_and(|id| names.contains(&id))
        })
        .map(|other| Value::Object((*other).clone()))
        .collect();
    input.insert("proof".to_owned(), matching.into());
    Ok(input)
}
