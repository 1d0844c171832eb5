//! Rules between members.

use super::{Backend, Entry, Manifest, Runtime};
use crate::{Permission, Refusal};

pub(super) fn check(manifest: &Manifest) -> Result<(), Refusal> {
    asks_once(manifest)?;
    native_code(manifest)?;
    if manifest.backend.is_none() && !manifest.services.is_empty() {
        return Err(Refusal::manifest(
            "services",
            "needs a backend that offers them",
        ));
    }
    distinct("services", manifest.services.iter().map(|one| &one.name))?;
    distinct("workflows", manifest.workflows.iter().map(|one| &one.name))?;
    (0..manifest.workflows.len()).try_for_each(|index| workflow(manifest, index))
}

fn distinct<'a>(at: &str, names: impl Iterator<Item = &'a String>) -> Result<(), Refusal> {
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            return Err(Refusal::manifest(
                format!("{at}[{index}].name"),
                format!("“{name}” occurs twice"),
            ));
        }
    }
    Ok(())
}

/// A piece is asked for once: otherwise two reasons and two answers could stand for one thing.
fn asks_once(manifest: &Manifest) -> Result<(), Refusal> {
    let mut seen = std::collections::HashSet::new();
    let lists = [
        ("required", &manifest.permissions.required),
        ("optional", &manifest.permissions.optional),
    ];
    for (list, requests) in lists {
        for (index, request) in requests.iter().enumerate() {
            for key in request.permission.keys() {
                if !seen.insert(key.clone()) {
                    return Err(Refusal::manifest(
                        format!("permissions.{list}[{index}]"),
                        format!("asks for {key} a second time"),
                    ));
                }
            }
        }
    }
    Ok(())
}

fn native_code(manifest: &Manifest) -> Result<(), Refusal> {
    let native = matches!(
        manifest.backend,
        Some(Backend::Wsgi {
            runtime: Runtime::Native { .. },
            ..
        })
    );
    let asked = manifest
        .permissions
        .required
        .iter()
        .any(|request| request.permission == Permission::NativeCode);
    if native && !asked {
        return Err(Refusal::manifest(
            "backend.wsgi.native",
            "needs the required permission native-code",
        ));
    }
    Ok(())
}

fn workflow(manifest: &Manifest, index: usize) -> Result<(), Refusal> {
    let at = format!("workflows[{index}].steps");
    let Some(workflow) = manifest.workflows.get(index) else {
        return Ok(());
    };
    distinct(&at, workflow.steps.iter().map(|step| &step.name))?;
    let asked: Vec<_> = manifest
        .permissions
        .required
        .iter()
        .chain(&manifest.permissions.optional)
        .flat_map(|request| match &request.permission {
            Permission::Services { apps } => apps.as_slice(),
            _ => &[],
        })
        .collect();
    for (number, step) in workflow.steps.iter().enumerate() {
        let at = |member: &str| format!("{at}[{number}].{member}");
        match &step.app {
            Some(app) if !asked.contains(&app) => {
                let reason = format!("{app} is not among the apps of a services permission");
                return Err(Refusal::manifest(at("app"), reason));
            }
            Some(_) => {}
            None => {
                let known = |name: &String| manifest.services.iter().any(|one| one.name == *name);
                for (member, name) in [
                    ("service", Some(&step.service)),
                    ("undo", step.undo.as_ref()),
                ] {
                    if let Some(name) = name.filter(|name| !known(name)) {
                        let reason = format!("this app has no service “{name}”");
                        return Err(Refusal::manifest(at(member), reason));
                    }
                }
            }
        }
        for (name, pointer) in &step.with {
            let Some(rest) = pointer.strip_prefix("/steps/") else {
                continue;
            };
            let from = rest.split('/').next().unwrap_or_default();
            let before = workflow.steps.iter().take(number);
            if !before.into_iter().any(|step| step.name == from) {
                return Err(Refusal::manifest(
                    at(&format!("with.{name}")),
                    "points to a step that does not come before this one",
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn files(manifest: &Manifest) -> Vec<(String, &str)> {
    let mut files = vec![("icon".to_owned(), manifest.icon.as_str())];
    if let Entry::Builtin { module, style } = &manifest.entry {
        files.push(("entry.builtin.module".to_owned(), module));
        files.extend(
            style
                .iter()
                .map(|style| ("entry.builtin.style".to_owned(), style.as_str())),
        );
    }
    match &manifest.backend {
        Some(Backend::Wasm { component, .. }) => {
            files.push(("backend.wasm.component".to_owned(), component));
        }
        Some(Backend::Wsgi {
            runtime: Runtime::Component(component),
            ..
        }) => {
            files.push(("backend.wsgi.component".to_owned(), component));
        }
        Some(Backend::Wsgi {
            runtime: Runtime::Native { wheels },
            ..
        }) => {
            let at = |index| format!("backend.wsgi.native.wheels[{index}].path");
            let wheels = wheels.iter().enumerate();
            files.extend(wheels.map(|(index, wheel)| (at(index), wheel.path.as_str())));
        }
        None => {}
    }
    let shots = manifest.screenshots.iter().enumerate();
    files.extend(shots.map(|(index, path)| (format!("screenshots[{index}]"), path.as_str())));
    files
}

pub(super) fn folders(manifest: &Manifest) -> Vec<(String, &str)> {
    let mut folders = Vec::new();
    if let Some(source) = &manifest.source {
        folders.push(("source".to_owned(), source.as_str()));
    }
    if let Some(Backend::Wsgi { source, .. }) = &manifest.backend {
        folders.push(("backend.wsgi.source".to_owned(), source.as_str()));
    }
    // A backend may serve the whole app; without one there must be something to show.
    if matches!(manifest.entry, Entry::Iframe { .. }) && manifest.backend.is_none() {
        folders.push(("entry.iframe".to_owned(), "web/"));
    }
    folders
}
