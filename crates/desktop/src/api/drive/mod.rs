//! Files and folders.

mod archive;
mod content;
mod import;
mod model;
mod nodes;
mod rescue;
mod search;
mod trash;
mod upload;
mod verify;
mod versions;

pub(crate) use content::{Shown, as_code, open};
pub(crate) use model::*;
pub(crate) use upload::beside;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{desktop::Desktop, http::problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(nodes::node, nodes::patch, nodes::remove))
        .routes(routes!(nodes::copy))
        .routes(routes!(nodes::path))
        .routes(routes!(nodes::children, nodes::create_folder))
        .routes(routes!(content::put))
        .routes(routes!(content::content, content::rewrite))
        .routes(routes!(archive::archive))
        .routes(routes!(archive::archive_several))
        .routes(routes!(versions::list))
        .routes(routes!(versions::restore))
        .routes(routes!(versions::restore_at))
        .routes(routes!(search::resolve))
        .routes(routes!(search::search))
        .routes(routes!(search::usage))
        .routes(routes!(trash::list, trash::empty))
        .routes(routes!(trash::restore))
        .routes(routes!(trash::purge))
        .routes(routes!(upload::begin, upload::list))
        .routes(routes!(upload::status, upload::append, upload::abort))
        .routes(routes!(upload::finish))
        .routes(routes!(import::import))
        .routes(routes!(rescue::rescue, rescue::adopt))
        .routes(routes!(verify::verify))
}

impl From<webx_vault::Error> for Problem {
    fn from(error: webx_vault::Error) -> Self {
        use axum::http::StatusCode;
        use webx_vault::{Error, UnlockError};
        let detail = error.to_string();
        match error {
            Error::Locked => Self::locked(),
            Error::DiskFull { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", detail)
            }
            Error::Damaged(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail),
            Error::WeakPassphrase { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "weak-passphrase", detail)
            }
            Error::Unlock(unlock) => match *unlock {
                UnlockError::Wrong { retry_after } => {
                    crate::door::OpenError::Wrong { retry_after }.into()
                }
                UnlockError::TooSoon { retry_after } => {
                    crate::door::OpenError::TooSoon { retry_after }.into()
                }
                _ => Self::internal(detail),
            },
            _ => Self::internal(detail),
        }
    }
}

impl From<webx_drive::Error> for Problem {
    fn from(error: webx_drive::Error) -> Self {
        use axum::http::StatusCode;
        use webx_drive::Error;
        let status = match error {
            Error::Vault(vault) => return vault.into(),
            Error::NotFound(_) | Error::NoSuchVersion(_) | Error::NoSuchUpload(_) => {
                StatusCode::NOT_FOUND
            }
            Error::Exists(_)
            | Error::WrongOffset { .. }
            | Error::Trashed(_)
            | Error::NotTrashed(_)
            | Error::NotEmpty => StatusCode::CONFLICT,
            Error::BadName { .. }
            | Error::NotAFolder(_)
            | Error::NotAFile(_)
            | Error::IntoItself
            | Error::Root => StatusCode::UNPROCESSABLE_ENTITY,
            Error::WrongSize { .. } | Error::BadFrame(_) | Error::BadArchive(_) | Error::Io(_) => {
                StatusCode::BAD_REQUEST
            }
            Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Quota { .. } => StatusCode::INSUFFICIENT_STORAGE,
            Error::Damaged { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            other => return Self::internal(other),
        };
        Self::new(status, error.code(), error.to_string())
    }
}
