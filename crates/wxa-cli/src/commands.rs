//! What each command does, and how it tells.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;
use webx_wxa::Package;

use crate::args::{Command, KeyCommand, SigningArgs, Template};
use crate::bundle::{self, Mode};
use crate::clock;
use crate::failure::{Failure, Result};
use crate::key::{self, Publisher};
use crate::output::{Output, bytes};
use crate::project::Project;
use crate::{dev, new, pack, publish, typecheck, types, verify};

/// Runs one command.
pub(crate) fn run(command: Command, output: Output) -> Result<()> {
    match command {
        Command::New {
            name,
            template,
            r#in,
        } => make(&name, template, &r#in, output),
        Command::Dev { project, data } => dev::run(&project.project, data.as_deref(), output),
        Command::Pack {
            project,
            output: file,
            signing,
            no_typecheck,
        } => pack(&project.project, file, &signing, !no_typecheck, output),
        Command::Bundle {
            project,
            output: folder,
        } => bundle_alone(&project.project, &folder, output),
        Command::Verify { file, rebuild } => {
            let report = verify::verify(&file, rebuild)?;
            output.show(&report.json, &report.text)
        }
        Command::Publish {
            file,
            store,
            name,
            notes,
        } => publish::publish(&file, &store, name.as_deref(), notes.as_deref(), output),
        Command::Keygen { key } => keygen(key, output),
        Command::Key {
            command: KeyCommand::Show { signing },
        } => show_key(&signing, output),
    }
}

fn make(id: &str, template: Template, folder: &Path, output: Output) -> Result<()> {
    let root = new::make(id, template, folder)?;
    let shown = root.display();
    let install = if root.join("package.json").is_file() {
        "npm install && "
    } else {
        ""
    };
    output.show(
        &json!({ "project": root, "id": id }),
        &format!("made {shown}\nnext: cd {shown} && {install}wxa dev"),
    )
}

fn pack(
    folder: &Path,
    file: Option<PathBuf>,
    signing: &SigningArgs,
    check: bool,
    output: Output,
) -> Result<()> {
    let began = Instant::now();
    let project = Project::open(folder)?;
    let manifest = project.manifest().clone();
    if project.root().join("tsconfig.json").is_file() {
        types::install(project.root())?;
    }
    let types = if check {
        typecheck::start(project.root(), || {})?
    } else {
        None
    };
    let say = |text: &str| output.remark(text);
    let contents = pack::contents(&project, Mode::Production, &say);
    // Both are told: a type error often explains why the bundle failed, or the other way round.
    let mut findings = match types {
        Some(types) => types.finish()?,
        None => Vec::new(),
    };
    let contents = match contents {
        Ok(contents) if findings.is_empty() => contents,
        Ok(contents) => {
            findings.extend(contents.warnings);
            return Err(Failure::found("types", findings));
        }
        Err(failure) if findings.is_empty() => return Err(failure),
        Err(failure) => {
            findings.extend(failure.findings().iter().cloned());
            return Err(Failure::found(failure.code(), findings));
        }
    };
    output.warnings(&contents.warnings);
    if let Some(rebuilt) = pack::rebuild(&manifest, &contents.files)?
        && !rebuilt.different.is_empty()
    {
        return Err(Failure::refused(
            "not-rebuilt",
            format!(
                "{} would not come out the same when it is built from the packed source",
                rebuilt.different.join(" and ")
            ),
        )
        .todo("look for imports whose spelling differs from the file's name in small and capital letters"));
    }
    let publisher = open_publisher(signing, output)?;
    let name = format!("{}-{}.wxa", manifest.id, manifest.version);
    let raw = pack::sign(&project, manifest, contents.files, &publisher)?;
    let file = file.unwrap_or_else(|| project.root().join(name));
    write(&file, &raw)?;
    let package = Package::open(raw.as_slice(), clock::now())?;
    let seconds = began.elapsed().as_secs_f64();
    let bundle = contents
        .bundle
        .map(|(code, style)| json!({ "module": code, "style": style }));
    output.show(
        &json!({
            "file": file, "app": package.app_id().as_str(), "id": package.manifest().id,
            "name": package.manifest().name, "version": package.manifest().version.to_string(),
            "digest": package.digest().to_string(), "size": raw.len(), "bundle": bundle,
            "publisher": publisher.did().as_str(), "warnings": contents.warnings, "seconds": seconds,
        }),
        &format!(
            "packed {} ({}, {seconds:.2} s)\n  app        {}\n  publisher  {}",
            file.display(),
            bytes(raw.len() as u64),
            package.app_id(),
            publisher.did().as_str(),
        ),
    )
}

fn bundle_alone(folder: &Path, into: &Path, output: Output) -> Result<()> {
    let project = Project::open(folder)?;
    let Some(entry) = project.entry() else {
        return Err(Failure::refused(
            "no-bundle",
            "an iframe app has no bundle: its web/ folder is packed as it is",
        ));
    };
    let built = bundle::bundle(project.tree(), &entry, Mode::Production)?;
    output.warnings(&built.warnings);
    for (name, text) in [("app.js", &built.code), ("app.css", &built.style)] {
        if name == "app.js" || !text.is_empty() {
            write(&into.join(name), text.as_bytes())?;
        }
    }
    output.show(
        &json!({ "folder": into, "module": built.code.len(), "style": built.style.len(), "files": built.sources.len() }),
        &format!(
            "bundled {} ({} from {} files, style sheet {})",
            into.display(),
            bytes(built.code.len() as u64),
            built.sources.len(),
            bytes(built.style.len() as u64),
        ),
    )
}

fn keygen(path: Option<PathBuf>, output: Output) -> Result<()> {
    let path = match path {
        Some(path) => path,
        None => key::default_path()?,
    };
    let publisher = Publisher::make(&path)?;
    output.show(
        &json!({ "key": path, "did": publisher.did().as_str() }),
        &format!(
            "made {}\n  publisher  {}\nkeep a copy of this file: whoever loses it can publish no updates",
            path.display(),
            publisher.did().as_str()
        ),
    )
}

fn show_key(signing: &SigningArgs, output: Output) -> Result<()> {
    let path = match (&signing.node, &signing.key) {
        (Some(_), _) => None,
        (None, Some(path)) => Some(path.clone()),
        (None, None) => Some(key::default_path()?),
    };
    let publisher = match &path {
        Some(path) => Publisher::read(path)?,
        None => open_publisher(signing, output)?,
    };
    output.show(
        &json!({ "key": path, "did": publisher.did().as_str() }),
        publisher.did().as_str(),
    )
}

fn open_publisher(signing: &SigningArgs, output: Output) -> Result<Publisher> {
    Publisher::open(signing, &|path, did| {
        output.remark(&format!(
            "made your publisher's key {} ({did}); keep a copy of it: whoever loses it can publish no updates",
            path.display()
        ));
    })
}

/// Writes a file so that it is old or new, never half.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".wxa-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut temporary = builder.tempfile_in(folder)?;
        std::io::Write::write_all(&mut temporary, content)?;
        temporary.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| Failure::io("write", path, &error))
}
