//! Who made a package, and what may it do?

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use webx_wxa::Package;
use webx_wxa::limits::MAX_TOTAL;
use webx_wxa::manifest::Entry;

use crate::clock;
use crate::failure::{Failure, Result};
use crate::output::bytes;
use crate::pack;

/// What is known about a checked package.
pub(crate) struct Report {
    pub(crate) json: Value,
    pub(crate) text: String,
}

/// Reads and checks the package in `file`; with `rebuild` it is also built again from its source.
pub(crate) fn verify(file: &Path, rebuild: bool) -> Result<Report> {
    let raw = read(file)?;
    let package = Package::open(raw.as_slice(), clock::now())?;
    let rebuilt = if rebuild {
        Some(again(&package)?)
    } else {
        None
    };
    Ok(report(&package, raw.len(), rebuilt.as_deref()))
}

/// The bytes of a package file; a file that cannot be one is refused before it is read.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    let size = std::fs::metadata(file)
        .map_err(|error| Failure::io("read", file, &error))?
        .len();
    if size > MAX_TOTAL {
        return Err(Failure::refused(
            "limit",
            format!(
                "{} is larger than any package may be ({})",
                file.display(),
                bytes(MAX_TOTAL)
            ),
        ));
    }
    std::fs::read(file).map_err(|error| Failure::io("read", file, &error))
}

/// Builds the bundle again and says what was rebuilt.
fn again(package: &Package<'_>) -> Result<String> {
    let manifest = package.manifest();
    let mut files = BTreeMap::new();
    for entry in package.entries() {
        files.insert(entry.path.to_owned(), package.read_all(entry.path)?);
    }
    let Some(rebuilt) = pack::rebuild(manifest, &files)? else {
        return match manifest.entry {
            Entry::Iframe { .. } => {
                Ok("nothing to build: its files are packed as they are".to_owned())
            }
            Entry::Builtin { .. } => Err(Failure::refused(
                "no-source",
                "the package carries no source, so it cannot be built again",
            )),
        };
    };
    if !rebuilt.different.is_empty() {
        return Err(Failure::refused(
            "not-rebuilt",
            format!(
                "{} in the package is not what its source gives",
                rebuilt.different.join(" and ")
            ),
        )
        .todo("do not install it; or it was packed by another version of wxa"));
    }
    let note = if manifest.backend.is_some() {
        " (the backend was not built again)"
    } else {
        ""
    };
    Ok(format!("the same, byte for byte{note}"))
}

fn report(package: &Package<'_>, size: usize, rebuilt: Option<&str>) -> Report {
    let manifest = package.manifest();
    let asks = manifest.permissions.asks();
    let files = package.entries().count();
    let json = json!({
        "app": package.app_id().as_str(), "id": manifest.id, "name": manifest.name,
        "version": manifest.version.to_string(), "category": manifest.category.name(),
        "digest": package.digest().to_string(), "size": size, "files": files,
        "publisher": { "did": package.publisher().did.as_str(), "hash": package.publisher().hash.as_str() },
        "permissions": asks.iter().map(|ask| json!({
            "key": ask.key.as_str(), "required": ask.required, "reason": ask.reason,
        })).collect::<Vec<_>>(),
        "backend": manifest.backend.is_some(),
        "rebuilt": rebuilt,
    });
    let mut text = format!(
        "{} {} ({})\n  publisher  {}\n  digest     {}\n  content    {files} files, {}\n",
        manifest.name,
        manifest.version,
        package.app_id(),
        package.publisher().did.as_str(),
        package.digest(),
        bytes(size as u64),
    );
    if asks.is_empty() {
        text.push_str("  may        nothing beyond its own window\n");
    }
    for ask in &asks {
        let when = if ask.required {
            "may      "
        } else {
            "may ask  "
        };
        text.push_str(&format!(
            "  {when}  {} ({})\n",
            ask.key.as_str(),
            ask.reason
        ));
    }
    if let Some(rebuilt) = rebuilt {
        text.push_str(&format!("  rebuilt    {rebuilt}\n"));
    }
    text.truncate(text.trim_end().len());
    Report { json, text }
}
