//! Python with native wheels: fetched as the manifest pins them, refused when they are others.

use std::path::Path;

use webx_wxa::manifest::Wheel;

use super::flask::{pip, python};
use super::{Built, Job, tools};
use crate::failure::{Failure, Finding, Result};

/// The wheels that the manifest pins; those that are not in the project are fetched by name, version and tags.
pub(super) fn house(job: &Job<'_>, source: &str, wheels: &[Wheel]) -> Result<Built> {
    if wheels.is_empty() {
        return Err(proposal(job, source)?);
    }
    let mut built = Built::default();
    for wheel in wheels {
        let path = job.project.root().join(&wheel.path);
        if !path.exists() {
            fetch(job, &wheel.path, &path)?;
        }
        let bytes = std::fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
        if webx_wxa::Digest::of(&bytes) != wheel.sha256 {
            let text = job.project.tree().text(webx_wxa::MANIFEST).ok();
            let (line, column) = text
                .and_then(|text| line_of(text, &wheel.path))
                .unwrap_or((1, 1));
            let finding = Finding::error(format!(
                "{} is not the wheel that the manifest pins",
                wheel.path
            ))
            .todo(format!(
                "its SHA-256 is {}; write that only if you trust the file",
                webx_wxa::Digest::of(&bytes)
            ));
            return Err(Failure::found(
                "backend",
                vec![finding.at(webx_wxa::MANIFEST, line, column, text)],
            ));
        }
        built.files.insert(wheel.path.clone(), bytes);
    }
    Ok(built)
}

fn fetch(job: &Job<'_>, name: &str, path: &Path) -> Result<()> {
    let wrong = || {
        Failure::refused("backend", format!("{name} is no name of a wheel"))
            .todo("write it as pip names it: name-version-python-abi-platform.whl")
    };
    let file = name
        .rsplit('/')
        .next()
        .and_then(|file| file.strip_suffix(".whl"))
        .ok_or_else(wrong)?;
    let parts: Vec<&str> = file.split('-').collect();
    let (Some([distribution, version]), Some([python, abi, platforms])) =
        (parts.first_chunk(), parts.last_chunk())
    else {
        return Err(wrong());
    };
    (job.say)(&format!("fetching {file}.whl"));
    let folder = job.work.join("wheels");
    tools::fresh(&folder)?;
    let target = folder.to_string_lossy().into_owned();
    let requirement = format!("{distribution}=={version}");
    let mut arguments = vec![
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--dest",
        &target,
    ];
    let digits: String = python.chars().filter(char::is_ascii_digit).collect();
    let python_version = match digits.split_at_checked(1) {
        Some((major, minor)) if !minor.is_empty() => format!("{major}.{minor}"),
        _ => String::new(),
    };
    if *platforms != "any" {
        arguments.extend([
            "--abi",
            abi,
            "--implementation",
            "cp",
            "--python-version",
            &python_version,
        ]);
        for platform in platforms.split('.') {
            arguments.extend(["--platform", platform]);
        }
    }
    arguments.push(&requirement);
    pip(&super::flask::python()?, &arguments)?;
    let fetched = folder.join(format!("{file}.whl"));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| Failure::io("make", parent, &error))?;
    }
    std::fs::rename(&fetched, path).map_err(|error| Failure::io("fetch", path, &error))
}

/// Fetches what `requirements.txt` names into `wheels/`, and gives the lines that the manifest needs.
fn proposal(job: &Job<'_>, source: &str) -> Result<Failure> {
    let list = job
        .project
        .root()
        .join(source.trim_end_matches('/'))
        .join("requirements.txt");
    let folder = job.project.root().join("wheels");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::io("make", &folder, &error))?;
    let (target, list) = (
        folder.to_string_lossy().into_owned(),
        list.to_string_lossy().into_owned(),
    );
    (job.say)("fetching the wheels of requirements.txt for this machine");
    pip(
        &python()?,
        &[
            "download",
            "--only-binary",
            ":all:",
            "--dest",
            &target,
            "--requirement",
            &list,
        ],
    )?;
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(&folder)
        .map_err(|error| Failure::io("read", &folder, &error))?
        .flatten()
    {
        let (name, bytes) = (
            entry.file_name(),
            std::fs::read(entry.path()).unwrap_or_default(),
        );
        let name = name.to_string_lossy();
        if name.ends_with(".whl") {
            lines.push(format!(
                "{{\"path\": \"wheels/{name}\", \"sha256\": \"{}\"}}",
                webx_wxa::Digest::of(&bytes)
            ));
        }
    }
    lines.sort();
    Ok(
        Failure::refused("backend", "the manifest pins no wheels yet").todo(format!(
            "they are in wheels/ now; write under backend.wsgi.native.wheels: [{}]",
            lines.join(", ")
        )),
    )
}

/// The place of a text in another.
fn line_of(text: &str, part: &str) -> Option<(usize, usize)> {
    let at = text.find(part)?;
    let before = text.get(..at)?;
    Some((
        before.matches('\n').count() + 1,
        before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1,
    ))
}
