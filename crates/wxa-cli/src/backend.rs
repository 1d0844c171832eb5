//! Backends: from the source in `backend/` to what a node runs.
//!
//! A [`Builder`] knows one language. Which one builds a project is told by the files in `backend/`, so a project needs no configuration
//! beside its manifest. A component that lies ready at the manifest's path is packed as it is.

mod flask;
mod javascript;
mod rust;
mod tools;
mod wheels;

use std::collections::BTreeMap;
use std::path::Path;

use webx_wxa::manifest::{Backend, Runtime};

use crate::failure::{Failure, Finding, Result};
use crate::project::Project;

/// Builds backends written in one language.
pub(crate) trait Builder: Sync {
    /// What the language or framework is called.
    fn name(&self) -> &'static str;
    /// Whether the project's backend is one of these.
    fn matches(&self, project: &Project) -> bool;
    /// Builds it. Tools that are missing are an error that says how to get them.
    fn build(&self, job: &Job<'_>) -> Result<Built>;
}

/// What a builder works on.
pub(crate) struct Job<'a> {
    /// The project.
    pub(crate) project: &'a Project,
    /// A folder for intermediate results that stays between builds; it need not exist.
    pub(crate) work: &'a Path,
    /// Tells the developer what goes on; builds take seconds to minutes.
    pub(crate) say: &'a dyn Fn(&str),
}

/// What a builder made.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// Files by their path in the package.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// All builders, in the order in which they are asked.
fn all() -> &'static [&'static dyn Builder] {
    &[&rust::Rust, &javascript::JavaScript, &flask::Flask]
}

/// Builds the backend of a project that has one.
pub(crate) fn build(job: &Job<'_>) -> Result<Built> {
    let builder = all().iter().find(|builder| builder.matches(job.project));
    if let Some(builder) = builder {
        (job.say)(&format!("building the {} backend", builder.name()));
        return builder.build(job);
    }
    let ready = match &job.project.manifest().backend {
        Some(Backend::Wasm { component, .. }) => vec![component.clone()],
        Some(Backend::Wsgi {
            runtime: Runtime::Component(path),
            ..
        }) => vec![path.clone()],
        Some(Backend::Wsgi {
            runtime: Runtime::Native { wheels },
            ..
        }) => wheels.iter().map(|wheel| wheel.path.clone()).collect(),
        None => Vec::new(),
    };
    let mut built = Built::default();
    for path in ready {
        let bytes = job.project.tree().bytes(&path).map_err(|error| {
            Failure::found(
                "no-backend",
                vec![
                    Finding::error(format!("the backend cannot be read: {error}"))
                        .in_file(&path)
                        .todo("put its source into backend/ (Cargo.toml, package.json or a Flask app), or the built file there"),
                ],
            )
        })?;
        built.files.insert(path, bytes.to_vec());
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    /// A manifest that is complete.
    pub(super) const MANIFEST: &str = r#"{
  "format": 1, "api": "1", "id": "guest", "name": "Guest", "version": "0.1.0", "category": "other",
  "description": "An app for a test.", "icon": "icon.svg", "entry": { "iframe": { "start": "/" } },
  "backend": { "wsgi": { "app": "app:app", "source": "backend/", "component": "backend.wasm", "mount": "/" } },
  "permissions": { "required": [], "optional": [] }
}"#;
}
