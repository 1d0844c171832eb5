//! The rules of the data model: W3C Verifiable Credentials 2.0, and 1.1 for what older issuers wrote.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{
    Error,
    ld::{is_absolute, is_language, strings},
    related,
    time::timestamp,
};

/// Which edition of the data model a document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Data Model 1.1: read, never written.
    V1,
    /// Data Model 2.0.
    V2,
}

const V1: &str = "https://www.w3.org/2018/credentials/v1";
pub(crate) const V2: &str = "https://www.w3.org/ns/credentials/v2";

/// What the rules need to know of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) edition: Edition,
    pub(crate) issuer: String,
    pub(crate) from: Option<OffsetDateTime>,
    pub(crate) until: Option<OffsetDateTime>,
}

type Members = Map<String, Value>;

/// Checks a credential without looking at proofs.
pub(crate) fn credential(document: &Members) -> Result<Outline, Error> {
    let edition = edition(document)?;
    types(document, "VerifiableCredential")?;
    id(document, "id", false)?;
    let issuer = party(document, "issuer")?.ok_or(Error::model("issuer", "is required"))?;
    for member in ["name", "description"] {
        if edition == Edition::V2 {
            text(document, member)?;
        }
    }
    each(document, "credentialSubject", true, |subject| {
        if subject.is_empty() {
            return Err(Error::model("credentialSubject", "says nothing"));
        }
        id(subject, "credentialSubject.id", false)
    })?;
    let (from, until) = match edition {
        Edition::V1 => ("issuanceDate", "expirationDate"),
        Edition::V2 => ("validFrom", "validUntil"),
    };
    if edition == Edition::V1 && !document.contains_key(from) {
        return Err(Error::model("issuanceDate", "is required"));
    }
    let (from, until) = (time(document, from)?, time(document, until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        return Err(Error::model("validUntil", "lies before validFrom"));
    }
    for (member, with_id) in [
        ("credentialStatus", edition == Edition::V1),
        ("credentialSchema", true),
        ("refreshService", edition == Edition::V1),
        ("termsOfUse", false),
        ("evidence", false),
    ] {
        each(document, member, false, |entry| {
            id(entry, member_id(member), with_id)?;
            typed(entry, member)
        })?;
    }
    if edition == Edition::V2 {
        related::read(document)?;
    }
    Ok(Outline {
        edition,
        issuer,
        from,
        until,
    })
}

/// Checks a presentation without looking at proofs or credentials; returns the holder it names.
pub(crate) fn presentation(document: &Members) -> Result<Option<String>, Error> {
    let edition = edition(document)?;
    types(document, "VerifiablePresentation")?;
    id(document, "id", false)?;
    each(
        document,
        "verifiableCredential",
        edition == Edition::V1,
        |_| Ok(()),
    )?;
    each(document, "termsOfUse", false, |entry| {
        id(entry, "termsOfUse.id", false)?;
        typed(entry, "termsOfUse")
    })?;
    party(document, "holder")
}

/// An unsigned presentation.
pub(crate) fn new_presentation(credentials: &[Value], holder: &str) -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": credentials,
    })
}

/// Objects of a member that holds one or a list of them.
pub(crate) fn objects<'a>(
    document: &'a Members,
    member: &'static str,
) -> Result<Vec<&'a Members>, Error> {
    let items = match document.get(member) {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) if items.is_empty() => {
            return Err(Error::model(member, "is an empty list"));
        }
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    items
        .iter()
        .map(|item| {
            item.as_object()
                .ok_or(Error::model(member, "has to hold objects"))
        })
        .collect()
}

fn each(
    document: &Members,
    member: &'static str,
    required: bool,
    rule: impl Fn(&Members) -> Result<(), Error>,
) -> Result<(), Error> {
    let entries = objects(document, member)?;
    if required && entries.is_empty() {
        return Err(Error::model(member, "is required"));
    }
    entries.into_iter().try_for_each(rule)
}

fn member_id(member: &'static str) -> &'static str {
    match member {
        "credentialStatus" => "credentialStatus.id",
        "credentialSchema" => "credentialSchema.id",
        "refreshService" => "refreshService.id",
        "termsOfUse" => "termsOfUse.id",
        _ => "evidence.id",
    }
}

fn edition(document: &Members) -> Result<Edition, Error> {
    let list = document
        .get("@context")
        .ok_or(Error::model("@context", "is required"))?
        .as_array()
        .ok_or(Error::model("@context", "has to be an ordered set"))?;
    if !list
        .iter()
        .all(|item| item.is_object() || item.as_str().is_some_and(is_absolute))
    {
        return Err(Error::model("@context", "may hold only URLs and objects"));
    }
    match list.first().and_then(Value::as_str) {
        Some(V2) => Ok(Edition::V2),
        Some(V1) => Ok(Edition::V1),
        _ => Err(Error::model(
            "@context",
            "the first item has to be the base context of the data model",
        )),
    }
}

fn types(document: &Members, wanted: &'static str) -> Result<(), Error> {
    let names = document.get("type").and_then(strings).ok_or(Error::model(
        "type",
        "is required, a term or a list of terms",
    ))?;
    if names.contains(&wanted) {
        Ok(())
    } else {
        Err(Error::model(
            "type",
            "does not say that this is a credential or a presentation",
        ))
    }
}

fn typed(entry: &Members, member: &'static str) -> Result<(), Error> {
    match entry.get("type").and_then(strings) {
        Some(names) if !names.is_empty() => Ok(()),
        _ => Err(Error::model(member, "needs a type")),
    }
}

/// An `id`: one URL. `at` is its place, for the error.
pub(crate) fn id(entry: &Members, at: &'static str, required: bool) -> Result<(), Error> {
    match entry.get("id") {
        None if required => Err(Error::model(at, "is required")),
        None => Ok(()),
        Some(Value::String(text)) if is_absolute(text) => Ok(()),
        Some(_) => Err(Error::model(at, "has to be one URL")),
    }
}

/// An issuer or holder: a URL, or an object with one.
fn party(document: &Members, member: &'static str) -> Result<Option<String>, Error> {
    let name = match document.get(member) {
        None => return Ok(None),
        Some(Value::Object(party)) => {
            for member in ["name", "description"] {
                text(party, member)?;
            }
            party.get("id").and_then(Value::as_str)
        }
        Some(value) => value.as_str(),
    };
    match name {
        Some(name) if is_absolute(name) => Ok(Some(name.to_owned())),
        _ => Err(Error::model(
            member,
            "has to be a URL or an object with a URL as id",
        )),
    }
}

/// A text for people: a string, or a value with its language and direction, or a list of those.
fn text(entry: &Members, member: &'static str) -> Result<(), Error> {
    let plain = |value: &Value| match value {
        Value::String(_) => true,
        Value::Object(value) => {
            value.get("@value").is_some_and(Value::is_string)
                && value
                    .iter()
                    .all(|(name, value)| match (name.as_str(), value) {
                        ("@value", _) => true,
                        ("@language", Value::String(tag)) => is_language(tag),
                        ("@direction", Value::String(way)) => matches!(way.as_str(), "ltr" | "rtl"),
                        _ => false,
                    })
        }
        _ => false,
    };
    let good = match entry.get(member) {
        None => true,
        Some(Value::Array(items)) => {
            !items.is_empty() && items.iter().all(|item| item.is_object() && plain(item))
        }
        Some(value) => plain(value),
    };
    if good {
        Ok(())
    } else {
        Err(Error::model(
            member,
            "has to be a string or a value with a language",
        ))
    }
}

fn time(document: &Members, member: &'static str) -> Result<Option<OffsetDateTime>, Error> {
    match document.get(member) {
        None => Ok(None),
        Some(value) => match value.as_str().and_then(timestamp) {
            Some(time) => Ok(Some(time)),
            None => Err(Error::model(
                member,
                "has to be a dateTimeStamp with its offset",
            )),
        },
    }
}
