#![no_main]

use std::sync::OnceLock;

use time::OffsetDateTime;
use webx_credentials::{
    Contexts, Credentials, DidJwk, DidKey, Error, Expect, ProofOptions, PublicKey, Purpose, Resolver, SdJwt, Signer,
    StatusList, StatusLists, Suite, TokenStatusList, resolution,
};

const NOW: i64 = 1_790_000_000;

struct Both;

impl Resolver for Both {
    fn resolve(&self, did: &str, at: Option<OffsetDateTime>) -> Result<serde_json::Value, Error> {
        DidKey.resolve(did, at).or_else(|_| DidJwk.resolve(did, at))
    }
}

/// Every list is what is being fuzzed.
struct Itself<'a>(&'a [u8]);

impl StatusLists for Itself<'_> {
    fn list(&self, _: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(Some(self.0.to_vec()))
    }
}

// The first byte says as what the rest is read; all of it comes from strangers.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static CONTEXTS: OnceLock<Contexts> = OnceLock::new();
    let contexts = CONTEXTS.get_or_init(|| Contexts::shipped().expect("the shipped contexts"));
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    let now = OffsetDateTime::from_unix_timestamp(NOW).expect("a time");
    let lists = Itself(data);
    let credentials = Credentials::new(contexts, &Both, &lists);
    let text = std::str::from_utf8(data);
    match (kind % 7, text) {
        (0, _) => drop(credentials.verify(data, now)),
        (1, _) => {
            let expect = Expect::authentication(now, Some("c"), Some("d"));
            drop(credentials.verify_presentation(data, &expect));
        }
        (2, Ok(text)) => {
            drop(credentials.verify_token(text, now));
            drop(credentials.verify_sd_jwt(text, None, now));
            if let Ok(read) = SdJwt::read(text)
                && let Ok(places) = read.places()
            {
                let places: Vec<&str> = places.iter().map(String::as_str).collect();
                assert!(read.reveal(&places).is_ok());
            }
        }
        (3, Ok(text)) => {
            drop(StatusList::decode(text));
            for bits in [1, 2, 4, 8] {
                if let Ok(list) = TokenStatusList::decode(bits, text) {
                    assert_eq!(TokenStatusList::decode(bits, &list.encode().expect("text")), Ok(list));
                }
            }
        }
        (4, Ok(text)) => drop(resolution(text, None, &Both)),
        (5, Ok(text)) => {
            if let Ok(key) = PublicKey::from_multikey(text) {
                assert_eq!(key.multikey(), text);
            }
        }
        (6, _) => {
            // What can be issued is believed, in every suite.
            let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
            let name = key.public_key().multikey();
            let Ok(mut document) = webx_credentials::read(data) else {
                return;
            };
            let Some(members) = document.as_object_mut() else {
                return;
            };
            for later in ["proof", "credentialStatus", "validFrom", "validUntil", "issuanceDate", "expirationDate"] {
                members.remove(later);
            }
            members.insert("issuer".to_owned(), format!("did:key:{name}").into());
            for suite in [Suite::EddsaRdfc2022, Suite::EddsaJcs2022] {
                let options = ProofOptions::new(suite, format!("did:key:{name}#{name}"), Purpose::Assertion, now);
                if let Ok(signed) = credentials.issue(&document, &options, &key) {
                    let verdict = credentials.verify(signed.to_string().as_bytes(), now);
                    assert!(verdict.is_ok(), "{verdict:?}: {signed}");
                }
            }
        }
        _ => {}
    }
});
