//! Files from person to person, as the desktop shows them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::ContactTrust;

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TransferState {
    /// The other side was not reached yet.
    Waiting,
    /// Somebody has to decide: this person about what comes, the other one about what goes.
    Offered,
    /// This person said yes; the file comes as soon as the other side is there.
    Accepted,
    /// It is there.
    Done,
    /// It is not wanted.
    Refused,
    /// It is not offered any more.
    Withdrawn,
    /// It cannot come; `why` says it.
    Failed,
}

impl TransferState {
    /// It has not ended yet.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Offered | Self::Accepted)
    }
}

/// A file that one person offers another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferItem {
    /// Names it on this node.
    pub id: i64,
    /// The person at the other end.
    pub did: String,
    /// What that person is called here, if a contact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contact: Option<String>,
    /// How far that person is to be trusted to be who he is, if a contact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust: Option<ContactTrust>,
    /// Whether it comes to this person.
    pub incoming: bool,
    /// The file's name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Bytes that have moved.
    pub moved: u64,
    /// Whether bytes move right now.
    pub moving: bool,
    /// How it stands.
    pub state: TransferState,
    /// Why it failed, as a stable word: `stranger` (the other side does not know this person, or wants nothing of him), `name` (the
    /// other side takes no such name), `lost` (the file or this version of it is gone), `other` (what came was not what was
    /// offered), `corrupt` (it was damaged under way), `somebodyElse` (the device belongs to somebody else now), `space`, `drive`,
    /// `expired` (nobody decided for 30 days).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// The file in the drive: the one that is sent, or the one that came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<String>,
    /// When it was offered.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// When its state last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

/// A file to offer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTransfer {
    /// A file of the drive; its present version is sent.
    #[schema(max_length = 64)]
    pub node: String,
}

/// Files on their way changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransfersChange {
    /// With whom, if it was one alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub did: Option<String>,
}
