//! A browser as far as the node sees it: a key that is never given away, a token, a proof on every request.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Ask, PASSPHRASE, Reply};

pub struct Browser {
    pub port: u16,
    pub token: String,
    key: EcdsaKeyPair,
}

impl Browser {
    pub fn new(port: u16) -> Self {
        Self {
            port,
            token: String::new(),
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    pub fn origin(&self) -> String {
        format!("http://webx.localhost:{}", self.port)
    }

    /// The claims of a proof for a request, to be changed by a test.
    pub fn claims(&self, method: &str, path: &str) -> Value {
        let jti = uuid::Uuid::new_v4().to_string();
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let url = format!("{}{}", self.origin(), path.split('?').next().unwrap());
        let mut claims = json!({"htm": method, "htu": url, "iat": now, "jti": jti});
        if !self.token.is_empty() {
            claims["ath"] = json!(
                URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.token.as_bytes()))
            );
        }
        claims
    }

    pub fn sign(&self, claims: &Value) -> String {
        let public = self.key.public_key().as_ref();
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&public[1..33]), "y": URL_SAFE_NO_PAD.encode(&public[33..])});
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), text.as_bytes())
            .unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A request with token and proof.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        self.ask_with(method, path, &self.sign(&self.claims(method, path)))
    }

    pub fn ask_with(&self, method: &str, path: &str, proof: &str) -> Ask {
        let ask = Ask::new(self.port, method, path)
            .own_page()
            .header("dpop", proof);
        if self.token.is_empty() {
            ask
        } else {
            ask.header("authorization", &format!("DPoP {}", self.token))
        }
    }

    /// A request that the shell makes for an app.
    pub fn ask_for(&self, app: &str, method: &str, path: &str) -> Ask {
        self.ask(method, path).header("webx-app", app)
    }

    #[allow(clippy::needless_pass_by_value)] // reads better with json! in place
    pub fn json(&self, method: &str, path: &str, body: Value) -> Ask {
        self.ask(method, path).json(&body)
    }

    pub fn get(&self, path: &str) -> Value {
        self.ask("GET", path).expect(200).value()
    }

    pub fn onboard(&mut self) -> Reply {
        let body = json!({"passphrase": PASSPHRASE, "displayName": "Ada", "deviceName": "Laptop"});
        let reply = self.json("POST", "/api/onboarding", body).send();
        self.take_token(&reply);
        reply
    }

    #[allow(clippy::needless_pass_by_value)] // reads better with json! in place
    pub fn log_in(&mut self, secret: Value) -> Reply {
        self.token.clear();
        let reply = self.json("POST", "/api/session", secret).send();
        self.take_token(&reply);
        reply
    }

    pub fn take_token(&mut self, reply: &Reply) {
        if reply.status == 200 {
            self.token = reply.value()["token"].as_str().unwrap().to_owned();
        }
    }

    /// Writes a small file and answers its node.
    pub fn put(&self, parent: &str, name: &str, bytes: &[u8]) -> Value {
        let path = format!(
            "/api/drive/nodes/{parent}/files/{}",
            super::wire::part(name)
        );
        self.ask("PUT", &path).bytes(bytes).expect(200).value()
    }

    pub fn folder(&self, parent: &str, name: &str) -> String {
        let node = self
            .json(
                "POST",
                &format!("/api/drive/nodes/{parent}/children"),
                json!({"name": name}),
            )
            .expect(200)
            .value();
        node["id"].as_str().unwrap().to_owned()
    }
}

/// A node's id.
pub fn id(node: &Value) -> &str {
    node["id"].as_str().unwrap()
}
