//! A folder as a zip file that is made while it is sent.

use std::{
    collections::HashSet,
    io::{self, Read, Write},
};

use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use webx_drive::{Drive, Kind, ListQuery, Node, NodeId, name::safe_name};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::node_id;
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{
        bytes::Bytes,
        extract::{Path, Query},
        media, policy,
        problem::Problem,
    },
    jobs::{JobKind, JobState, Ticket},
    stream::{self, ChunkWriter, chunk_writer},
};

/// Most files and folders that are named for one zip file.
const MAX_TOGETHER: usize = 1000;

/// A folder with all that is in it as a zip file (zip64 where needed, stored without compression). Progress is told as a job.
#[utoipa::path(get, path = "/api/drive/nodes/{id}/archive", operation_id = "getArchive", tag = "drive", params(("id" = String, Path, description = "The folder, or `root`")),
    responses((status = 200, body = Bytes, content_type = "application/zip"), (status = 422, body = Problem, content_type = "application/problem+json", description = "code not-a-folder")))]
pub(crate) async fn archive(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = node_id(&id)?;
    let drive = home.drive.clone();
    let folder = blocking(move || Ok(drive.node(id)?)).await?;
    if folder.kind != Kind::Folder {
        return Err(webx_drive::Error::NotAFolder(folder.name).into());
    }
    let name = if folder.name.is_empty() {
        "drive.zip".to_owned()
    } else {
        format!("{}.zip", folder.name)
    };
    let level = blocking(move || {
        let level = Level::new(&home.drive, id, String::new()).map_err(stream::problem)?;
        Ok((home.drive, level))
    });
    send(&desktop, level.await?, &name).await
}

/// What goes into one zip file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ArchiveParams {
    /// Files and folders, separated by commas; at most 1000.
    ids: String,
}

/// Several files and folders as one zip file. Equal names get numbers.
#[utoipa::path(get, path = "/api/drive/archive", operation_id = "getArchiveOf", tag = "drive", params(ArchiveParams),
    responses((status = 200, body = Bytes, content_type = "application/zip"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn archive_several(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Query(asked): Query<ArchiveParams>,
) -> Result<Response, Problem> {
    let ids = asked
        .ids
        .split(',')
        .take(MAX_TOGETHER + 1)
        .map(node_id)
        .collect::<Result<Vec<_>, _>>()?;
    if ids.len() > MAX_TOGETHER {
        return Err(Problem::bad_request(format!(
            "at most {MAX_TOGETHER} files and folders go into one zip file"
        )));
    }
    let level = blocking(move || {
        let nodes = ids
            .into_iter()
            .map(|id| home.drive.node(id))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((home.drive, Level::of(nodes)))
    });
    send(&desktop, level.await?, "files.zip").await
}

async fn send(
    desktop: &Desktop,
    (drive, level): (Drive, Level),
    name: &str,
) -> Result<Response, Problem> {
    let place = desktop.heavy().await?;
    let ticket = desktop
        .jobs()
        .begin(JobKind::Archive, None)
        .ok_or_else(Problem::busy)?;
    let (body, writer) = chunk_writer();
    let busy = desktop.idle().enter(true);
    tokio::task::spawn_blocking(move || {
        let _hold = (place, busy);
        pack(&drive, level, writer, ticket);
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (header::CONTENT_DISPOSITION, media::disposition(false, name)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy::CONTENT),
        ),
    ];
    Ok((headers, body).into_response())
}

/// Writes the whole archive and tells how it ended.
fn pack(drive: &Drive, first: Level, writer: ChunkWriter, mut ticket: Ticket) {
    let mut done = 0;
    match pack_all(drive, first, writer, &mut ticket, &mut done) {
        Ok(()) => ticket.end(done, JobState::Done, None, None),
        Err(_) if ticket.cancelled() => ticket.end(done, JobState::Cancelled, None, None),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            ticket.end(done, JobState::Cancelled, None, None);
        }
        Err(error) => {
            tracing::warn!("an archive broke off: {error}");
            ticket.end(done, JobState::Failed, Some(error.to_string()), None);
        }
    }
}

fn pack_all(
    drive: &Drive,
    first: Level,
    writer: ChunkWriter,
    ticket: &mut Ticket,
    done: &mut u64,
) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(writer);
    let mut open = vec![first];
    let mut buffer = vec![0; 256 * 1024];
    while let Some(level) = open.last_mut() {
        let Some(node) = level.next(drive)? else {
            open.pop();
            continue;
        };
        // Safe on every system, and not twice in one folder.
        let path = format!(
            "{}{}",
            level.prefix,
            safe_name(&node.name, &mut level.taken)
        );
        match node.kind {
            Kind::Folder => {
                let path = format!("{path}/");
                zip.add_directory(path.clone(), options(&node))?;
                open.push(Level::new(drive, node.id, path)?);
            }
            Kind::File => {
                zip.start_file(
                    path,
                    options(&node).large_file(node.size >= u64::from(u32::MAX) - (1 << 20)),
                )?;
                let mut reader = drive.open_file(node.id, None)?;
                loop {
                    let count = reader.read(&mut buffer)?;
                    if count == 0 {
                        break;
                    }
                    if ticket.cancelled() {
                        return Err(io::Error::other("cancelled"));
                    }
                    zip.write_all(&buffer[..count])?;
                    *done += count as u64;
                    ticket.progress(*done, None);
                }
            }
        }
    }
    zip.finish()?.into_inner().finish()
}

/// A folder under way.
struct Level {
    folder: NodeId,
    prefix: String,
    page: std::vec::IntoIter<Node>,
    offset: u64,
    total: u64,
    /// Names that are taken in the zip.
    taken: HashSet<String>,
}

impl Level {
    /// The first level of several nodes that may lie anywhere.
    fn of(nodes: Vec<Node>) -> Self {
        let count = nodes.len() as u64;
        let page = nodes.into_iter();
        Self {
            folder: NodeId::ROOT,
            prefix: String::new(),
            page,
            offset: count,
            total: count,
            taken: HashSet::new(),
        }
    }

    fn new(drive: &Drive, folder: NodeId, prefix: String) -> io::Result<Self> {
        let mut level = Self {
            folder,
            prefix,
            page: Vec::new().into_iter(),
            offset: 0,
            total: 0,
            taken: HashSet::new(),
        };
        level.turn(drive)?;
        Ok(level)
    }

    fn turn(&mut self, drive: &Drive) -> io::Result<()> {
        let page = drive.list(
            self.folder,
            &ListQuery {
                offset: self.offset,
                ..ListQuery::default()
            },
        )?;
        self.offset += page.items.len() as u64;
        self.total = page.total;
        self.page = page.items.into_iter();
        Ok(())
    }

    fn next(&mut self, drive: &Drive) -> io::Result<Option<Node>> {
        if let Some(node) = self.page.next() {
            return Ok(Some(node));
        }
        if self.offset >= self.total {
            return Ok(None);
        }
        self.turn(drive)?;
        Ok(self.page.next())
    }
}

fn options(node: &Node) -> SimpleFileOptions {
    let m = node.modified;
    let year = u16::try_from(m.year()).unwrap_or(1980);
    let time = DateTime::from_date_and_time(
        year,
        m.month().into(),
        m.day(),
        m.hour(),
        m.minute(),
        m.second(),
    )
    .unwrap_or_default();
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(time)
        .unix_permissions(0o644)
}
