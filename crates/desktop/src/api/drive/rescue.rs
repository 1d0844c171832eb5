//! The whole drive as an archive of its sealed blocks, and a drive out of one.

use std::io;

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{content::length, upload::beside};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{bytes::Bytes, media, policy, problem::Problem},
    jobs::{JobKind, JobState, Ticket},
    record::note,
    stream::{ChunkWriter, body_reader, chunk_writer},
};

/// All blocks of the drive in one archive, a CAR (version 1): ciphertext that the 24 words open. `docs/format.md` tells how to
/// read it without this program. Progress is told as a job.
#[utoipa::path(get, path = "/api/drive/rescue", operation_id = "getRescue", tag = "drive",
    responses((status = 200, body = Bytes, content_type = "application/vnd.ipld.car")))]
pub(crate) async fn rescue(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
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
        write(&home, writer, ticket);
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.ipld.car"),
        ),
        (
            header::CONTENT_DISPOSITION,
            media::disposition(false, "drive.car"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy::CONTENT),
        ),
    ];
    Ok((headers, body).into_response())
}

/// Writes the whole archive and tells how it ended. A body that breaks off never looks like an end.
fn write(home: &Home, mut writer: ChunkWriter, mut ticket: Ticket) {
    let written = home.drive.rescue(&mut writer, |done| {
        ticket.progress(done.bytes, None);
        !ticket.cancelled()
    });
    let ended = written.and_then(|done| {
        writer.finish()?;
        Ok(done)
    });
    match ended {
        Ok(done) => {
            note(home, "drive.rescued", "/", json!({ "bytes": done.bytes }));
            ticket.end(done.bytes, JobState::Done, None, None);
        }
        Err(webx_drive::Error::Stopped) => ticket.end(0, JobState::Cancelled, None, None),
        Err(webx_drive::Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ticket.end(0, JobState::Cancelled, None, None);
        }
        Err(error) => {
            tracing::warn!("a rescue archive broke off: {error}");
            ticket.end(0, JobState::Failed, Some(error.to_string()), None);
        }
    }
}

/// What an archive brought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Adopted {
    /// Files.
    files: u64,
    /// Folders.
    folders: u64,
    /// Bytes of the files.
    bytes: u64,
}

/// Makes this drive, which must be empty, the one that an archive of the same 24 words holds. All of it is there with the
/// answer, or nothing.
#[utoipa::path(post, path = "/api/drive/rescue", operation_id = "adoptRescue", tag = "drive",
    request_body(content = Bytes, content_type = "application/vnd.ipld.car"),
    responses((status = 200, body = Adopted), (status = 400, body = Problem, content_type = "application/problem+json", description = "code bad-archive"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "code not-empty"),
        (status = 507, body = Problem, content_type = "application/problem+json", description = "code disk-full")))]
pub(crate) async fn adopt(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    request: Request,
) -> Result<axum::Json<Adopted>, Problem> {
    let _place = desktop.heavy().await?;
    let mut ticket = desktop
        .jobs()
        .begin(JobKind::Import, length(request.headers()))
        .ok_or_else(Problem::busy)?;
    let (feed, reader) = body_reader(request.into_body(), desktop.limits().stall_timeout);
    let work = blocking(move || {
        let adopted = home.drive.adopt_archive(reader, |done| {
            ticket.progress(done.bytes, None);
            !ticket.cancelled()
        });
        match adopted {
            Ok(adopted) => {
                note(
                    &home,
                    "drive.adopted",
                    "/",
                    json!({ "files": adopted.files }),
                );
                ticket.end(adopted.bytes, JobState::Done, None, None);
                Ok(adopted)
            }
            Err(webx_drive::Error::Stopped) => {
                ticket.end(0, JobState::Cancelled, None, None);
                Err(Problem::new(
                    StatusCode::CONFLICT,
                    "cancelled",
                    "the restoration was cancelled; the drive is empty as before",
                ))
            }
            Err(error) => {
                let problem = Problem::from(error);
                ticket.end(0, JobState::Failed, Some(problem.detail.clone()), None);
                Err(problem)
            }
        }
    });
    let adopted = beside(work, feed).await?;
    Ok(axum::Json(Adopted {
        files: adopted.files,
        folders: adopted.folders,
        bytes: adopted.bytes,
    }))
}
