//! JavaScript: a `fetch` listener, compiled together with an engine (componentize-js).

use std::path::PathBuf;
use std::process::Command;

use webx_wxa::manifest::Backend;

use super::tools;
use super::{Builder, Built, Job};
use crate::failure::{Failure, Finding, Result};
use crate::project::Project;

/// The compiler of JavaScript components.
const COMPILER: &str = "@bytecodealliance/componentize-js@0.23.0";
const INSTALL_NODE: &str =
    "run: apt install nodejs npm (or get Node.js 20 or newer from https://nodejs.org)";
/// Where a backend begins, in the order in which it is looked for.
const ENTRIES: [&str; 3] = ["backend/index.js", "backend/index.mjs", "backend/main.js"];
const SCRIPT: &str = "\
import { readFile, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';
const [source, wit, out] = process.argv.slice(2);
const { component } = await componentize({ sourcePath: source, witPath: wit, worldName: 'backend' });
await writeFile(out, component);
";

/// See the module.
pub(super) struct JavaScript;

impl Builder for JavaScript {
    fn name(&self) -> &'static str {
        "JavaScript"
    }

    fn matches(&self, project: &Project) -> bool {
        matches!(project.manifest().backend, Some(Backend::Wasm { .. })) && entry(project).is_some()
    }

    fn build(&self, job: &Job<'_>) -> Result<Built> {
        let Some(Backend::Wasm { component, .. }) = &job.project.manifest().backend else {
            return Ok(Built::default());
        };
        let entry = entry(job.project).unwrap_or(ENTRIES[0]);
        check(job.project, entry)?;
        let compiler = compiler(job)?;
        let work = job.work.join("javascript");
        tools::fresh(&work)?;
        // Its engine knows this patch version of the interfaces; they are the same to the letter.
        tools::write_wit(&work.join("wit"), "10")?;
        let out = work.join("backend.wasm");
        (job.say)("compiling an engine and the app to a component");
        let mut node = Command::new("node");
        tools::plain(&mut node, &["NODE_"]);
        node.arg(compiler.join("build.mjs"))
            .arg(job.project.root().join(entry))
            .arg(work.join("wit"))
            .arg(&out)
            .current_dir(&work);
        let output = tools::run(&mut node, INSTALL_NODE)?;
        if !output.status.success() {
            let failure = tools::failed("the backend could not be compiled", &output);
            return Err(Failure::found(
                "backend",
                vec![Finding::error(failure.to_string()).in_file(entry)],
            ));
        }
        let bytes = std::fs::read(&out).map_err(|error| Failure::io("read", &out, &error))?;
        Ok(Built {
            files: [(component.clone(), bytes)].into(),
        })
    }
}

fn entry(project: &Project) -> Option<&'static str> {
    ENTRIES
        .into_iter()
        .find(|path| project.tree().kind(path).is_ok())
}

/// Says where the syntax is wrong, before the compiler says it without a place.
fn check(project: &Project, entry: &str) -> Result<()> {
    let mut node = Command::new("node");
    tools::plain(&mut node, &["NODE_"]);
    let output = tools::run(
        node.arg("--check").arg(project.root().join(entry)),
        INSTALL_NODE,
    )?;
    if output.status.success() {
        return Ok(());
    }
    let text = tools::words(&output);
    let place = text.lines().find_map(|line| {
        line.rsplit_once(':')
            .filter(|(file, _)| file.ends_with(entry))?
            .1
            .parse()
            .ok()
    });
    let message = text
        .lines()
        .find(|line| line.contains("Error: "))
        .unwrap_or("it is no JavaScript")
        .trim()
        .to_owned();
    let source = project.tree().text(entry).ok();
    Err(Failure::found(
        "backend",
        vec![Finding::error(message).at(entry, place.unwrap_or(1), 1, source)],
    ))
}

fn compiler(job: &Job<'_>) -> Result<PathBuf> {
    let name = COMPILER.trim_start_matches('@').replace(['/', '@'], "-");
    tools::cached(&name, |folder| {
        (job.say)("installing componentize-js, once for all projects");
        tools::put(
            &folder.join("package.json"),
            "{ \"private\": true, \"type\": \"module\" }\n",
        )?;
        tools::put(&folder.join("build.mjs"), SCRIPT)?;
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--save-exact",
            COMPILER,
        ])
        .current_dir(folder);
        let output = tools::run(&mut npm, INSTALL_NODE)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(tools::failed("npm failed", &output)),
        }
    })
}
