//! The drive as a WebDAV file system.

use std::{collections::VecDeque, time::SystemTime};

use axum::http::{HeaderMap, StatusCode, Uri};
use dav_server::{
    davpath::DavPath,
    fs::{
        DavDirEntry, DavFile, DavFileSystem, DavMetaData, DavProp, FsError, FsFuture, FsResult,
        FsStream, OpenOptions, ReadDirMeta,
    },
};
use futures_util::stream;
use webx_drive::{Drive, Error, Kind, Node, NodeId, OnConflict};

use super::{
    file::{Reading, Writing},
    tree::{copy, turn},
};
use crate::{
    door::Home,
    tables::{Failed, Property, Tables},
};

/// What a request asks of whole trees, so that they are moved, copied and removed in one step and not file by file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tree {
    /// Folders are listed as they are.
    Listed,
    /// Folders are removed whole: for the walk that removes them they look empty.
    Removed,
    /// Folders are copied whole: making the copy's folder copies all, and the walk that copies finds nothing more.
    Copied,
}

/// The drive for one request.
#[derive(Clone)]
pub(super) struct DriveFs {
    home: Home,
    tables: Tables,
    tree: Tree,
    source: Option<String>,
}

/// What the file system tells of a node.
#[derive(Clone, Debug)]
pub(super) struct Meta(pub(super) Node);

struct Entry(Node);

impl DriveFs {
    pub(super) fn new(home: Home, tables: Tables, request: &axum::extract::Request) -> Self {
        let deep = |headers: &HeaderMap| {
            headers
                .get("depth")
                .is_none_or(|d| d.as_bytes().eq_ignore_ascii_case(b"infinity"))
        };
        let (tree, source) = match request.method().as_str() {
            "DELETE" | "MOVE" => (Tree::Removed, None),
            "COPY" if deep(request.headers()) => (Tree::Copied, path_of_uri(request.uri())),
            _ => (Tree::Listed, None),
        };
        Self {
            home,
            tables,
            tree,
            source,
        }
    }

    fn run<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&Drive, &Tables) -> FsResult<T> + Send + 'static,
    ) -> FsFuture<'a, T> {
        let (drive, tables) = (self.home.drive.clone(), self.tables.clone());
        Box::pin(async move {
            tokio::task::spawn_blocking(move || work(&drive, &tables))
                .await
                .map_err(|_| FsError::GeneralFailure)?
        })
    }
}

/// The drive's path of a request's address; `None` when it is none.
pub(super) fn path_of_uri(uri: &Uri) -> Option<String> {
    let mut path = DavPath::new(uri.path()).ok()?;
    path.set_prefix(super::PREFIX).ok()?;
    text(&path).ok()
}

fn text(path: &DavPath) -> FsResult<String> {
    let path = std::str::from_utf8(path.as_bytes()).map_err(|_| FsError::NotFound)?;
    // The library compares the prefix by its letters only: `/davx` would come through without its slash.
    if path.starts_with('/') {
        Ok(path.to_owned())
    } else {
        Err(FsError::Forbidden)
    }
}

/// The folder of a path, as a node, and the last name.
fn place(drive: &Drive, path: &str) -> FsResult<(NodeId, String)> {
    let path = path.trim_end_matches('/');
    let (above, name) = path.rsplit_once('/').ok_or(FsError::Forbidden)?;
    let parent = drive.resolve(above).map_err(failed)?;
    if parent.kind != Kind::Folder {
        return Err(FsError::Forbidden);
    }
    Ok((parent.id, name.to_owned()))
}

pub(super) fn failed(error: Error) -> FsError {
    match error {
        Error::NotFound(_) | Error::NotAFolder(_) => FsError::NotFound,
        Error::Exists(_) => FsError::Exists,
        Error::Quota { .. } | Error::Vault(webx_vault::Error::DiskFull { .. }) => {
            FsError::InsufficientStorage
        }
        Error::TooLarge { .. } => FsError::TooLarge,
        Error::BadName { .. }
        | Error::IntoItself
        | Error::Root
        | Error::NotAFile(_)
        | Error::Trashed(_) => FsError::Forbidden,
        other => {
            tracing::warn!("WebDAV: {other}");
            FsError::GeneralFailure
        }
    }
}

pub(super) fn stored(error: Failed) -> FsError {
    match error {
        Failed::Full => FsError::InsufficientStorage,
        other => {
            tracing::warn!("WebDAV: {other}");
            FsError::GeneralFailure
        }
    }
}

impl DavFileSystem for DriveFs {
    fn open<'a>(
        &'a self,
        path: &'a DavPath,
        options: OpenOptions,
    ) -> FsFuture<'a, Box<dyn DavFile>> {
        let path = text(path);
        self.run(move |drive, _| {
            let path = path?;
            if !options.write {
                let node = drive.resolve(&path).map_err(failed)?;
                let reader = drive.open_file(node.id, None).map_err(failed)?;
                return Ok(Box::new(Reading::new(node, reader)) as Box<dyn DavFile>);
            }
            let (parent, name) = place(drive, &path)?;
            match drive.resolve(&path) {
                Ok(there) if there.kind == Kind::Folder => return Err(FsError::Exists),
                Ok(_) if options.create_new => return Err(FsError::Exists),
                // Versions are whole files: a part of one is not changed in place.
                Ok(_) if !options.truncate => return Err(FsError::NotImplemented),
                Ok(_) => {}
                Err(Error::NotFound(_)) if options.create => {}
                Err(error) => return Err(failed(error)),
            }
            let meta = webx_drive::FileMeta {
                size: options.size,
                modified: None,
            };
            if !options.truncate {
                // A lock on a name that is free makes an empty file (RFC 4918, section 7.3).
                let node = drive
                    .begin_write(parent, &name, meta, OnConflict::Fail)
                    .and_then(webx_drive::FileWriter::finish)
                    .map_err(failed)?;
                return Ok(Box::new(Writing::done(node)) as Box<dyn DavFile>);
            }
            let writer = drive
                .begin_write(parent, &name, meta, OnConflict::NewVersion)
                .map_err(failed)?;
            Ok(Box::new(Writing::begun(writer)) as Box<dyn DavFile>)
        })
    }

    fn read_dir<'a>(
        &'a self,
        path: &'a DavPath,
        _: ReadDirMeta,
    ) -> FsFuture<'a, FsStream<Box<dyn DavDirEntry>>> {
        let path = text(path);
        let drive = self.home.drive.clone();
        let empty = self.tree != Tree::Listed;
        Box::pin(async move {
            let path = path?;
            let pages = drive.clone();
            let folder = tokio::task::spawn_blocking(move || drive.resolve(&path).map_err(failed))
                .await
                .map_err(|_| FsError::GeneralFailure)??;
            if folder.kind != Kind::Folder {
                return Err(FsError::Forbidden);
            }
            let first = (!empty).then_some(0);
            let entries = stream::unfold(
                (VecDeque::new(), first, pages),
                move |(mut page, mut next, drive)| async move {
                    if page.is_empty()
                        && let Some(offset) = next
                    {
                        match turn(drive.clone(), folder.id, offset).await {
                            Ok((nodes, total)) => {
                                let reached = offset + nodes.len() as u64;
                                next = (reached < total && !nodes.is_empty()).then_some(reached);
                                page = nodes;
                            }
                            Err(error) => {
                                return Some((Err(error), (VecDeque::new(), None, drive)));
                            }
                        }
                    }
                    let node = page.pop_front()?;
                    Some((
                        Ok(Box::new(Entry(node)) as Box<dyn DavDirEntry>),
                        (page, next, drive),
                    ))
                },
            );
            Ok(Box::pin(entries) as FsStream<Box<dyn DavDirEntry>>)
        })
    }

    fn metadata<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, Box<dyn DavMetaData>> {
        let path = text(path);
        self.run(move |drive, _| {
            Ok(Box::new(Meta(drive.resolve(&path?).map_err(failed)?)) as Box<dyn DavMetaData>)
        })
    }

    fn create_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        let path = text(path);
        let source = self.source.clone().filter(|_| self.tree == Tree::Copied);
        self.run(move |drive, tables| {
            let (parent, name) = place(drive, &path?)?;
            match source {
                None => drive
                    .create_folder(parent, &name, OnConflict::Fail)
                    .map(drop)
                    .map_err(failed),
                Some(source) => copy(drive, tables, &source, parent, &name),
            }
        })
    }

    fn remove_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        self.remove_file(path)
    }

    fn remove_file<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        let path = text(path);
        self.run(move |drive, _| {
            let node = drive.resolve(&path?).map_err(failed)?;
            drive.remove(node.id).map(drop).map_err(failed)
        })
    }

    fn rename<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        let (from, to) = (text(from), text(to));
        self.run(move |drive, _| {
            let node = drive.resolve(&from?).map_err(failed)?;
            let (parent, name) = place(drive, &to?)?;
            drive
                .mv(node.id, parent, Some(&name), OnConflict::Fail)
                .map(drop)
                .map_err(failed)
        })
    }

    fn copy<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        let (from, to) = (text(from), text(to));
        self.run(move |drive, tables| {
            let (parent, name) = place(drive, &to?)?;
            copy(drive, tables, &from?, parent, &name)
        })
    }

    fn have_props<'a>(
        &'a self,
        path: &'a DavPath,
    ) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        let path = text(path);
        let known = self.run(move |drive, tables| {
            let node = drive.resolve(&path?).map_err(failed)?;
            tables.has_properties(node.id.as_bytes()).map_err(stored)
        });
        Box::pin(async move { known.await.unwrap_or(false) })
    }

    fn patch_props<'a>(
        &'a self,
        path: &'a DavPath,
        patch: Vec<(bool, DavProp)>,
    ) -> FsFuture<'a, Vec<(StatusCode, DavProp)>> {
        let path = text(path);
        self.run(move |drive, tables| {
            let node = drive.resolve(&path?).map_err(failed)?;
            let answers = patch
                .iter()
                .map(|(_, p)| {
                    (
                        StatusCode::OK,
                        DavProp {
                            xml: None,
                            ..p.clone()
                        },
                    )
                })
                .collect();
            let changes: Vec<_> = patch
                .into_iter()
                .map(|(set, p)| {
                    let property = Property {
                        namespace: p.namespace.unwrap_or_default(),
                        name: p.name,
                        prefix: p.prefix,
                        xml: p.xml.unwrap_or_default(),
                    };
                    (set, property)
                })
                .collect();
            tables
                .patch_properties(node.id.as_bytes(), &changes)
                .map_err(stored)?;
            Ok(answers)
        })
    }

    fn get_props<'a>(&'a self, path: &'a DavPath, do_content: bool) -> FsFuture<'a, Vec<DavProp>> {
        let path = text(path);
        self.run(move |drive, tables| {
            let node = drive.resolve(&path?).map_err(failed)?;
            let properties = tables.properties(node.id.as_bytes()).map_err(stored)?;
            let shown = |p: Property| DavProp {
                name: p.name,
                prefix: p.prefix,
                namespace: Some(p.namespace).filter(|n| !n.is_empty()),
                xml: do_content.then_some(p.xml),
            };
            Ok(properties.into_iter().map(shown).collect())
        })
    }

    fn get_prop<'a>(&'a self, path: &'a DavPath, prop: DavProp) -> FsFuture<'a, Vec<u8>> {
        let path = text(path);
        self.run(move |drive, tables| {
            let node = drive.resolve(&path?).map_err(failed)?;
            let namespace = prop.namespace.unwrap_or_default();
            let all = tables.properties(node.id.as_bytes()).map_err(stored)?;
            all.into_iter()
                .find(|p| p.name == prop.name && p.namespace == namespace)
                .map(|p| p.xml)
                .ok_or(FsError::NotFound)
        })
    }

    fn get_quota(&'_ self) -> FsFuture<'_, (u64, Option<u64>)> {
        let vault = self.home.vault.clone();
        self.run(move |drive, _| {
            let usage = drive.usage().map_err(failed)?;
            let free = vault.free_space().map_err(|_| FsError::GeneralFailure)?;
            let room = usage.stored.saturating_add(free);
            Ok((
                usage.stored,
                Some(usage.quota.map_or(room, |quota| quota.min(room))),
            ))
        })
    }
}

impl DavMetaData for Meta {
    fn len(&self) -> u64 {
        self.0.size
    }

    fn modified(&self) -> FsResult<SystemTime> {
        Ok(self.0.modified.into())
    }

    fn created(&self) -> FsResult<SystemTime> {
        Ok(self.0.created.into())
    }

    fn is_dir(&self) -> bool {
        self.0.kind == Kind::Folder
    }

    fn etag(&self) -> Option<String> {
        Some(format!("{}-{}", self.0.id, self.0.version_id))
    }
}

impl DavDirEntry for Entry {
    fn name(&self) -> Vec<u8> {
        self.0.name.clone().into_bytes()
    }

    fn metadata(&'_ self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        Box::pin(std::future::ready(Ok(
            Box::new(Meta(self.0.clone())) as Box<dyn DavMetaData>
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_path_inside_the_drive_or_nothing() {
        let path = |uri: &str| uri.parse::<Uri>().ok().as_ref().and_then(path_of_uri);
        assert_eq!(path("/dav/a%20b/c"), Some("/a b/c".to_owned()));
        assert_eq!(path("/dav/"), Some("/".to_owned()));
        assert_eq!(path("/dav/a/../../x"), None);
        assert_eq!(path("/dav/%2e%2e/x"), None);
        assert_eq!(path("/dav/a%2fb"), None);
        assert_eq!(path("/dav/a%00b"), None);
        assert_eq!(path("/other"), None);
        assert_eq!(path("/dav/%ff"), None);
    }
}
