//! Apps: what is installed, what they may do, what they keep, how they are called.

mod backend;
mod blobs;
mod convert;
mod docs;
mod grants;
mod identity;
mod kv;
mod model;
mod objects;
mod package;
mod registry;
mod workflows;

pub(crate) use blobs::open as open_blob;
pub(crate) use convert::{data_url, install_id, permission};
pub(crate) use model::*;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::desktop::Desktop;

pub(crate) fn routes() -> OpenApiRouter<Desktop> {
    OpenApiRouter::new()
        .routes(routes!(registry::list, registry::install))
        .routes(routes!(registry::removed))
        .routes(routes!(registry::inspect))
        .routes(routes!(registry::forget))
        .routes(routes!(registry::purge))
        .routes(routes!(registry::get, registry::remove))
        .routes(routes!(registry::undo))
        .routes(routes!(registry::rollback))
        .routes(routes!(grants::patch))
        .routes(routes!(grants::pick))
        .routes(routes!(grants::unpick))
        .routes(routes!(package::file))
        .routes(routes!(package::export))
        .routes(routes!(objects::make))
        .routes(routes!(identity::name))
        .routes(routes!(identity::authenticate))
        .routes(routes!(kv::list))
        .routes(routes!(kv::get, kv::put, kv::remove))
        .routes(routes!(docs::list))
        .routes(routes!(docs::get, docs::put, docs::remove))
        .routes(routes!(blobs::list))
        .routes(routes!(blobs::get, blobs::put, blobs::remove))
        .routes(routes!(backend::status))
        .routes(routes!(backend::restart))
        .routes(routes!(workflows::start))
}
