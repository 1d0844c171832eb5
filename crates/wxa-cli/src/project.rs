//! A project: a folder with a manifest.

use std::path::{Path, PathBuf};

use webx_wxa::manifest::{Entry, locate};
use webx_wxa::{Manifest, Refusal};

use crate::failure::{Failure, Finding, Result};
use crate::tree::Tree;

/// Where the sources of a builtin app lie when the manifest does not say.
const SOURCE: &str = "src/";
/// The first module of an app, in the order in which it is looked for.
const ENTRIES: [&str; 4] = ["index.tsx", "index.ts", "index.jsx", "index.js"];

/// A project whose manifest has been read.
#[derive(Clone)]
pub(crate) struct Project {
    root: PathBuf,
    tree: Tree,
    manifest: Manifest,
}

impl Project {
    /// Opens the project in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let tree = Tree::on_disk(folder)?;
        let text = tree.text(webx_wxa::MANIFEST).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                return Failure::refused(
                    "no-project",
                    format!("{} has no manifest.json", folder.display()),
                )
                .todo("make a project with wxa new NAME, or name one with --project DIR");
            }
            Failure::found(
                "manifest",
                vec![Finding::error(error.to_string()).in_file(webx_wxa::MANIFEST)],
            )
        })?;
        let manifest = Manifest::parse(text.as_bytes()).map_err(|refusal| {
            Failure::found("manifest", vec![manifest_finding(&refusal, text)])
        })?;
        if manifest.permissions.system() {
            return Err(Failure::found(
                "manifest",
                vec![
                    Finding::error("only apps that are part of the system may ask for “system”")
                        .in_file(webx_wxa::MANIFEST),
                ],
            ));
        }
        let root = folder
            .canonicalize()
            .map_err(|error| Failure::io("open", folder, &error))?;
        Ok(Self {
            root,
            tree,
            manifest,
        })
    }

    /// The folder, with no links in its path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The files in it.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What the app says about itself.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The first module of a builtin app, by its path below the project; `None` for an app of another kind.
    pub(crate) fn entry(&self) -> Option<String> {
        matches!(self.manifest.entry, Entry::Builtin { .. })
            .then(|| entry_in(&self.tree, &self.manifest))
    }
}

/// The first module of a builtin app among the files of a project or of a package.
pub(crate) fn entry_in(tree: &Tree, manifest: &Manifest) -> String {
    let source = manifest.source.as_deref().unwrap_or(SOURCE);
    let mut names = ENTRIES.iter().map(|name| format!("{source}{name}"));
    let first = names.clone().next().unwrap_or_default();
    names.find(|path| tree.kind(path).is_ok()).unwrap_or(first)
}

/// A refusal of the manifest, at its line.
pub(crate) fn manifest_finding(refusal: &Refusal, text: &str) -> Finding {
    let at = match refusal {
        Refusal::Manifest { at, .. }
        | Refusal::UnknownPermission { at, .. }
        | Refusal::SystemOnly { at } => at.as_str(),
        _ => "",
    };
    let place = json_place(text).or_else(|| locate(text, at));
    let (line, column) = place.unwrap_or((1, 1));
    let message = refusal.to_string();
    let message = message.strip_prefix("manifest.json, ").unwrap_or(&message);
    Finding::error(message.trim_end_matches('.'))
        .todo("see docs/wxa.md for what a manifest holds")
        .at(webx_wxa::MANIFEST, line, column, Some(text))
}

/// Where the text stops being JSON, if it does.
fn json_place(text: &str) -> Option<(usize, usize)> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    Some((error.line().max(1), error.column().max(1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn open(manifest: &str) -> Result<Project> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        Project::open(folder.path())
    }

    #[test]
    fn a_wrong_member_of_the_manifest_is_shown_at_its_line() {
        let failure =
            open("{\n  \"format\": 1,\n  \"api\": \"1\",\n  \"id\": \"Hello World\"\n}\n")
                .err()
                .unwrap();
        let finding = &failure.findings()[0];
        assert_eq!(finding.place(), "manifest.json:4:3");
        assert!(finding.frame.is_some());
    }

    #[test]
    fn a_missing_comma_is_shown_where_the_text_stops_being_json() {
        let failure = open("{\n  \"format\": 1\n  \"api\": \"1\"\n}\n")
            .err()
            .unwrap();
        assert_eq!(failure.findings()[0].place(), "manifest.json:3:3");
    }

    #[test]
    fn a_folder_without_a_manifest_is_no_project() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            Project::open(folder.path()).err().unwrap().code(),
            "no-project"
        );
    }
}
