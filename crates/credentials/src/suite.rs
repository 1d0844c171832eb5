//! The cryptosuites: how a document and a proof become the bytes that are signed.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    Contexts, Error, PublicKey,
    ld::{self, Hash},
};

/// A Data Integrity cryptosuite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suite {
    /// Ed25519 over canonical JSON (RFC 8785).
    EddsaJcs2022,
    /// Ed25519 over the canonical graph (RDFC-1.0).
    EddsaRdfc2022,
    /// P-256 or P-384 over canonical JSON.
    EcdsaJcs2019,
    /// P-256 or P-384 over the canonical graph.
    EcdsaRdfc2019,
}

impl Suite {
    /// All suites of this crate.
    pub const ALL: [Self; 4] = [
        Self::EddsaJcs2022,
        Self::EddsaRdfc2022,
        Self::EcdsaJcs2019,
        Self::EcdsaRdfc2019,
    ];

    /// The name in a proof's `cryptosuite`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
        }
    }

    pub(crate) fn is_jcs(self) -> bool {
        matches!(self, Self::EddsaJcs2022 | Self::EcdsaJcs2019)
    }

    /// The hash that goes with `key`, when this suite signs with such a key.
    fn hash(self, key: &PublicKey) -> Result<Hash, Error> {
        match (self, key) {
            (Self::EddsaJcs2022 | Self::EddsaRdfc2022, PublicKey::Ed25519(_))
            | (Self::EcdsaJcs2019 | Self::EcdsaRdfc2019, PublicKey::P256(_)) => Ok(Hash::Sha256),
            (Self::EcdsaJcs2019 | Self::EcdsaRdfc2019, PublicKey::P384(_)) => Ok(Hash::Sha384),
            _ => Err(Error::Proof(
                "the key is of another kind than its cryptosuite",
            )),
        }
    }

    /// What is signed: the hash of the proof's options, then the hash of the document.
    ///
    /// `options` is the proof without `proofValue`, `document` the document without proofs, or with
    /// those that the proof builds on.
    pub(crate) fn message(
        self,
        contexts: &Contexts,
        document: &Map<String, Value>,
        options: &Map<String, Value>,
        key: &PublicKey,
    ) -> Result<Vec<u8>, Error> {
        let hash = self.hash(key)?;
        let context = document.get("@context");
        if let Some(own) = options.get("@context")
            && Some(own) != context
        {
            return Err(Error::Proof("its @context is not the one of the document"));
        }
        let (options, document) = if self.is_jcs() {
            (jcs(options)?, jcs(document)?)
        } else {
            let mut options = options.clone();
            if let Some(context) = context {
                options.insert("@context".to_owned(), context.clone());
            }
            (
                ld::canonicalize(&ld::graph(contexts, &options)?, hash)?,
                ld::canonicalize(&ld::graph(contexts, document)?, hash)?,
            )
        };
        let mut message = hash.of(options.as_bytes());
        message.extend(hash.of(document.as_bytes()));
        Ok(message)
    }
}

fn jcs(members: &Map<String, Value>) -> Result<String, Error> {
    serde_json_canonicalizer::to_string(members).map_err(|e| Error::Syntax(e.to_string()))
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Suite {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.name() == text)
            .ok_or(Error::Proof("a cryptosuite that is not known here"))
    }
}
