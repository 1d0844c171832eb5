//! The bundler's diagnostics as findings: the place in the developer's own words, and what to do.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use rolldown_error::{BuildDiagnostic, DiagnosticOptions, EventKind, Severity as Level};

use super::EXTERNALS;
use super::style::Styles;
use crate::failure::Finding;
use crate::tree::{ROOT, Tree};

/// Modules of Node that people import by habit.
const NODE: [&str; 24] = [
    "assert",
    "buffer",
    "child_process",
    "cluster",
    "crypto",
    "dns",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "module",
    "net",
    "os",
    "path",
    "process",
    "querystring",
    "stream",
    "tls",
    "url",
    "util",
    "worker_threads",
    "zlib",
];

/// Turns diagnostics into findings, in a fixed order.
pub(super) fn findings(
    tree: &Tree,
    styles: &Styles,
    diagnostics: &[BuildDiagnostic],
) -> Vec<Finding> {
    let mut found = styles.take_findings();
    let had_styles = !found.is_empty();
    let options = DiagnosticOptions { cwd: ROOT.into() };
    for diagnostic in diagnostics {
        // The plugin's own error only says that a style sheet is wrong; which and where is known already.
        if had_styles
            && matches!(
                diagnostic.kind(),
                EventKind::UnloadableDependencyError | EventKind::PluginError
            )
        {
            continue;
        }
        found.push(guarded(tree, diagnostic, &options));
    }
    found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    found.dedup();
    if found.is_empty() && !diagnostics.is_empty() {
        found.push(Finding::error("the bundler failed without saying why"));
    }
    found
}

/// Imports that stayed in the bundle though the desktop does not give them, as findings at the place that names them.
pub(super) fn foreign(tree: &Tree, imports: &[&str], known: &[Finding]) -> Vec<Finding> {
    let mut found = Vec::new();
    for import in imports.iter().filter(|import| !EXTERNALS.contains(import)) {
        if known
            .iter()
            .any(|finding| finding.message.contains(*import))
        {
            continue;
        }
        let finding = Finding::error(format!("{import} is not there when the app runs"));
        let files = tree.files_read();
        let place = files.keys().find_map(|file| {
            let text = tree.text(file).ok()?;
            let at = ['"', '\'', '`']
                .iter()
                .find_map(|quote| text.find(&format!("{quote}{import}{quote}")))?;
            let before = text.get(..at)?;
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            Some((file.clone(), line, column, text))
        });
        let advised = advice(tree, import, None);
        let mut finding = match place {
            Some((file, line, column, text)) => finding.at(file, line, column, Some(text)),
            None => finding,
        };
        finding.todo = advised;
        found.push(finding);
    }
    found
}

/// The bundler's own words can fail on code it does not expect; the place must still be told.
fn guarded(tree: &Tree, diagnostic: &BuildDiagnostic, options: &DiagnosticOptions) -> Finding {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(|| finding(tree, diagnostic, options)));
    panic::set_hook(hook);
    done.unwrap_or_else(|_| {
        let finding = Finding::error(format!("an import cannot be used ({})", diagnostic.kind()))
            .todo("write the path of an import as a plain text");
        match diagnostic.id() {
            Some(id) => finding.in_file(below_root(&id)),
            None => finding,
        }
    })
}

fn finding(tree: &Tree, diagnostic: &BuildDiagnostic, options: &DiagnosticOptions) -> Finding {
    let detail = diagnostic.to_diagnostic_with(options);
    let message = diagnostic.to_message_with(options);
    let message = if message.is_empty() {
        detail.to_string()
    } else {
        message
    };
    let mut finding = Finding::error(clean(&message));
    // A browser cannot look for packages: what is not found now is not found when the app runs.
    let fatal = matches!(
        diagnostic.kind(),
        EventKind::ResolveError | EventKind::UnresolvedImport
    );
    if diagnostic.severity() != Level::Error && !fatal {
        finding = finding.warning();
    }
    match detail.get_primary_location() {
        Some((file, line, column, _)) => {
            let file = below_root(&file);
            let source = tree.text(&file).ok();
            finding = finding.at(file, line, column + 1, source);
        }
        None => {
            if let Some(id) = diagnostic.id() {
                finding = finding.in_file(below_root(&id));
            }
        }
    }
    match diagnostic
        .exporter()
        .and_then(|specifier| advice(tree, &specifier, finding.file.as_deref()))
    {
        Some(todo) => finding.todo(todo),
        None => finding,
    }
}

fn below_root(file: &str) -> String {
    Tree::relative(Path::new(file)).unwrap_or_else(|| file.to_owned())
}

/// The bundler's own prefix says nothing to a developer.
fn clean(message: &str) -> String {
    message.replace(&format!("{ROOT}/"), "")
}

/// What to do about an import that leads nowhere.
fn advice(tree: &Tree, specifier: &str, importer: Option<&str>) -> Option<String> {
    let bare = specifier.strip_prefix("node:").unwrap_or(specifier);
    if specifier.starts_with("node:") || NODE.contains(&bare) {
        return Some(format!(
            "{bare} is a module of Node, and an app runs in the browser; use the browser's own interface or @webx/sdk"
        ));
    }
    if specifier.contains("://") || specifier.starts_with("//") {
        return Some("code cannot come from the web at run time; install the package with npm and import it by name".to_owned());
    }
    if let Some(link) = tree
        .links()
        .iter()
        .find(|link| importer.is_some_and(|_| concerns(link, specifier)))
    {
        return Some(format!(
            "{link} is a link, and a package holds plain files; install with npm, or with pnpm and node-linker=hoisted"
        ));
    }
    if specifier.starts_with('.') || specifier.starts_with('/') {
        let outside = match specifier.strip_prefix('/') {
            Some(_) => true,
            None => importer
                .and_then(|file| {
                    Path::new(ROOT)
                        .join(file)
                        .parent()
                        .map(|p| p.join(specifier))
                })
                .is_some_and(|path| Tree::relative(&path).is_none()),
        };
        return outside.then(|| {
            "the import leads out of the project, and only what lies inside can be packed"
                .to_owned()
        });
    }
    let base = EXTERNALS
        .iter()
        .find(|known| specifier.starts_with(&format!("{known}/")));
    if let Some(known) = base {
        return Some(format!("import from {known} itself"));
    }
    let package: Vec<&str> = specifier.split('/').collect();
    let name = if specifier.starts_with('@') {
        package.get(..2)?.join("/")
    } else {
        package.first()?.to_string()
    };
    Some(format!("install it: npm install {name}"))
}

fn concerns(link: &str, specifier: &str) -> bool {
    let name = specifier.trim_start_matches(['.', '/']);
    let last = link.rsplit('/').next().unwrap_or(link);
    link.ends_with(name)
        || name.starts_with(last)
        || last.strip_suffix(".ts").or(last.strip_suffix(".tsx")) == Some(name)
        || link == "node_modules"
}
