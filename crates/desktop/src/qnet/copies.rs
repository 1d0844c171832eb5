//! Copies of the drive on other nodes, as the desktop shows them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What two people keep for each other. Bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpaceAgreement {
    /// The other one.
    pub did: String,
    /// What he is called here, if a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What this node keeps for him at most.
    pub given: u64,
    /// What it does.
    pub given_used: u64,
    /// What he keeps for this node at most, as he said last.
    pub taken: u64,
    /// What he does.
    pub taken_used: u64,
    /// Blocks of this drive that he has said he keeps.
    pub blocks: u64,
    /// When he was heard last.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub heard: Option<OffsetDateTime>,
    /// Pieces that he has shown when he was asked for a sample.
    pub proved: u64,
    /// Pieces that he could not show.
    pub failed: u64,
}

/// What the last round of copying found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyRound {
    /// Nodes that keep something and count.
    pub hosts: u64,
    /// Blocks of the drive.
    pub blocks: u64,
    /// Copies made in this round.
    pub copied: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Blocks that lie on fewer nodes than they should.
    pub lacking: u64,
    /// Blocks that lie on no other node.
    pub nowhere: u64,
    /// Pieces shown in this round.
    pub proved: u64,
    /// Pieces that could not be shown.
    pub failed: u64,
    /// Copies given up because nothing needs them.
    pub dropped: u64,
}

/// Copies of the drive, and what is kept for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopiesView {
    /// On how many nodes each block should lie.
    pub wanted: u64,
    /// What is agreed with whom.
    pub agreements: Vec<SpaceAgreement>,
    /// The last round since the node was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<CopyRound>,
}

/// How much is kept for somebody.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSpace {
    /// Bytes at most; 0 ends it, and what is kept goes.
    pub bytes: u64,
}

/// What came back from the copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoredDrive {
    /// Files that are in the tree again. Their bytes come when they are read, and all of them in the background.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Bytes of the files.
    pub bytes: u64,
}
