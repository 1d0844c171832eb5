//! Whole trees under WebDAV's hands.

use std::collections::VecDeque;

use dav_server::fs::{FsError, FsResult};
use webx_drive::{Drive, Kind, ListQuery, Node, NodeId, OnConflict};

use super::fs::{failed, stored};
use crate::tables::Tables;

/// A page of a folder.
pub(super) async fn turn(
    drive: Drive,
    folder: NodeId,
    offset: u64,
) -> FsResult<(VecDeque<Node>, u64)> {
    tokio::task::spawn_blocking(move || {
        let page = drive
            .list(
                folder,
                &ListQuery {
                    offset,
                    ..ListQuery::default()
                },
            )
            .map_err(failed)?;
        Ok((page.items.into(), page.total))
    })
    .await
    .map_err(|_| FsError::GeneralFailure)?
}

/// Copies a file or a whole folder with its dead properties.
pub(super) fn copy(
    drive: &Drive,
    tables: &Tables,
    from: &str,
    parent: NodeId,
    name: &str,
) -> FsResult<()> {
    let source = drive.resolve(from).map_err(failed)?;
    let copied = drive
        .copy(source.id, parent, Some(name), OnConflict::Fail)
        .map_err(failed)?;
    if tables.has_any_property().map_err(stored)? {
        copy_properties(drive, tables, &source, &copied)?;
    }
    Ok(())
}

/// Walks two equal trees side by side.
fn copy_properties(drive: &Drive, tables: &Tables, from: &Node, to: &Node) -> FsResult<()> {
    let mut open = vec![(from.clone(), to.clone())];
    while let Some((from, to)) = open.pop() {
        tables
            .copy_properties(from.id.as_bytes(), to.id.as_bytes())
            .map_err(stored)?;
        if from.kind != Kind::Folder {
            continue;
        }
        let mut query = ListQuery::default();
        loop {
            let page = drive.list(from.id, &query).map_err(failed)?;
            let twins = drive.list(to.id, &query).map_err(failed)?;
            query.offset += page.items.len() as u64;
            let last = page.items.is_empty() || query.offset >= page.total;
            let pairs = page.items.into_iter().zip(twins.items);
            open.extend(pairs.filter(|(one, other)| one.name == other.name));
            if last {
                break;
            }
        }
    }
    Ok(())
}
