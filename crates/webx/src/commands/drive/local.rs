//! Files on this machine: walking them, naming them safely, writing them so that they are whole or absent.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;

/// Deeper folders than this are a loop or an attack.
const MAX_DEPTH: usize = 256;

/// One thing found by [`walk`].
pub(super) enum Found {
    /// A file, with its path below the start in drive notation.
    File {
        path: PathBuf,
        relative: String,
        size: u64,
    },
    /// A folder without anything in it.
    EmptyFolder { relative: String },
    /// Something that cannot be stored, and why.
    LeftOut { path: PathBuf, why: String },
}

/// Walks a folder depth first in name order. Symbolic links and devices are left out and said so.
pub(super) fn walk(root: &Path, each: &mut dyn FnMut(Found) -> bool) -> anyhow::Result<()> {
    let entries = fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?;
    walk_folder(entries, "", 0, each);
    Ok(())
}

/// Says whether anything was in it, and whether to go on.
fn walk_folder(
    entries: fs::ReadDir,
    relative: &str,
    depth: usize,
    each: &mut dyn FnMut(Found) -> bool,
) -> bool {
    let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    if entries.is_empty() && !relative.is_empty() {
        return each(Found::EmptyFolder {
            relative: relative.to_owned(),
        });
    }
    for entry in entries {
        let path = entry.path();
        if !walk_entry(&entry, &path, relative, depth, each) {
            return false;
        }
    }
    true
}

fn walk_entry(
    entry: &fs::DirEntry,
    path: &Path,
    relative: &str,
    depth: usize,
    each: &mut dyn FnMut(Found) -> bool,
) -> bool {
    let left_out = |why: &str| Found::LeftOut {
        path: path.to_path_buf(),
        why: why.to_owned(),
    };
    let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
        return each(left_out("the name is not UTF-8"));
    };
    let relative = if relative.is_empty() {
        name
    } else {
        format!("{relative}/{name}")
    };
    let kind = match entry.file_type() {
        Ok(kind) => kind,
        Err(error) => return each(left_out(&error.to_string())),
    };
    if kind.is_dir() {
        if depth >= MAX_DEPTH {
            return each(left_out("too many folders inside each other"));
        }
        return match fs::read_dir(path) {
            Ok(entries) => walk_folder(entries, &relative, depth + 1, each),
            Err(error) => each(left_out(&error.to_string())),
        };
    }
    if !kind.is_file() {
        return each(left_out("only files and folders are stored"));
    }
    match entry.metadata() {
        Ok(metadata) => each(Found::File {
            path: path.to_path_buf(),
            relative,
            size: metadata.len(),
        }),
        Err(error) => each(left_out(&error.to_string())),
    }
}

/// The time a file was changed, as the API takes it.
pub(super) fn modified(metadata: &fs::Metadata) -> Option<String> {
    let time = OffsetDateTime::from(metadata.modified().ok()?);
    time.format(&Rfc3339).ok()
}

/// Where a name from the drive may be written below `folder`.
///
/// The name must be one plain component here too, whatever the platform thinks of it.
pub(super) fn below(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let name = if cfg!(windows) {
        windows_name(name)
    } else {
        name.to_owned()
    };
    let mut components = Path::new(&name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only.to_str() == Some(&name) => {
            Ok(folder.join(&name))
        }
        _ => Err(Failure::refused(
            "invalid-name",
            format!("{name} cannot be a name on this machine"),
        )
        .todo("rename it with webx drive mv")),
    }
}

/// Names that Windows reserves get an underscore; signs it forbids become one.
fn windows_name(name: &str) -> String {
    let mut safe: String = name
        .chars()
        .map(|c| {
            if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\') {
                '_'
            } else {
                c
            }
        })
        .collect();
    if safe.ends_with(['.', ' ']) {
        safe.push('_');
    }
    let stem = safe
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    if device {
        safe.insert(0, '_');
    }
    safe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_from_the_drive_never_climbs_out() {
        let folder = Path::new("/home/a");
        for name in ["..", ".", "", "a/b", "/etc/passwd", "a/", "../x"] {
            assert!(below(folder, name).is_err(), "{name}");
        }
        assert_eq!(below(folder, "..a").unwrap(), Path::new("/home/a/..a"));
    }

    #[test]
    fn names_that_windows_reserves_are_changed() {
        for (name, safe) in [
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com7.log", "_com7.log"),
            ("a:b\\c", "a_b_c"),
            ("end.", "end._"),
            ("plain.txt", "plain.txt"),
        ] {
            assert_eq!(windows_name(name), safe);
        }
    }

    #[test]
    fn a_walk_finds_files_and_empty_folders_and_leaves_links_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/empty")).unwrap();
        fs::write(folder.path().join("a/f"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let mut found = Vec::new();
        walk(folder.path(), &mut |each| {
            found.push(match each {
                Found::File { relative, size, .. } => format!("{relative} {size}"),
                Found::EmptyFolder { relative } => format!("{relative}/"),
                Found::LeftOut { path, .. } => {
                    format!("not {}", path.file_name().unwrap().to_string_lossy())
                }
            });
            true
        })
        .unwrap();
        let mut expected = vec!["a/empty/", "a/f 1"];
        if cfg!(unix) {
            expected.push("not link");
        }
        assert_eq!(found, expected);
    }
}
