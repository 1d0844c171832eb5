//! Verifiable credentials: statements that anybody can check, by W3C Data Model 2.0 (1.1 is read too)
//! with Data Integrity proofs or as signed tokens, Bitstring Status Lists, SD-JWT VC (RFC 9901) and Token Status Lists.
//!
//! ```
//! use serde_json::json;
//! use time::macros::datetime;
//! use webx_credentials::{Contexts, Credentials, DidKey, NoLists, ProofOptions, Purpose, Signer, Suite};
//!
//! # fn main() -> Result<(), webx_credentials::Error> {
//! let contexts = Contexts::shipped()?;
//! let credentials = Credentials::new(&contexts, &DidKey, &NoLists);
//! let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]); // from the vault, really
//! let name = key.public_key().multikey();
//! let issuer = format!("did:key:{name}");
//! let now = datetime!(2026-11-23 12:00 UTC);
//!
//! let options = ProofOptions::new(Suite::EddsaRdfc2022, format!("{issuer}#{name}"), Purpose::Assertion, now);
//! let credential = credentials.issue(
//!     &json!({
//!         "@context": ["https://www.w3.org/ns/credentials/v2", { "club": "https://club.example/terms#club" }],
//!         "type": ["VerifiableCredential"],
//!         "issuer": issuer,
//!         "credentialSubject": { "id": "did:example:anna", "club": "Rowing" },
//!     }),
//!     &options,
//!     &key,
//! )?;
//! let verified = credentials.verify(credential.to_string().as_bytes(), now)?;
//! assert_eq!(verified.issuer, issuer);
//!
//! let forged = credential.to_string().replace("Rowing", "Chess");
//! assert!(credentials.verify(forged.as_bytes(), now).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! What is judged is the received document, never one that was written again. Contexts are shipped,
//! pinned by hash and never fetched. Every member has to mean something by the contexts, in every
//! suite, so that nothing in the JSON is beside what was signed. Time comes in as an argument; keys
//! are found through a [`Resolver`], status lists through [`StatusLists`]. The limits stand in [`limits`].

mod envelope;
mod error;
mod jose;
mod json;
mod jwk;
mod keys;
mod ld;
pub mod limits;
mod model;
mod proof;
mod related;
mod resolution;
mod resolve;
mod schema;
mod sd_jwt;
mod sd_jwt_vc;
mod status;
mod suite;
mod time;
mod token_status;
mod verify;

pub use envelope::{Answer, Envelope, enveloped, enveloped_presentation, is_presentation};
pub use error::Error;
pub use jose::Algorithm;
pub use json::parse as read;
pub use keys::{PublicKey, Signer};
pub use ld::Contexts;
pub use model::Edition;
pub use proof::{Expect, Proof, ProofOptions, Purpose};
pub use resolution::{Failure, Resolution, resolution};
pub use resolve::{DidJwk, DidKey, Resolver};
pub use schema::{Schema, SchemaState};
pub use sd_jwt::{Binding, SdJwt, bind};
pub use sd_jwt_vc::{SdJwtOptions, VerifiedSdJwt};
pub use status::{MIN_ENTRIES, StatusList};
pub use suite::Suite;
pub use token_status::TokenStatusList;
pub use verify::{
    Credentials, NoLists, Status, StatusLists, VerifiedCredential, VerifiedPresentation,
};
