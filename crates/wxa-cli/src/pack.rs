//! From a project to a signed package.
//!
//! What goes in: the bundle, every file that was read to make it (npm packages included, so that anybody can build it again), the static
//! files under `web/`, the backend and its source, icon, screenshots, licence. Before it is signed the bundle is built a second time from
//! the packed files alone and must come out the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use webx_wxa::manifest::Entry;
use webx_wxa::{Draft, Manifest, Refusal, Signer};

use crate::backend::{self, Job};
use crate::bundle::{self, Bundle, Mode};
use crate::clock;
use crate::failure::{Failure, Finding, Result};
use crate::key::Publisher;
use crate::project::{self, Project};
use crate::tree::{Kind, Tree};

/// Folders that are no part of a package, wherever they stand.
const SKIPPED: [&str; 9] = [
    "node_modules",
    ".webx",
    ".git",
    "target",
    "__pycache__",
    ".venv",
    "venv",
    ".pytest_cache",
    "dist",
];
/// Files beside the manifest that go along when they are there.
const BESIDE: [&str; 5] = [
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "NOTICE",
    "README.md",
];
/// Where the static files of an iframe app lie.
const WEB: &str = "web";
/// Where the source of a backend lies.
const BACKEND: &str = "backend";

/// The files of a package, before it is signed.
pub(crate) struct Contents {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The sizes of the bundle in bytes, for a builtin app: module and style sheet.
    pub(crate) bundle: Option<(usize, usize)>,
    pub(crate) warnings: Vec<Finding>,
}

/// Builds everything that goes into the package.
pub(crate) fn contents(project: &Project, mode: Mode, say: &dyn Fn(&str)) -> Result<Contents> {
    let tree = project.tree();
    let manifest = project.manifest();
    let mut contents = Contents {
        files: BTreeMap::new(),
        bundle: None,
        warnings: Vec::new(),
    };
    match &manifest.entry {
        Entry::Builtin { module, style } => {
            let entry = project::entry_in(tree, manifest);
            let built = bundle::bundle(tree, &entry, mode)?;
            add_bundle(
                &mut contents,
                tree,
                manifest,
                module,
                style.as_deref(),
                built,
            )?;
        }
        Entry::Iframe { .. } => add_folder(&mut contents, tree, WEB)?,
    }
    if manifest.backend.is_some() {
        add_folder(&mut contents, tree, BACKEND)?;
        let work = project.root().join(".webx").join("backend");
        let built = backend::build(&Job {
            project,
            work: &work,
            say,
        })?;
        contents.files.extend(built.files);
    }
    let named = manifest
        .files()
        .into_iter()
        .map(|(_, path)| path.to_owned());
    let beside = BESIDE.iter().map(|path| (*path).to_owned());
    for path in named.chain(beside) {
        if !contents.files.contains_key(&path) && matches!(tree.kind(&path), Ok(Kind::File(_))) {
            let bytes = tree
                .bytes(&path)
                .map_err(|error| unreadable(&path, &error))?;
            contents.files.insert(path, bytes.to_vec());
        }
    }
    Ok(contents)
}

/// Makes the signed package.
pub(crate) fn sign(
    project: &Project,
    manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
    publisher: &Publisher,
) -> Result<Vec<u8>> {
    let text = project.tree().text(webx_wxa::MANIFEST).unwrap_or_default();
    let refused = |refusal: Refusal| match refusal {
        Refusal::Manifest { .. } => {
            Failure::found("manifest", vec![project::manifest_finding(&refusal, text)])
        }
        other => other.into(),
    };
    let draft = Draft::new(manifest, files).map_err(refused)?;
    draft.sign(&Hand(publisher), clock::now()).map_err(refused)
}

/// Builds the bundle again from the files of a package. `None` when it is no builtin app, or has no source with it.
pub(crate) fn rebuild(
    manifest: &Manifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Option<Rebuilt>> {
    let (Entry::Builtin { module, style }, Some(_)) = (&manifest.entry, &manifest.source) else {
        return Ok(None);
    };
    let sources = files
        .iter()
        .filter(|(path, _)| *path != module && Some(*path) != style.as_ref())
        .map(|(path, bytes)| (path.clone(), Arc::from(bytes.as_slice())))
        .collect();
    let tree = Tree::in_memory(sources);
    let built = bundle::bundle(&tree, &project::entry_in(&tree, manifest), Mode::Production)?;
    let same = |path: &str, bytes: &str| {
        files
            .get(path)
            .is_some_and(|packed| packed == bytes.as_bytes())
    };
    let mut different = Vec::new();
    if !same(module, &built.code) {
        different.push(module.clone());
    }
    if let Some(style) = style.as_ref().filter(|style| !same(style, &built.style)) {
        different.push(style.clone());
    }
    Ok(Some(Rebuilt { different }))
}

/// The outcome of a second build.
pub(crate) struct Rebuilt {
    /// The files that came out otherwise than they are in the package.
    pub(crate) different: Vec<String>,
}

fn add_bundle(
    contents: &mut Contents,
    tree: &Tree,
    manifest: &Manifest,
    module: &str,
    style: Option<&str>,
    built: Bundle,
) -> Result<()> {
    contents.bundle = Some((built.code.len(), built.style.len()));
    contents.warnings.extend(built.warnings);
    if let Some(source) = &manifest.source {
        add_folder(contents, tree, source.trim_end_matches('/'))?;
        let read = built
            .sources
            .into_iter()
            .filter(|(path, _)| path != webx_wxa::MANIFEST);
        contents
            .files
            .extend(read.map(|(path, bytes)| (path, bytes.to_vec())));
    } else {
        let warning = Finding::error(
            "the package carries no source, so nobody can check what it was made from",
        )
        .warning()
        .in_file(webx_wxa::MANIFEST)
        .todo("add \"source\": \"src/\"");
        contents.warnings.push(warning);
    }
    let mut outputs = vec![(module, built.code)];
    match style {
        Some(style) => outputs.push((style, built.style)),
        None if built.style.is_empty() => {}
        None => {
            return Err(Failure::found(
                "manifest",
                vec![
                    Finding::error("the app has style sheets, but its entry names no style")
                        .in_file(webx_wxa::MANIFEST)
                        .todo("write \"entry\": {\"builtin\": {\"module\": \"app.js\", \"style\": \"app.css\"}}"),
                ],
            ));
        }
    }
    for (path, text) in outputs {
        if contents.files.contains_key(path) {
            return Err(Failure::found(
                "clash",
                vec![
                    Finding::error(
                        "this is where the bundle goes, but the app imports a file of that name",
                    )
                    .in_file(path)
                    .todo("rename the file, or the module in the manifest"),
                ],
            ));
        }
        contents.files.insert(path.to_owned(), text.into_bytes());
    }
    Ok(())
}

fn add_folder(contents: &mut Contents, tree: &Tree, folder: &str) -> Result<()> {
    let skip = |name: &str| SKIPPED.contains(&name);
    // What a site calls its folders is its own affair.
    let none = |_: &str| false;
    let skip: &dyn Fn(&str) -> bool = if folder == WEB { &none } else { &skip };
    if !matches!(tree.kind(folder), Ok(Kind::Folder)) {
        return Ok(());
    }
    let files = tree
        .walk(folder, skip)
        .map_err(|error| unreadable(folder, &error))?;
    for path in files {
        let bytes = tree
            .bytes(&path)
            .map_err(|error| unreadable(&path, &error))?;
        contents.files.insert(path, bytes.to_vec());
    }
    Ok(())
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::found(
        "unreadable",
        vec![Finding::error(format!("cannot be packed: {error}")).in_file(path)],
    )
}

/// A publisher as the package format wants it.
struct Hand<'a>(&'a Publisher);

impl Signer for Hand<'_> {
    fn did(&self) -> webx_identity::Did {
        self.0.did().clone()
    }

    fn log(&self) -> Option<String> {
        self.0.log().map(str::to_owned)
    }

    fn sign(&self, pae: &[u8]) -> std::result::Result<[u8; 64], String> {
        self.0.sign(pae).map_err(|failure| failure.to_string())
    }
}
