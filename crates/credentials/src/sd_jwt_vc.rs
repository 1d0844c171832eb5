//! SD-JWT VC: credentials as SD-JWTs, issued and judged by DIDs.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{
    Binding, Credentials, Envelope, Error, PublicKey, Purpose, SdJwt, Signer, Status, json,
    ld::is_absolute, sd_jwt, verify::controller,
};

/// Claims that are never hidden: they say what it is, from whom, for whom and for how long.
const OPEN: [&str; 8] = [
    "iss",
    "nbf",
    "exp",
    "cnf",
    "vct",
    "vct#integrity",
    "status",
    "iat",
];

/// An SD-JWT VC whose signature holds, whose time has come and not passed, and which is not withdrawn.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedSdJwt {
    /// Who states it.
    pub issuer: String,
    /// What kind of credential it is (`vct`).
    pub kind: String,
    /// The claims with what was disclosed of them.
    pub claims: Map<String, Value>,
    /// How it is signed.
    pub envelope: Envelope,
    /// Whether the holder has shown it to this verifier, with a key that the issuer has named.
    pub bound: bool,
    /// What is known of its status.
    pub status: Option<Status>,
}

/// What an SD-JWT VC says beside its claims.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SdJwtOptions<'a> {
    /// The DID URL of the issuer's key.
    pub verification_method: &'a str,
    /// When it is issued.
    pub now: OffsetDateTime,
    /// The places of what is disclosed one by one, as JSON pointers.
    pub hidden: &'a [&'a str],
    /// The key of the holder, for key binding.
    pub holder: Option<&'a PublicKey>,
}

impl<'a> SdJwtOptions<'a> {
    /// Signed by the key `verification_method` at `now`; what stands at the places `hidden` is disclosed one by one.
    #[must_use]
    pub fn new(verification_method: &'a str, now: OffsetDateTime, hidden: &'a [&'a str]) -> Self {
        Self {
            verification_method,
            now,
            hidden,
            holder: None,
        }
    }
}

impl Credentials<'_> {
    /// Signs `claims`, which name their kind in `vct`. `iss`, `iat` and `cnf` are put in. `salt` gives 128 random bits
    /// at each call; without that, what is hidden could be guessed.
    ///
    /// # Errors
    /// Claims that have to be open or have reserved names, and what the key refuses.
    pub fn issue_sd_jwt(
        &self,
        claims: &Map<String, Value>,
        options: &SdJwtOptions<'_>,
        signer: &dyn Signer,
        salt: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<String, Error> {
        let issuer = controller(options.verification_method);
        let mut claims = claims.clone();
        for (name, value) in [
            ("iss", Value::from(issuer)),
            ("iat", options.now.unix_timestamp().into()),
        ] {
            if claims
                .insert(name.to_owned(), value.clone())
                .is_some_and(|old| old != value)
            {
                return Err(Error::Jose("iss and iat are put in here"));
            }
        }
        if let Some(holder) = options.holder {
            let cnf = serde_json::json!({ "jwk": holder.jwk() });
            if claims.insert("cnf".to_owned(), cnf).is_some() {
                return Err(Error::Jose("cnf is put in here"));
            }
        }
        for place in options.hidden {
            let name = place
                .strip_prefix('/')
                .and_then(|rest| rest.split('/').next());
            if name.is_none_or(|name| OPEN.contains(&name)) {
                return Err(Error::Jose("a claim that cannot be hidden"));
            }
        }
        kind(&claims)?;
        let claims = Value::Object(claims);
        reserved(&claims)?;
        json::check(&claims)?;
        let mut header = Map::new();
        header.insert("typ".to_owned(), "dc+sd-jwt".into());
        sd_jwt::issue(
            header,
            &claims,
            options.hidden,
            options.verification_method,
            signer,
            salt,
        )
    }

    /// Judges an SD-JWT VC. With `binding` the holder has to have shown it to this verifier. Without, it is read as the
    /// issuer handed it out, and one that answers a challenge is refused.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify_sd_jwt(
        &self,
        text: &str,
        binding: Option<&Binding<'_>>,
        now: OffsetDateTime,
    ) -> Result<VerifiedSdJwt, Error> {
        let read = SdJwt::read(text)?;
        if !matches!(
            read.token.kind()?.as_deref(),
            Some("dc+sd-jwt" | "vc+sd-jwt")
        ) {
            return Err(Error::Jose("a token of another type"));
        }
        let issuer = read
            .token
            .text("iss")?
            .ok_or(Error::Jose("it does not say by whom it is"))?
            .to_owned();
        let issued = read.token.times(now)?;
        let purpose = Purpose::Assertion.name();
        let (url, method) = read
            .token
            .method(self.resolver, &issuer, purpose, issued, now)?;
        let algorithm = read.check(&method.key)?;
        let claims = read.claims(&method.key, now)?;
        for name in OPEN {
            if claims.get(name) != read.token.claims.get(name) {
                return Err(Error::Jose("a claim is hidden that has to be open"));
            }
        }
        let kind = kind(&claims)?;
        match binding {
            Some(binding) => read.bound(binding, now)?,
            None if read.has_binding() => {
                return Err(Error::Jose("it answers a challenge that was not asked"));
            }
            None => {}
        }
        let status = match claims.get("status") {
            None => None,
            Some(status) => Some(self.token_status(status, &issuer, now)?),
        };
        Ok(VerifiedSdJwt {
            issuer,
            kind,
            envelope: Envelope {
                algorithm,
                verification_method: url,
                controller: method.controller,
            },
            bound: binding.is_some(),
            claims,
            status,
        })
    }
}

fn kind(claims: &Map<String, Value>) -> Result<String, Error> {
    match claims.get("vct") {
        Some(Value::String(kind)) if !kind.is_empty() && kind.len() <= 2048 => {
            if kind.contains(':') && !is_absolute(kind) {
                return Err(Error::Jose("vct is no URI"));
            }
            Ok(kind.clone())
        }
        _ => Err(Error::Jose("it does not say what kind it is (vct)")),
    }
}

/// Names that mean something to the format may not be claims.
fn reserved(value: &Value) -> Result<(), Error> {
    match value {
        Value::Object(members) => {
            if ["_sd", "_sd_alg", "..."]
                .iter()
                .any(|name| members.contains_key(*name))
            {
                return Err(Error::Jose("a claim with a reserved name"));
            }
            members.values().try_for_each(reserved)
        }
        Value::Array(items) => items.iter().try_for_each(reserved),
        _ => Ok(()),
    }
}
