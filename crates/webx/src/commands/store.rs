//! `webx store`: where apps come from.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::Context;
use super::app::{
    self,
    install::{Optional, inspected},
    list_of, show_installed,
};
use super::drive::items;
use super::saga;
use crate::args::StoreCommand;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

const STORES: &str = "/api/stores";

pub(super) fn run(context: &Context, command: &StoreCommand) -> anyhow::Result<()> {
    if let StoreCommand::Publish { file, store } = command {
        return publish(context, file, store);
    }
    let client = context.client()?;
    match command {
        StoreCommand::Add {
            location,
            fingerprint,
        } => {
            let location = std::path::absolute(location)?;
            let store = client.post(
                STORES,
                &json!({ "location": location, "fingerprint": fingerprint }),
            )?;
            context.output.show(&store, |out| {
                writeln!(out, "{}", line(&store))?;
                writeln!(out, "fingerprint {}", field(&store, "id"))
            })
        }
        StoreCommand::Ls => list(context, &items(client.get(STORES)?)),
        StoreCommand::Refresh => list(
            context,
            &items(client.post(&format!("{STORES}/refresh"), &json!({}))?),
        ),
        StoreCommand::Rm { store } => {
            let id = store_id(&client, store)?;
            client.delete(&format!("{STORES}/{}", encode(&id)))?;
            context.output.show(&json!({ "removed": id }), |out| {
                writeln!(out, "forgotten; apps that came from it stay")
            })
        }
        StoreCommand::Search { words, category } => {
            let found = search(&client, &words.join(" "), category.as_deref())?;
            context.output.show(&found, |out| {
                for app in &found {
                    writeln!(out, "{}", offer(app))?;
                }
                Ok(())
            })
        }
        StoreCommand::Install {
            app,
            store,
            app_version,
            grant,
            grant_all,
        } => {
            let offered = offered(&client, app, store.as_deref())?;
            let path = format!("{STORES}/{}/fetch", encode(field(&offered, "store")));
            let wanted = json!({ "app": field(&offered, "app"), "version": app_version });
            let inspection = client.post(&path, &wanted)?;
            inspected(
                context,
                &client,
                &inspection,
                &Optional::of(*grant_all, grant),
            )
        }
        StoreCommand::Update { app: Some(app) } => {
            let install = app::install_of(&app::find(&client, app)?);
            update(context, &client, &install)?;
            show_installed(context, &client, &install)
        }
        StoreCommand::Update { app: None } => update_all(context, &client),
        StoreCommand::Publish { .. } => Ok(()),
    }
}

fn line(store: &Value) -> String {
    let problem = match field(store, "problem") {
        "" => String::new(),
        problem => format!("  ({})", printable(problem)),
    };
    format!(
        "{:<24} {:>5} apps  {}{problem}",
        printable(field(store, "name")),
        number(store, "packages"),
        printable(field(store, "location"))
    )
}

fn list(context: &Context, stores: &[Value]) -> anyhow::Result<()> {
    context.output.show(stores, |out| {
        if stores.is_empty() {
            return writeln!(out, "no store yet; add one with webx store add FOLDER");
        }
        for store in stores {
            writeln!(out, "{}", line(store))?;
        }
        Ok(())
    })
}

fn offer(app: &Value) -> String {
    let installed = match app.get("installed").filter(|i| i.is_object()) {
        None => String::new(),
        Some(installed) => format!("  installed {}", field(installed, "version")),
    };
    format!(
        "{:<24} {:<12} {:>10}  {}{installed}",
        printable(field(app, "name")),
        field(app, "version"),
        bytes(number(app, "size")),
        field(app, "app")
    )
}

fn search(client: &Client, words: &str, category: Option<&str>) -> anyhow::Result<Vec<Value>> {
    let mut path = format!("{STORES}/search?q={}", encode(words));
    if let Some(category) = category {
        path.push_str(&format!("&category={}", encode(category)));
    }
    Ok(items(client.get(&path)?))
}

/// The one offer that a person means.
fn offered(client: &Client, name: &str, store: Option<&str>) -> anyhow::Result<Value> {
    let mut found = search(client, "", None)?;
    if let Some(store) = store {
        let id = store_id(client, store)?;
        found.retain(|app| field(app, "store") == id);
    }
    let same: Vec<&Value> = found
        .iter()
        .filter(|app| field(app, "app") == name)
        .collect();
    if same.len() > 1 {
        return Err(
            Failure::refused("ambiguous", "several stores offer this app")
                .todo("choose one with --store")
                .into(),
        );
    }
    app::pick(
        &found,
        name,
        "app in a store",
        "look for it with webx store search",
    )
}

fn store_id(client: &Client, name: &str) -> anyhow::Result<String> {
    let stores = items(client.get(STORES)?);
    let mut meant = stores
        .iter()
        .filter(|store| field(store, "id") == name || field(store, "name") == name);
    match (meant.next(), meant.next()) {
        (Some(store), None) => Ok(field(store, "id").to_owned()),
        (Some(_), Some(_)) => Err(
            Failure::refused("ambiguous", "several stores have this name")
                .todo("name one by its id; see webx store ls --json")
                .into(),
        ),
        (None, _) => Err(Failure::refused("not-found", "there is no such store")
            .todo("see the stores with webx store ls")
            .into()),
    }
}

fn update(context: &Context, client: &Client, install: &str) -> anyhow::Result<()> {
    let answer = client.post(&format!("/api/apps/{install}/update"), &json!({}))?;
    if let Some(begun) = answer.get("begun").filter(|begun| begun.is_object()) {
        saga::wait(context.output, client, begun)?;
        return Ok(());
    }
    let inspection = answer.get("inspection").cloned().unwrap_or_default();
    inspected(context, client, &inspection, &Optional::These(&[]))
}

fn update_all(context: &Context, client: &Client) -> anyhow::Result<()> {
    let newer = items(client.get(&format!("{STORES}/updates"))?);
    for app in &newer {
        if let Some(installed) = app.get("installed") {
            update(context, client, field(installed, "install"))?;
        }
    }
    let names: Vec<&str> = newer.iter().map(|app| field(app, "name")).collect();
    context.output.show(
        &json!({ "updated": list_of(&json!({ "n": names }), "n") }),
        |out| match names.as_slice() {
            [] => writeln!(out, "everything is up to date"),
            names => writeln!(out, "updated {}", printable(&names.join(", "))),
        },
    )
}

/// A store's keys are its keeper's and never the node's: the developer's tool signs.
fn publish(context: &Context, file: &Path, store: &Path) -> anyhow::Result<()> {
    let mut tool = Command::new(beside("wxa"));
    tool.arg("publish").arg(file).arg("--store").arg(store);
    if context.output.json {
        tool.arg("--json");
    }
    match tool.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::refused("publish", "the package was not published").into()),
        Err(_) => Err(
            Failure::refused("no-tool", "the developer's tool wxa is not installed")
                .todo("build it with cargo build --release -p wxa-cli")
                .into(),
        ),
    }
}

/// The tool in the folder of this program, or the one on the path.
fn beside(name: &str) -> PathBuf {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::current_exe()
        .ok()
        .and_then(|me| Some(me.parent()?.join(&name)))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}
