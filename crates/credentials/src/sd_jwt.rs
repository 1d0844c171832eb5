//! SD-JWT (RFC 9901): a token whose claims are disclosed one by one, and the key binding of who shows it.

use std::collections::{HashMap, HashSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    Error, PublicKey, Signer,
    jose::{self, Algorithm, Jws},
    json,
    ld::Hash,
    limits::{MAX_DEPTH, MAX_DISCLOSURES, MAX_DOCUMENT},
};

/// How old a key binding may be.
const MAX_AGE: Duration = Duration::minutes(10);
const WRONG: Error = Error::Jose("not a token with disclosures (TOKEN~DISCLOSURE~…~)");

/// An SD-JWT that was taken apart. Nothing of it was checked.
#[derive(Debug)]
pub struct SdJwt<'a> {
    pub(crate) token: Jws<'a>,
    disclosures: Vec<Disclosure<'a>>,
    /// All up to the last `~`: what a key binding signs.
    shown: &'a str,
    binding: Option<&'a str>,
}

/// What a verifier asks of the key binding.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Binding<'a> {
    /// What was handed out to be signed (`nonce`).
    pub nonce: &'a str,
    /// The name the verifier goes by (`aud`).
    pub audience: &'a str,
}

impl<'a> Binding<'a> {
    /// A binding to `nonce` and `audience`.
    #[must_use]
    pub fn new(nonce: &'a str, audience: &'a str) -> Self {
        Self { nonce, audience }
    }
}

/// The claims, and which disclosure stands at which place.
type Processed = (Map<String, Value>, Vec<(String, usize)>);

#[derive(Debug)]
struct Disclosure<'a> {
    text: &'a str,
    /// `None`: an element of a list.
    name: Option<String>,
    value: Value,
}

impl<'a> SdJwt<'a> {
    /// Takes `TOKEN~DISCLOSURE~…~` or `TOKEN~DISCLOSURE~…~BINDING` apart.
    ///
    /// # Errors
    /// What is no SD-JWT, and [`Error::TooLarge`].
    pub fn read(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_DOCUMENT {
            return Err(Error::TooLarge {
                what: "bytes of the document",
                limit: MAX_DOCUMENT,
            });
        }
        let (rest, last) = text.rsplit_once('~').ok_or(WRONG)?;
        let shown = text.get(..=rest.len()).ok_or(WRONG)?;
        let mut parts = rest.split('~');
        let token = Jws::read(parts.next().ok_or(WRONG)?)?;
        let disclosures: Vec<_> = parts
            .take(MAX_DISCLOSURES + 1)
            .map(disclosure)
            .collect::<Result<_, _>>()?;
        if disclosures.len() > MAX_DISCLOSURES {
            return Err(Error::TooLarge {
                what: "disclosures",
                limit: MAX_DISCLOSURES,
            });
        }
        Ok(Self {
            token,
            disclosures,
            shown,
            binding: (!last.is_empty()).then_some(last),
        })
    }

    /// The claims with what is disclosed of them, when `key` has signed them and their time is `now`.
    ///
    /// # Errors
    /// A signature that does not hold, a disclosure that belongs to nothing, claims that collide.
    pub fn claims(
        &self,
        key: &PublicKey,
        now: OffsetDateTime,
    ) -> Result<Map<String, Value>, Error> {
        self.token.times(now)?;
        self.token.check(key)?;
        self.processed().map(|(claims, _)| claims)
    }

    /// Which of the holder's keys the issuer has named (`cnf.jwk`).
    ///
    /// # Errors
    /// [`Error::Key`] for a key that is none.
    pub fn holder_key(&self) -> Result<Option<PublicKey>, Error> {
        match self.token.claims.get("cnf") {
            None => Ok(None),
            Some(cnf) => match cnf.get("jwk").and_then(Value::as_object) {
                Some(jwk) => PublicKey::from_jwk(jwk).map(Some),
                None => Err(Error::Jose(
                    "the holder's key is written in a way that is not read here",
                )),
            },
        }
    }

    /// Checks that the holder has shown this, with these disclosures, to this verifier, a short time ago.
    ///
    /// # Errors
    /// The first thing that is otherwise.
    pub fn bound(&self, expect: &Binding<'_>, now: OffsetDateTime) -> Result<(), Error> {
        let key = self
            .holder_key()?
            .ok_or(Error::Jose("the issuer has named no key of the holder"))?;
        let binding = self
            .binding
            .ok_or(Error::Jose("it is shown without a key binding"))?;
        let binding = Jws::read(binding)?;
        if binding.kind()?.as_deref() != Some("kb+jwt") {
            return Err(Error::Jose("the key binding is a token of another type"));
        }
        if binding.text("nonce")? != Some(expect.nonce) {
            return Err(Error::Jose("it does not answer the challenge"));
        }
        if binding.text("aud")? != Some(expect.audience) {
            return Err(Error::Jose("it is for another domain"));
        }
        let made = binding
            .times(now)?
            .ok_or(Error::Jose("the key binding does not say when it was made"))?;
        if made + MAX_AGE < now {
            return Err(Error::Jose("the key binding is older than ten minutes"));
        }
        let hash = URL_SAFE_NO_PAD.encode(self.hash()?.of(self.shown.as_bytes()));
        if binding.text("sd_hash")? != Some(&hash) {
            return Err(Error::Jose("the key binding is for other disclosures"));
        }
        binding.check(&key).map(drop)
    }

    /// Whether there is a key binding.
    #[must_use]
    pub fn has_binding(&self) -> bool {
        self.binding.is_some()
    }

    /// The places that can be disclosed, as JSON pointers.
    ///
    /// # Errors
    /// As [`SdJwt::claims`], without looking at the signature.
    pub fn places(&self) -> Result<Vec<String>, Error> {
        self.processed()
            .map(|(_, places)| places.into_iter().map(|(place, _)| place).collect())
    }

    /// The same token with the disclosures at `places` alone, and with those that they stand in. Without key binding.
    ///
    /// # Errors
    /// A place that is not there.
    pub fn reveal(&self, places: &[&str]) -> Result<String, Error> {
        let (_, known) = self.processed()?;
        for place in places {
            if !known.iter().any(|(name, _)| name == place) {
                return Err(Error::Jose("there is nothing of that name to be disclosed"));
            }
        }
        let within = |outer: &str, inner: &str| {
            inner == outer
                || inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut text = self.shown.split('~').next().unwrap_or_default().to_owned();
        text.push('~');
        for (name, number) in known {
            if places.iter().any(|place| within(&name, place))
                && let Some(disclosure) = self.disclosures.get(number)
            {
                text.push_str(disclosure.text);
                text.push('~');
            }
        }
        Ok(text)
    }

    fn hash(&self) -> Result<Hash, Error> {
        match self.token.claims.get("_sd_alg") {
            None => Ok(Hash::Sha256),
            Some(name) => match name.as_str() {
                Some("sha-256") => Ok(Hash::Sha256),
                Some("sha-384") => Ok(Hash::Sha384),
                Some("sha-512") => Ok(Hash::Sha512),
                _ => Err(Error::Jose(
                    "its disclosures are hashed in a way that is not read here",
                )),
            },
        }
    }

    /// §7.1: puts every disclosure in its place. Says which disclosure stands where.
    fn processed(&self) -> Result<Processed, Error> {
        let hash = self.hash()?;
        let mut by_digest = HashMap::new();
        for (number, disclosure) in self.disclosures.iter().enumerate() {
            let digest = URL_SAFE_NO_PAD.encode(hash.of(disclosure.text.as_bytes()));
            if by_digest.insert(digest, number).is_some() {
                return Err(Error::Jose("the same disclosure twice"));
            }
        }
        let mut work = Work {
            disclosures: &self.disclosures,
            by_digest,
            seen: HashSet::new(),
            places: Vec::new(),
        };
        let mut claims = self.token.claims.clone();
        claims.remove("_sd_alg");
        let claims = work.object(claims, "", 0)?;
        if work.places.len() != self.disclosures.len() {
            return Err(Error::Jose("a disclosure that belongs to nothing"));
        }
        Ok((claims, work.places))
    }
}

/// Makes the key binding for `text`, which ends with `~`, and puts it behind.
///
/// # Errors
/// What is no SD-JWT, and a key that is not the one the issuer has named.
pub fn bind(
    text: &str,
    binding: &Binding<'_>,
    now: OffsetDateTime,
    signer: &dyn Signer,
) -> Result<String, Error> {
    let read = SdJwt::read(text)?;
    if read.has_binding() {
        return Err(Error::Jose("it has a key binding already"));
    }
    if read.holder_key()?.as_ref() != Some(&signer.public_key()) {
        return Err(Error::Jose(
            "the issuer has named another key of the holder, or none",
        ));
    }
    let hash = URL_SAFE_NO_PAD.encode(read.hash()?.of(text.as_bytes()));
    let mut header = Map::new();
    header.insert("typ".to_owned(), "kb+jwt".into());
    let claims = json!({
        "iat": now.unix_timestamp(), "nonce": binding.nonce, "aud": binding.audience, "sd_hash": hash,
    });
    Ok(format!(
        "{text}{}",
        jose::sign(header, &claims, "", signer)?
    ))
}

/// Signs `claims` as an SD-JWT in which the values at `hidden` (JSON pointers) are disclosed one by one.
/// `salt` gives 128 random bits at each call.
pub(crate) fn issue(
    header: Map<String, Value>,
    claims: &Value,
    hidden: &[&str],
    kid: &str,
    signer: &dyn Signer,
    salt: &mut dyn FnMut() -> [u8; 16],
) -> Result<String, Error> {
    let mut claims = claims.clone();
    // What is inside goes first, so that it is hidden in what is hidden around it.
    let mut order: Vec<&str> = hidden.to_vec();
    order.sort_by_key(|place| std::cmp::Reverse(place.matches('/').count()));
    order.dedup();
    let mut disclosures = Vec::new();
    for place in order {
        let salt = URL_SAFE_NO_PAD.encode(salt());
        let (around, name) = place
            .rsplit_once('/')
            .ok_or(Error::Jose("not a JSON pointer"))?;
        let name = name.replace("~1", "/").replace("~0", "~");
        let missing = Error::Jose("there is nothing at a place that is to be hidden");
        match claims.pointer_mut(around).ok_or(missing.clone())? {
            Value::Object(members) => {
                let value = members.remove(&name).ok_or(missing)?;
                let text = URL_SAFE_NO_PAD.encode(json!([salt, name, value]).to_string());
                let digest = Value::from(URL_SAFE_NO_PAD.encode(Hash::Sha256.of(text.as_bytes())));
                match members.entry("_sd").or_insert_with(|| json!([])) {
                    Value::Array(digests) => {
                        // In the order of the digests, which says nothing about that of the claims.
                        digests.push(digest);
                        digests.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                    }
                    _ => return Err(Error::Jose("a claim with a reserved name")),
                }
                disclosures.push(text);
            }
            Value::Array(items) => {
                let item = name
                    .parse::<usize>()
                    .ok()
                    .and_then(|place| items.get_mut(place));
                let item = item.ok_or(missing)?;
                let text = URL_SAFE_NO_PAD.encode(json!([salt, item]).to_string());
                *item = json!({ "...": URL_SAFE_NO_PAD.encode(Hash::Sha256.of(text.as_bytes())) });
                disclosures.push(text);
            }
            _ => return Err(missing),
        }
    }
    if let Value::Object(members) = &mut claims {
        members.insert("_sd_alg".to_owned(), "sha-256".into());
    }
    let mut text = jose::sign(header, &claims, kid, signer)?;
    for disclosure in &disclosures {
        text.push('~');
        text.push_str(disclosure);
    }
    text.push('~');
    // What is handed out is what others read.
    SdJwt::read(&text)?.processed()?;
    Ok(text)
}

fn disclosure(text: &str) -> Result<Disclosure<'_>, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| WRONG)?;
    let wrong = Error::Jose("a disclosure that is none");
    let Value::Array(items) = json::parse(&bytes)? else {
        return Err(wrong);
    };
    let mut items = items.into_iter();
    if !items.next().is_some_and(|salt| salt.is_string()) {
        return Err(wrong);
    }
    match (items.next(), items.next(), items.next()) {
        (Some(value), None, None) => Ok(Disclosure {
            text,
            name: None,
            value,
        }),
        (Some(Value::String(name)), Some(value), None)
            if !matches!(name.as_str(), "_sd" | "...") =>
        {
            Ok(Disclosure {
                text,
                name: Some(name),
                value,
            })
        }
        _ => Err(wrong),
    }
}

struct Work<'a> {
    disclosures: &'a [Disclosure<'a>],
    by_digest: HashMap<String, usize>,
    seen: HashSet<String>,
    places: Vec<(String, usize)>,
}

impl Work<'_> {
    /// The disclosure of a digest. A digest stands once in all.
    fn find(&mut self, digest: &Value) -> Result<Option<usize>, Error> {
        let digest = digest
            .as_str()
            .ok_or(Error::Jose("a digest that is no string"))?;
        if !self.seen.insert(digest.to_owned()) {
            return Err(Error::Jose("the same digest twice"));
        }
        Ok(self.by_digest.get(digest).copied())
    }

    fn value(&mut self, value: Value, at: &str, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooLarge {
                what: "levels of disclosures",
                limit: MAX_DEPTH,
            });
        }
        match value {
            Value::Object(members) => self.object(members, at, depth).map(Value::Object),
            Value::Array(items) => self.list(items, at, depth).map(Value::Array),
            other => Ok(other),
        }
    }

    fn object(
        &mut self,
        mut members: Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Result<Map<String, Value>, Error> {
        let digests = match members.remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(Error::Jose("_sd is no list")),
        };
        if members.contains_key("...") || (depth > 0 && members.contains_key("_sd_alg")) {
            return Err(Error::Jose("a claim with a reserved name"));
        }
        let mut out = Map::new();
        for (name, value) in members {
            let value = self.value(value, &format!("{at}/{}", escaped(&name)), depth + 1)?;
            out.insert(name, value);
        }
        for digest in digests {
            let Some(number) = self.find(&digest)? else {
                continue;
            };
            let disclosure = self.disclosures.get(number).ok_or(WRONG)?;
            let name = disclosure
                .name
                .as_ref()
                .ok_or(Error::Jose("an element of a list where a claim belongs"))?;
            if out.contains_key(name) {
                return Err(Error::Jose("a disclosure for a claim that is there"));
            }
            let place = format!("{at}/{}", escaped(name));
            self.places.push((place.clone(), number));
            let value = self.value(disclosure.value.clone(), &place, depth + 1)?;
            out.insert(name.clone(), value);
        }
        Ok(out)
    }

    fn list(&mut self, items: Vec<Value>, at: &str, depth: usize) -> Result<Vec<Value>, Error> {
        let mut out = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            let place = format!("{at}/{number}");
            let digest = match &item {
                Value::Object(members) if members.len() == 1 => members.get("..."),
                _ => None,
            };
            let Some(digest) = digest.cloned() else {
                out.push(self.value(item, &place, depth + 1)?);
                continue;
            };
            let Some(number) = self.find(&digest)? else {
                continue;
            };
            let disclosure = self.disclosures.get(number).ok_or(WRONG)?;
            if disclosure.name.is_some() {
                return Err(Error::Jose("a claim where an element of a list belongs"));
            }
            self.places.push((place.clone(), number));
            out.push(self.value(disclosure.value.clone(), &place, depth + 1)?);
        }
        Ok(out)
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// How the token is signed, for those who show it.
impl SdJwt<'_> {
    pub(crate) fn check(&self, key: &PublicKey) -> Result<Algorithm, Error> {
        self.token.check(key)
    }
}
