//! `wxa new`: a project that builds at once.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use crate::args::Template;
use crate::failure::{Failure, Result};
use crate::types;

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What every template shares.
const COMMON: &str = "common/";
/// Shared by those with a screen in React.
const SCREEN: &str = "screen/";

/// Makes the project `id` in a new folder below `folder`, and gives its path.
pub(crate) fn make(id: &str, template: Template, folder: &Path) -> Result<PathBuf> {
    check_id(id)?;
    let root = folder.join(id);
    if root.exists() {
        return Err(
            Failure::refused("exists", format!("{} exists already", root.display()))
                .todo("choose another name"),
        );
    }
    let own = template
        .to_possible_value()
        .map(|value| format!("{}/", value.get_name()))
        .unwrap_or_default();
    let mut layers = vec![COMMON];
    if template != Template::Iframe && template != Template::Flask {
        layers.push(SCREEN);
    }
    layers.push(&own);
    for layer in layers {
        let files = TEMPLATES
            .iter()
            .filter_map(|(path, bytes)| Some((path.strip_prefix(layer)?, *bytes)));
        for (path, bytes) in files {
            write(&root.join(name(path)), bytes, id)?;
        }
    }
    if root.join("tsconfig.json").is_file() {
        types::install(&root)?;
    }
    Ok(root)
}

/// A template's file as it is called in a project. The ending keeps tools away from templates, the first letter of hidden files keeps
/// them visible here.
fn name(path: &str) -> String {
    let path = path.strip_suffix(".tmpl").unwrap_or(path);
    match path.strip_prefix("dot-") {
        Some(rest) => format!(".{rest}"),
        None => path.to_owned(),
    }
}

fn write(path: &Path, bytes: &[u8], id: &str) -> Result<()> {
    let filled = match std::str::from_utf8(bytes) {
        Ok(text) => text
            .replace("__ID__", id)
            .replace("__MODULE__", &id.replace('-', "_"))
            .replace("__NAME__", &title(id))
            .into_bytes(),
        Err(_) => bytes.to_vec(),
    };
    let write = || {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &filled)
    };
    write().map_err(|error| Failure::io("write", path, &error))
}

fn check_id(id: &str) -> Result<()> {
    let right = (2..=40).contains(&id.len())
        && id
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !id.starts_with('-')
        && !id.ends_with('-');
    if right {
        return Ok(());
    }
    Err(Failure::usage(format!("{id:?} cannot be an app's id"))
        .todo("use 2 to 40 small letters, digits and hyphens, for example my-app"))
}

/// `my-first-app` → `My first app`.
fn title(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::Project;

    #[test]
    fn every_template_gives_a_project_whose_manifest_is_right() {
        for template in Template::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            let root = make("my-first-app", *template, folder.path()).unwrap();
            let project = Project::open(&root).unwrap();
            assert_eq!(project.manifest().id, "my-first-app", "{template:?}");
            assert_eq!(project.manifest().name, "My first app", "{template:?}");
            for name in ["README.md", "icon.svg", ".gitignore"] {
                assert!(root.join(name).is_file(), "{template:?} {name}");
            }
            for file in walk(&root) {
                let text = std::fs::read_to_string(&file).unwrap();
                for hole in ["__ID__", "__NAME__", "__MODULE__"] {
                    assert!(!text.contains(hole), "{} {hole}", file.display());
                }
            }
        }
    }

    #[test]
    fn a_folder_that_exists_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        let failure = make("taken", Template::Builtin, folder.path()).unwrap_err();
        assert_eq!(failure.code(), "exists");
    }

    #[test]
    fn an_id_that_no_app_can_have_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for id in ["A", "a", "Ab", "../x", "a b", "-ab", "ab-", &"a".repeat(41)] {
            assert_eq!(
                make(id, Template::Builtin, folder.path())
                    .unwrap_err()
                    .code(),
                "usage",
                "{id}"
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    fn walk(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with(".webx") {
                    found.extend(walk(&path));
                }
            } else {
                found.push(path);
            }
        }
        found
    }
}
