//! Into a store: a folder with signed lists, kept by whoever runs it.
//!
//! A package keeps its publisher's signature; the store's own keys sign what the store says: which packages there are and which list is
//! the newest. The keys are this user's and are made with the first store. The root key is needed only for that, and to change keys.

use std::path::Path;

use serde_json::json;
use webx_store::{Error, Keys, RoleSigner, StoreFolder};

use crate::clock;
use crate::failure::{Failure, Result};
use crate::key::Publisher;
use crate::output::Output;
use crate::verify;

/// Names the other keys of stores.
const ROOT: &str = "store-root.key";
/// Signs lists.
const ONLINE: &str = "store.key";
/// The name of a new store when the command line gives none.
const NAME: &str = "Apps";

/// Puts the package `file` into the store in `folder`, which is made when there is none.
pub(crate) fn publish(
    file: &Path,
    folder: &Path,
    name: Option<&str>,
    notes: Option<&str>,
    output: Output,
) -> Result<()> {
    let package = verify::read(file)?;
    webx_wxa::Package::open(package.as_slice(), clock::now())?;
    let made = |path: &Path, _: &str| {
        output.remark(&format!(
            "made the store's key {}; keep a copy of it",
            path.display()
        ));
    };
    let online = Publisher::own(ONLINE, &made)?;
    let online: &dyn RoleSigner = online.key()?;
    let store = if folder.join("metadata").is_dir() {
        StoreFolder::open(folder).map_err(|error| refused(&error))?
    } else {
        let root = Publisher::own(ROOT, &made)?;
        let keys = Keys {
            root: root.key()?,
            online,
        };
        let name = name.unwrap_or(NAME);
        StoreFolder::create(folder, name, &keys, clock::now()).map_err(|error| refused(&error))?
    };
    let done = store
        .publish(&package, notes, online, clock::now())
        .map_err(|error| refused(&error))?;
    let what = if done.already {
        "was there already"
    } else {
        "published"
    };
    output.show(
        &json!({
            "store": folder, "app": done.app.as_str(), "version": done.version.to_string(),
            "digest": done.digest.to_string(), "already": done.already,
        }),
        &format!(
            "{what}: {} {} in {}",
            done.app,
            done.version,
            folder.display()
        ),
    )
}

fn refused(error: &Error) -> Failure {
    let failure = Failure::refused(error.code(), error.to_string());
    match error {
        Error::WrongKey { .. } => {
            failure.todo("this store was made with other keys; publish as the user who made it")
        }
        _ => failure,
    }
}
