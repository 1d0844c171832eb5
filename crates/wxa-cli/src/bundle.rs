//! TSX and everything it imports, made into one ES module and one style sheet.
//!
//! The bundler runs inside this program over a [`Tree`]: it sees the project under a fixed root and nothing else, so the same files give
//! the same bytes on every machine. What the desktop gives to every app ([`EXTERNALS`]) stays an import; all else is taken in: dynamic
//! imports, JSON, text, images and fonts (as `data:` addresses), style sheets (collected into one).

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use rolldown::{
    BundleFactory, BundleFactoryOptions, BundlerOptions, BundlerTransformOptions,
    CodeSplittingMode, Either, InputItem, JsxOptions, OutputFormat, Platform, RawMinifyOptions,
    ResolveOptions, SourceMapType, TsConfig,
};
use rolldown_common::{ModuleType, Output, RawMangleOptions, RawMinifyOptionsDetailed};
use rolldown_resolver::Resolver;

use crate::failure::{Failure, Finding, Result, Severity};
use crate::tree::{ROOT, Tree};

mod plugin;
mod report;
mod style;

/// What the frame gives to every app by its import map. Nothing else can be imported at run time.
pub(crate) const EXTERNALS: [&str; 6] = [
    "react",
    "react/jsx-runtime",
    "react-dom",
    "react-dom/client",
    "@webx/ui",
    "@webx/sdk",
];

/// The browsers the desktop supports run this much of the language as it stands.
const TARGET: &str = "es2022";

/// Files that become text or a `data:` address when they are imported.
const ASSETS: [(&str, ModuleType); 22] = [
    ("png", ModuleType::Dataurl),
    ("jpg", ModuleType::Dataurl),
    ("jpeg", ModuleType::Dataurl),
    ("gif", ModuleType::Dataurl),
    ("webp", ModuleType::Dataurl),
    ("avif", ModuleType::Dataurl),
    ("svg", ModuleType::Dataurl),
    ("ico", ModuleType::Dataurl),
    ("woff", ModuleType::Dataurl),
    ("woff2", ModuleType::Dataurl),
    ("ttf", ModuleType::Dataurl),
    ("otf", ModuleType::Dataurl),
    ("mp3", ModuleType::Dataurl),
    ("ogg", ModuleType::Dataurl),
    ("wav", ModuleType::Dataurl),
    ("mp4", ModuleType::Dataurl),
    ("webm", ModuleType::Dataurl),
    ("wasm", ModuleType::Binary),
    ("bin", ModuleType::Binary),
    ("txt", ModuleType::Text),
    ("md", ModuleType::Text),
    ("csv", ModuleType::Text),
];

/// For whom a bundle is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// For people: minified, `process.env.NODE_ENV` is `production`.
    Production,
    /// For the developer: readable, with a source map inside.
    Development,
}

/// The result of a build.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// One ES module; its imports are among [`EXTERNALS`].
    pub(crate) code: String,
    /// One style sheet; empty when the app has none.
    pub(crate) style: String,
    /// What somebody should look at.
    pub(crate) warnings: Vec<Finding>,
    /// Every file that had a part in it, by its path below the project.
    pub(crate) sources: BTreeMap<String, Arc<[u8]>>,
}

/// Builds the app whose first module is `entry` (a path below the tree's root).
pub(crate) fn bundle(tree: &Tree, entry: &str, mode: Mode) -> Result<Bundle> {
    tree.kind(entry).map_err(|error| {
        Failure::found(
            "no-entry",
            vec![
                Finding::error(format!("the app's first module cannot be read: {error}"))
                    .in_file(entry)
                    .todo("an app begins with `export default function App()` in src/index.tsx"),
            ],
        )
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .map_err(|error| {
            Failure::refused(
                "threads",
                format!("the system gives no threads for the bundler: {error}"),
            )
        })?;
    let built = panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(Box::pin(build(tree, entry, mode)))
    }));
    built.unwrap_or_else(|_| {
        Err(
            Failure::refused("bundler", "the bundler failed on this code")
                .todo("please report it with the lines above"),
        )
    })
}

async fn build(tree: &Tree, entry: &str, mode: Mode) -> Result<Bundle> {
    let styles = Arc::new(style::Styles::default());
    let options = options(entry, mode);
    let resolver = Arc::new(Resolver::new(
        tree.clone(),
        ROOT.into(),
        Platform::Browser,
        &TsConfig::Auto(false),
        ResolveOptions {
            symlinks: Some(false),
            yarn_pnp: Some(false),
            ..ResolveOptions::default()
        },
    ));
    let plugin = plugin::AppPlugin::new(tree.clone(), Arc::clone(&styles), mode);
    let built = BundleFactory::new(BundleFactoryOptions {
        bundler_options: options,
        plugins: vec![Arc::new(plugin)],
        session: None,
        disable_tracing_setup: true,
    });
    let output = match built {
        Ok(mut factory) => {
            let bundle = factory.create_bundle_with_fs(tree.clone(), resolver);
            // The bundler's future is large; it lives on the heap.
            Box::pin(bundle.generate()).await
        }
        Err(errors) => Err(errors),
    };
    let output = output.map_err(|errors| {
        Failure::found(
            "bundle",
            report::findings(tree, &styles, &errors.into_vec()),
        )
    })?;
    let chunk = match output.assets.as_slice() {
        [Output::Chunk(chunk)] => Arc::clone(chunk),
        _ => {
            return Err(Failure::refused(
                "bundle",
                "the build gave more than one module; please report this with your sources",
            ));
        }
    };
    let (mut errors, mut warnings): (Vec<Finding>, Vec<Finding>) =
        report::findings(tree, &styles, &output.warnings)
            .into_iter()
            .partition(|finding| finding.severity == Severity::Error);
    let imported: Vec<&str> = chunk
        .imports
        .iter()
        .chain(&chunk.dynamic_imports)
        .map(|name| name.as_str())
        // A dynamic import that was taken in names the bundle itself.
        .filter(|name| *name != chunk.filename.as_str())
        .collect();
    errors.extend(report::foreign(tree, &imported, &errors));
    if !errors.is_empty() {
        errors.append(&mut warnings);
        return Err(Failure::found("bundle", errors));
    }
    let exported = chunk.exports.iter().any(|name| name.as_str() == "default");
    if !exported {
        return Err(Failure::found(
            "no-default",
            vec![
                Finding::error("the app's first module has no default export")
                    .at(entry, 1, 1, tree.text(entry).ok())
                    .todo("export the app: `export default function App() { … }`"),
            ],
        ));
    }
    let order: Vec<&str> = chunk.module_ids.iter().map(|id| id.as_str()).collect();
    Ok(Bundle {
        code: chunk.code.clone(),
        style: styles.joined(&order),
        warnings,
        sources: tree.files_read(),
    })
}

fn options(entry: &str, mode: Mode) -> BundlerOptions {
    let node_env = match mode {
        Mode::Production => "\"production\"",
        Mode::Development => "\"development\"",
    };
    BundlerOptions {
        input: Some(vec![InputItem {
            name: Some("app".to_owned()),
            import: Tree::absolute(entry),
        }]),
        cwd: Some(ROOT.into()),
        entry_filenames: Some("app.js".to_owned().into()),
        platform: Some(Platform::Browser),
        format: Some(OutputFormat::Esm),
        minify: Some(match mode {
            Mode::Production => RawMinifyOptions::Object(RawMinifyOptionsDetailed {
                mangle: Some(RawMangleOptions::default()),
                // Dead code went module by module before. Rewriting what is left takes a sixth of the time, on one thread,
                // and gives 4 % of a small app, 10 % of a large library.
                compress: None,
                remove_whitespace: true,
            }),
            Mode::Development => RawMinifyOptions::Bool(false),
        }),
        sourcemap: (mode == Mode::Development).then_some(SourceMapType::Inline),
        module_types: Some(
            ASSETS
                .into_iter()
                .map(|(ending, kind)| (ending.to_owned(), kind))
                .collect(),
        ),
        define: Some(
            [("process.env.NODE_ENV".to_owned(), node_env.to_owned())]
                .into_iter()
                .collect(),
        ),
        transform: Some(BundlerTransformOptions {
            jsx: Some(Either::Right(JsxOptions {
                runtime: Some("automatic".to_owned()),
                development: Some(false),
                ..JsxOptions::default()
            })),
            target: Some(Either::Left(TARGET.to_owned())),
            ..BundlerTransformOptions::default()
        }),
        code_splitting: Some(CodeSplittingMode::Bool(false)),
        tsconfig: Some(TsConfig::Auto(false)),
        ..BundlerOptions::default()
    }
}

#[cfg(test)]
mod tests;
