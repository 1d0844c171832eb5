//! What files and folders look like outside.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_drive::NodeId;

use crate::http::problem::Problem;

/// Folder or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Folder,
    File,
}

/// A file or folder.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    /// Names it for good; the root folder is also called `root`.
    pub(crate) id: String,
    /// The folder it lies in; absent for the root and for what lies directly in the trash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// Its name; empty for the root.
    pub(crate) name: String,
    /// Folder or file.
    pub(crate) kind: Kind,
    /// Bytes of the file; 0 for a folder.
    pub(crate) size: u64,
    /// When the content was last changed, as its source said.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) modified: OffsetDateTime,
    /// When it was put into the drive.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created: OffsetDateTime,
    /// How many versions were written, this one included; 0 for a folder.
    pub(crate) version: u64,
    /// Names the content: it changes when the content does. Good for caches of previews.
    pub(crate) version_id: u64,
    /// The media type by the name's extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime: Option<String>,
    /// How many nodes lie directly in a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child_count: Option<u64>,
    /// Set when it, or a folder above it, is in the trash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trashed: Option<Trashed>,
}

/// How something came into the trash.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trashed {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// The path it had.
    pub(crate) from_path: String,
}

impl From<webx_drive::Node> for Node {
    fn from(node: webx_drive::Node) -> Self {
        Self {
            id: node.id.to_string(),
            parent: node.parent.map(|p| p.to_string()),
            name: node.name,
            kind: match node.kind {
                webx_drive::Kind::Folder => Kind::Folder,
                webx_drive::Kind::File => Kind::File,
            },
            size: node.size,
            modified: node.modified,
            created: node.created,
            version: node.version,
            version_id: node.version_id.0,
            mime: node.mime.map(Into::into),
            child_count: node.child_count,
            trashed: node.trashed.map(|t| Trashed {
                at: t.at,
                from_path: t.from_path,
            }),
        }
    }
}

/// A part of a listing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodePage {
    pub(crate) items: Vec<Node>,
    /// How many the whole listing has.
    pub(crate) total: u64,
}

impl From<webx_drive::Page> for NodePage {
    fn from(page: webx_drive::Page) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            total: page.total,
        }
    }
}

/// What is done when a name is taken: nothing (409 `exists`), the next version of what is there, or a number on the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OnConflict {
    Fail,
    NewVersion,
    KeepBoth,
}

impl From<OnConflict> for webx_drive::OnConflict {
    fn from(choice: OnConflict) -> Self {
        match choice {
            OnConflict::Fail => Self::Fail,
            OnConflict::NewVersion => Self::NewVersion,
            OnConflict::KeepBoth => Self::KeepBoth,
        }
    }
}

/// The choice in a request; refusal when none was made.
pub(crate) fn on_conflict(choice: Option<OnConflict>) -> webx_drive::OnConflict {
    choice.unwrap_or(OnConflict::Fail).into()
}

/// A node's name in an address.
pub(crate) fn node_id(text: &str) -> Result<NodeId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found("a file or folder with this id"))
}

/// A time in a query.
pub(crate) fn time(text: &str) -> Result<OffsetDateTime, Problem> {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .map_err(|_| Problem::bad_request("a time is written like 2026-11-22T10:00:00Z"))
}
