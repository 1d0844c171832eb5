//! The people one knows, as the desktop shows them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// How far a contact is to be trusted to be who he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactTrust {
    /// Always the same person so far, but nobody compared anything.
    New,
    /// The person compared.
    Verified,
    /// The safety number changed. Nothing is sent until the person accepts it.
    Changed,
    /// Nothing is wanted of this contact.
    Blocked,
}

/// How a contact came to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactOrigin {
    /// Scanned from the screen or paper of the person himself.
    InPerson,
    /// A link or picture that came some other way.
    Link,
    /// The DID was typed.
    Did,
    /// He wrote first.
    Request,
}

/// A person one knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactItem {
    /// Who.
    pub did: String,
    /// What the person calls him.
    pub name: String,
    /// What the person wrote about him.
    pub note: String,
    /// How far he is trusted.
    pub trust: ContactTrust,
    /// How he came.
    pub origin: ContactOrigin,
    /// By his newest identity log; empty before the first meeting.
    pub devices: Vec<ContactDevice>,
    /// The device of the card he was added by: the one to meet first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub card_node: Option<String>,
    /// When he was added.
    #[serde(with = "time::serde::rfc3339")]
    pub added: OffsetDateTime,
    /// When he was last compared and found right.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub verified: Option<OffsetDateTime>,
    /// When one of his devices last proved itself.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub met: Option<OffsetDateTime>,
}

/// A device of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactDevice {
    /// Its node on QNet.
    pub node: String,
    /// Whether it is connected now.
    pub connected: bool,
}

/// Everything about a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactDetail {
    /// Who.
    pub contact: ContactItem,
    /// Twelve groups of five digits, the same on both sides; none before the first meeting.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub safety_number: Option<String>,
    /// The number of the keys that the person last accepted, while those of now are others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_number: Option<String>,
    /// What changed about him, newest first.
    pub changes: Vec<ContactEvent>,
}

/// What became different about a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactEvent {
    /// When it was noticed.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub what: ContactEventKind,
    /// When the person accepted it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub accepted: Option<OffsetDateTime>,
    /// Devices that came.
    pub added: Vec<String>,
    /// Devices that went.
    pub removed: Vec<String>,
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactEventKind {
    /// The keys are others than before.
    Number,
    /// The keys are not those the card promised.
    OtherThanCard,
    /// Somebody showed another history of the identity; it was refused.
    Fork,
}

/// What others add this person by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactCard {
    /// The person's own DID.
    pub did: String,
    /// `webx:contact:…`; fits a QR code.
    pub card: String,
    /// Good until then.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
}

/// Somebody to add.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContact {
    /// A DID, or a card.
    #[schema(min_length = 1, max_length = 4096)]
    pub text: String,
    /// What the person calls him, 1 to 128 bytes; the card's own name when left out.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub name: Option<String>,
    /// The card was scanned from the screen or paper of the person himself: that counts as a comparison.
    #[serde(default)]
    pub in_person: bool,
}

/// What the person keeps about a contact; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactPatch {
    /// What the person calls him, 1 to 128 bytes.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub name: Option<String>,
    /// What the person writes about him, at most 4096 bytes.
    #[serde(default)]
    #[schema(max_length = 4096)]
    pub note: Option<String>,
    /// Whether nothing is wanted of him.
    #[serde(default)]
    pub blocked: Option<bool>,
}

/// Contacts changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactsChange {
    /// Who, if it was one alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub did: Option<String>,
}
