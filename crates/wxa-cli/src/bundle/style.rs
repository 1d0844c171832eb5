//! Style sheets: `@import` taken in, `url()` made into `data:` addresses, `*.module.css` given names of its own.
//!
//! Each style sheet that a module imports becomes an entry here; at the end they stand one after the other in the order in which the
//! modules run. Nothing is fetched at run time: an address of the web in a style sheet is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lightningcss::bundler::{Bundler, ResolveResult, SourceProvider};
use lightningcss::css_modules::{Config, CssModuleExports, CssModuleReference};
use lightningcss::dependencies::{Dependency, DependencyOptions};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};

use super::Mode;
use crate::failure::Finding;
use crate::tree::{ROOT, Tree};

/// The style sheets of one build.
#[derive(Debug, Default)]
pub(super) struct Styles {
    sheets: Mutex<BTreeMap<String, String>>,
    findings: Mutex<Vec<Finding>>,
}

/// A style sheet is wrong; the finding stands in [`Styles::take_findings`].
#[derive(Debug, thiserror::Error)]
#[error("the style sheet is wrong")]
pub(super) struct WrongStyle;

impl Styles {
    /// Takes in the style sheet `id` and gives the module that stands for it: the class names of a CSS module, else nothing.
    pub(super) fn add(
        &self,
        tree: &Tree,
        id: &str,
        mode: Mode,
    ) -> std::result::Result<String, WrongStyle> {
        match compile(tree, id, mode) {
            Ok((sheet, code)) => {
                self.sheets
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(id.to_owned(), sheet);
                Ok(code)
            }
            Err(finding) => {
                self.findings
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(*finding);
                Err(WrongStyle)
            }
        }
    }

    /// All style sheets in the order of `modules`.
    pub(super) fn joined(&self, modules: &[&str]) -> String {
        let sheets = self.sheets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut css = String::new();
        for sheet in modules.iter().filter_map(|id| sheets.get(*id)) {
            css.push_str(sheet);
            if !sheet.ends_with('\n') {
                css.push('\n');
            }
        }
        css
    }

    /// What is wrong with the style sheets.
    pub(super) fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut *self.findings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn compile(
    tree: &Tree,
    id: &str,
    mode: Mode,
) -> std::result::Result<(String, String), Box<Finding>> {
    let files = Files(tree);
    let modules = id.ends_with(".module.css");
    let options = ParserOptions {
        filename: id.to_owned(),
        css_modules: modules.then(Config::default),
        ..ParserOptions::default()
    };
    let mut sheet = Bundler::new(&files, None, options)
        .bundle(Path::new(id))
        .map_err(|error| {
            let message = error.kind.to_string();
            match error.loc {
                Some(at) => place(
                    tree,
                    &at.filename,
                    at.line as usize + 1,
                    at.column as usize,
                    message,
                ),
                None => Box::new(Finding::error(message).in_file(shown(id))),
            }
        })?;
    if mode == Mode::Production {
        sheet
            .minify(MinifyOptions::default())
            .map_err(|error| Box::new(Finding::error(error.to_string()).in_file(shown(id))))?;
    }
    let printed = sheet
        .to_css(PrinterOptions {
            minify: mode == Mode::Production,
            project_root: Some(ROOT),
            analyze_dependencies: Some(DependencyOptions {
                remove_imports: false,
            }),
            ..PrinterOptions::default()
        })
        .map_err(|error| Box::new(Finding::error(error.to_string()).in_file(shown(id))))?;
    let mut css = printed.code;
    let mut done = BTreeSet::new();
    for dependency in printed.dependencies.unwrap_or_default() {
        let Dependency::Url(url) = dependency else {
            continue;
        };
        if !done.insert(url.placeholder.clone()) {
            continue;
        }
        let at = (
            url.loc.file_path.as_str(),
            url.loc.start.line as usize,
            url.loc.start.column as usize,
        );
        let address = inline(tree, &url.url, Path::new(&url.loc.file_path))
            .map_err(|message| place(tree, at.0, at.1, at.2, message))?;
        css = css.replace(&url.placeholder, &address);
    }
    let code = match &printed.exports {
        Some(exports) if modules => names(exports),
        _ => String::new(),
    };
    Ok((css, code))
}

/// The names of a CSS module as an ES module: one default object, sorted so that the bytes never differ.
fn names(exports: &CssModuleExports) -> String {
    let mut sorted: BTreeMap<&str, String> = BTreeMap::new();
    for (local, export) in exports {
        let mut name = export.name.clone();
        for part in &export.composes {
            let (CssModuleReference::Local { name: other }
            | CssModuleReference::Global { name: other }) = part
            else {
                continue;
            };
            let _ = write!(name, " {other}");
        }
        sorted.insert(local, name);
    }
    let object = serde_json::to_string(&sorted).unwrap_or_default();
    format!("export default {object};\n")
}

/// The `data:` address of what a style sheet names.
fn inline(tree: &Tree, url: &str, from: &Path) -> std::result::Result<String, String> {
    if url.starts_with("data:") || url.starts_with('#') {
        return Ok(url.to_owned());
    }
    if is_web(url) {
        return Err(format!(
            "{url} is on the web, and an app's frame has no network; put the file into the project"
        ));
    }
    let file = url.split(['?', '#']).next().unwrap_or(url);
    let path = target(file, from).ok_or_else(|| format!("{url} leads out of the project"))?;
    let bytes = tree.bytes(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{path} does not exist"),
        _ => error.to_string(),
    })?;
    Ok(format!(
        "data:{};base64,{}",
        media_type(&path),
        STANDARD.encode(bytes)
    ))
}

fn media_type(path: &str) -> &'static str {
    match path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        _ => "application/octet-stream",
    }
}

fn is_web(url: &str) -> bool {
    url.starts_with("//")
        || url
            .split_once(':')
            .is_some_and(|(scheme, _)| scheme != "data")
}

/// The path below the root that `specifier` names when `from` (a path of the bundler) names it.
fn target(specifier: &str, from: &Path) -> Option<String> {
    let joined = match specifier.strip_prefix('/') {
        Some(rest) => Path::new(ROOT).join(rest),
        None => from.parent()?.join(specifier),
    };
    Tree::relative(&joined)
}

/// The tree as the style sheet reader wants it.
struct Files<'a>(&'a Tree);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);

impl SourceProvider for Files<'_> {
    type Error = Unreadable;

    fn read<'a>(&'a self, file: &Path) -> std::result::Result<&'a str, Unreadable> {
        let path = Tree::relative(file)
            .ok_or_else(|| Unreadable(format!("{} leads out of the project", file.display())))?;
        self.0.text(&path).map_err(|error| {
            Unreadable(match error.kind() {
                io::ErrorKind::NotFound => format!("{path} does not exist"),
                _ => error.to_string(),
            })
        })
    }

    fn resolve(
        &self,
        specifier: &str,
        from: &Path,
    ) -> std::result::Result<ResolveResult, Unreadable> {
        if is_web(specifier) {
            return Err(Unreadable(format!(
                "{specifier} is on the web, and an app's frame has no network; put the file into the project"
            )));
        }
        let near = target(specifier, from)
            .ok_or_else(|| Unreadable(format!("{specifier} leads out of the project")))?;
        if self.0.kind(&near).is_ok() {
            return Ok(PathBuf::from(Tree::absolute(&near)).into());
        }
        // `@import "package/style.css"`: a file of an npm package, looked for upwards.
        let bare = Path::new(specifier)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let mut folder = from.parent();
        while let (true, Some(at)) = (bare, folder) {
            let candidate = at.join("node_modules").join(specifier);
            if Tree::relative(&candidate).is_some_and(|path| self.0.kind(&path).is_ok()) {
                return Ok(candidate.into());
            }
            folder = at.parent();
        }
        Err(Unreadable(format!("{near} does not exist")))
    }
}

fn shown(id: &str) -> String {
    Tree::relative(Path::new(id)).unwrap_or_else(|| id.to_owned())
}

fn place(tree: &Tree, file: &str, line: usize, column: usize, message: String) -> Box<Finding> {
    let path = shown(file);
    let source = tree.text(&path).ok();
    Box::new(Finding::error(message).at(path, line.max(1), column.max(1), source))
}
