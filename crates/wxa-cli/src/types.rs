//! The types of what the desktop gives to every app, so that an editor and the type check work without a network.
//!
//! They are made by the build of `ui/` and travel inside this program. A project gets them in `.webx/types/`, which nobody edits and git
//! does not keep; its `tsconfig.json` points there.

use std::io::{self, Read as _};
use std::path::Path;

use flate2::read::DeflateDecoder;

use crate::failure::{Failure, Result};

include!(concat!(env!("OUT_DIR"), "/types.rs"));

/// Where the types stand in a project.
pub(crate) const FOLDER: &str = ".webx/types";

/// Writes the types of this program's version into the project at `root`; files that are right already are left alone.
pub(crate) fn install(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    let stamp = folder.join("stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == STAMP) {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        for (path, deflated) in TYPES {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut text = Vec::new();
            DeflateDecoder::new(*deflated).read_to_end(&mut text)?;
            std::fs::write(path, text)?;
        }
        std::fs::write(&stamp, STAMP)
    };
    write().map_err(|error| Failure::io("write the types into", &folder, &error))
}
