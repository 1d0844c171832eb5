//! What can be wrong with a credential.

/// Why a document was refused or could not be made.
///
/// The text names the place and the rule. Of what the document says it repeats at most a short,
/// printable piece, so that it can be shown and logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or JSON with a repeated member or a number that readers do not agree on.
    #[error("not readable as JSON: {0}")]
    Syntax(String),
    /// A limit of [`limits`](crate::limits) was reached.
    #[error("{what}: over the limit of {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// A context that is not shipped. None is ever fetched.
    #[error("the context {0} is unknown here, and contexts are never fetched")]
    UnknownContext(String),
    /// Something in the document that its contexts give no meaning, or that this reader refuses.
    #[error("JSON-LD: {reason}: {place}")]
    JsonLd {
        /// The rule.
        reason: &'static str,
        /// The member or value.
        place: String,
    },
    /// A rule of the data model.
    #[error("{at}: {reason}")]
    Model {
        /// The member.
        at: &'static str,
        /// The rule.
        reason: &'static str,
    },
    /// A proof that does not hold.
    #[error("proof: {0}")]
    Proof(&'static str),
    /// A token that does not hold.
    #[error("token: {0}")]
    Jose(&'static str),
    /// A graph made to be expensive, or too symmetrical to be worth its work.
    #[error("the graph takes more work to put in order than is allowed")]
    Poison,
    /// A key or the text of a key.
    #[error("key: {0}")]
    Key(&'static str),
    /// A DID that does not lead to the key.
    #[error("{did}: {reason}")]
    Did {
        /// The DID or DID URL, shortened.
        did: String,
        /// Why it does not.
        reason: String,
    },
    /// A status list or a status entry that says nothing.
    #[error("status: {0}")]
    Status(&'static str),
    /// A JSON schema that is not read, or that the credential does not follow.
    #[error("schema: {0}")]
    Schema(&'static str),
    /// The issuer has taken his statement back, or suspended it.
    #[error("the issuer has set the status \"{0}\" for this credential")]
    Withdrawn(String),
}

impl Error {
    pub(crate) fn ld(reason: &'static str, place: &str) -> Self {
        Self::JsonLd {
            reason,
            place: short(place),
        }
    }

    pub(crate) fn model(at: &'static str, reason: &'static str) -> Self {
        Self::Model { at, reason }
    }

    /// A DID that could not be resolved; for implementations of [`Resolver`](crate::Resolver).
    #[must_use]
    pub fn did(did: &str, reason: impl Into<String>) -> Self {
        Self::Did {
            did: short(did),
            reason: reason.into(),
        }
    }
}

/// A piece of outside text that is safe to show: at most 80 characters, all of them printable.
pub(crate) fn short(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(80)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}
