//! The other side of the interop test: one JSON request on each line, one JSON answer on each line.
//!
//! `issue` signs a credential with the key of a seed, `present` a presentation, `verify` and `verifyPresentation` judge,
//! `sdJwt`, `show` and `verifySdJwt` do the same for SD-JWT VC. Keys are made from one byte: they are no secrets.

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_credentials::{
    Binding, Contexts, Credentials, DidJwk, DidKey, Error, Expect, NoLists, ProofOptions, Purpose,
    Resolver, SdJwt, SdJwtOptions, Signer, Suite, bind,
};

struct Both;

impl Resolver for Both {
    fn resolve(&self, did: &str, at: Option<OffsetDateTime>) -> Result<Value, Error> {
        if did.starts_with("did:jwk:") {
            DidJwk.resolve(did, at)
        } else {
            DidKey.resolve(did, at)
        }
    }
}

fn key(kind: &str) -> Result<Box<dyn Signer>, Error> {
    let wrong = |_| Error::Key("no such key");
    Ok(match kind {
        "P-256" => Box::new(p256::ecdsa::SigningKey::from_slice(&[7; 32]).map_err(wrong)?),
        "P-384" => Box::new(p384::ecdsa::SigningKey::from_slice(&[7; 48]).map_err(wrong)?),
        _ => Box::new(ed25519_dalek::SigningKey::from_bytes(&[7; 32])),
    })
}

fn answer(contexts: &Contexts, asked: &Value) -> Result<Value, Error> {
    let credentials = Credentials::new(contexts, &Both, &NoLists);
    let now = OffsetDateTime::now_utc();
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let document = asked.get("document").cloned().unwrap_or_default();
    let key = key(text("key"))?;
    let name = key.public_key().multikey();
    let did = format!("did:key:{name}");
    let method = format!("{did}#{name}");
    let places: Vec<&str> = asked
        .get("places")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let challenge = || (Some(text("challenge")), Some(text("domain")));
    let options = |purpose| -> Result<ProofOptions, Error> {
        let suite: Suite = text("suite").parse()?;
        Ok(ProofOptions::new(suite, &method, purpose, now))
    };
    Ok(match text("do") {
        "who" => json!({ "did": did, "jwk": key.public_key().jwk() }),
        "issue" => credentials.issue(&document, &options(Purpose::Assertion)?, key.as_ref())?,
        "present" => {
            let mut options = options(Purpose::Authentication)?;
            options.challenge = Some(text("challenge").to_owned());
            options.domain = Some(text("domain").to_owned());
            credentials.present(&[document], &did, &options, key.as_ref())?
        }
        "verify" => json!(credentials.verify_read(document, now)?.issuer),
        "verifyPresentation" => {
            let (challenge, domain) = challenge();
            let expect = Expect::authentication(now, challenge, domain);
            json!(
                credentials
                    .verify_presentation_read(document, &expect)?
                    .holder
            )
        }
        "sdJwt" => {
            let mut count = 0_u8;
            let mut salt = || {
                count = count.wrapping_add(1);
                [count; 16]
            };
            let claims = document.as_object().cloned().unwrap_or_default();
            let holder = key.public_key();
            let mut options = SdJwtOptions::new(&method, now, &places);
            options.holder = Some(&holder);
            json!(credentials.issue_sd_jwt(&claims, &options, key.as_ref(), &mut salt)?)
        }
        "show" => {
            let less = SdJwt::read(text("token"))?.reveal(&places)?;
            let binding = Binding::new(text("challenge"), text("domain"));
            json!(bind(&less, &binding, now, key.as_ref())?)
        }
        "verifySdJwt" => {
            let binding = Binding::new(text("challenge"), text("domain"));
            let bound = (!text("challenge").is_empty()).then_some(&binding);
            Value::Object(credentials.verify_sd_jwt(text("token"), bound, now)?.claims)
        }
        _ => return Err(Error::Syntax("nothing that is done here".to_owned())),
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contexts = Contexts::shipped()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&contexts, &webx_credentials::read(line?.as_bytes())?) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
