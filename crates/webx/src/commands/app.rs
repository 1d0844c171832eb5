//! `webx app`: what is installed, what it may do, and how it comes and goes.

pub(super) mod install;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Context;
use super::drive::items;
use super::saga;
use crate::args::{AppCommand, AppGrantsArgs};
use crate::client::{Client, Progress, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

const APPS: &str = "/api/apps";

pub(super) fn run(context: &Context, command: &AppCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        AppCommand::Install(args) => install::file(context, &client, args),
        AppCommand::Ls { removed: true } => list_removed(context, &client),
        AppCommand::Ls { removed: false } => list(context, &client),
        AppCommand::Show { app } => {
            let app = find(&client, app)?;
            show(context, &app)
        }
        AppCommand::Open { app, no_open } => open(context, &client, app, *no_open),
        AppCommand::Rm { app, delete_data } => remove(context, &client, app, *delete_data),
        AppCommand::Undo { app } => undo(context, &client, app),
        AppCommand::Rollback { app } => {
            let install = install_of(&find(&client, app)?);
            let begun = client.post(&format!("{APPS}/{install}/rollback"), &json!({}))?;
            saga::wait(context.output, &client, &begun)?;
            show_installed(context, &client, &install)
        }
        AppCommand::Grants(args) => grants(context, &client, args),
        AppCommand::Export { app, output } => export(context, &client, app, output),
        AppCommand::Logs { app, restart } => logs(context, &client, app, *restart),
    }
}

/// The installed app that a person means: by installation, by full id, or by a short name that only one app has.
pub(super) fn find(client: &Client, name: &str) -> anyhow::Result<Value> {
    pick(
        &items(client.get(APPS)?),
        name,
        "app",
        "see the installed ones with webx app ls",
    )
}

/// The one of `found` that `name` means.
pub(super) fn pick(found: &[Value], name: &str, what: &str, todo: &str) -> anyhow::Result<Value> {
    let exact = |value: &&Value| {
        ["install", "app"]
            .iter()
            .any(|key| field(value, key).eq_ignore_ascii_case(name))
    };
    if let Some(value) = found.iter().find(exact) {
        return Ok(value.clone());
    }
    let short: Vec<&Value> = found
        .iter()
        .filter(|value| {
            short_name(value) == name || field(value, "name").eq_ignore_ascii_case(name)
        })
        .collect();
    match short.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::refused(
            "not-found",
            format!("no {what} is called {}", printable(name)),
        )
        .todo(todo)
        .into()),
        several => {
            let ids: Vec<&str> = several.iter().map(|value| field(value, "app")).collect();
            Err(Failure::refused(
                "ambiguous",
                format!("{} {what}s are called {}", several.len(), printable(name)),
            )
            .todo(format!("name one by its id: {}", ids.join(", ")))
            .into())
        }
    }
}

/// The part of an app's id after the publisher.
fn short_name(app: &Value) -> &str {
    field(app, "app").split_once('.').map_or("", |(_, id)| id)
}

pub(super) fn install_of(app: &Value) -> String {
    field(app, "install").to_owned()
}

fn list(context: &Context, client: &Client) -> anyhow::Result<()> {
    let apps = items(client.get(APPS)?);
    context.output.show(&apps, |out| {
        for app in &apps {
            let origin = if app.get("system") == Some(&Value::Bool(true)) {
                "part of the system"
            } else {
                field(app, "app")
            };
            writeln!(
                out,
                "{:<24} {:<12} {:>10}  {origin}",
                printable(field(app, "name")),
                field(app, "version"),
                bytes(number(app, "size") + number(app, "dataSize")),
            )?;
        }
        Ok(())
    })
}

fn list_removed(context: &Context, client: &Client) -> anyhow::Result<()> {
    let apps = items(client.get("/api/apps/removed")?);
    context.output.show(&apps, |out| {
        if apps.is_empty() {
            return writeln!(out, "no app was removed");
        }
        for app in &apps {
            let until = match field(app, "undoUntil") {
                "" => "only its data is left".to_owned(),
                until => format!("can come back until {until}"),
            };
            writeln!(
                out,
                "{:<24} {:<12} {:>10}  {until}",
                printable(field(app, "name")),
                field(app, "version"),
                bytes(number(app, "dataSize")),
            )?;
        }
        Ok(())
    })
}

/// Prints the app as it is installed now.
pub(super) fn show_installed(
    context: &Context,
    client: &Client,
    install: &str,
) -> anyhow::Result<()> {
    show(context, &client.get(&format!("{APPS}/{install}"))?)
}

fn show(context: &Context, app: &Value) -> anyhow::Result<()> {
    context.output.show(app, |out| {
        writeln!(
            out,
            "{} {}",
            printable(field(app, "name")),
            field(app, "version")
        )?;
        writeln!(out, "{}", printable(field(app, "description")))?;
        writeln!(out, "id         {}", field(app, "app"))?;
        writeln!(out, "install    {}", field(app, "install"))?;
        if let Some(publisher) = app.get("publisher") {
            writeln!(out, "publisher  {}", printable(field(publisher, "did")))?;
        }
        writeln!(
            out,
            "size       {} and {} of data",
            bytes(number(app, "size")),
            bytes(number(app, "dataSize"))
        )?;
        if let Some(backend) = app.get("backend").filter(|backend| backend.is_object()) {
            writeln!(
                out,
                "server     {}, {}",
                field(backend, "kind"),
                field(backend, "state")
            )?;
        }
        permissions(out, app)
    })
}

fn permissions(out: &mut dyn Write, app: &Value) -> io::Result<()> {
    for permission in list_of(app, "permissions") {
        let mark = if permission.get("granted") == Some(&Value::Bool(true)) {
            "may"
        } else {
            "may not"
        };
        let need = if permission.get("required") == Some(&Value::Bool(true)) {
            "required"
        } else {
            "optional"
        };
        let reason = permission
            .get("permission")
            .map(|p| field(p, "reason"))
            .unwrap_or_default();
        writeln!(
            out,
            "{mark:<10} {}  ({need}: {})",
            printable(field(permission, "key")),
            printable(reason)
        )?;
    }
    for picked in list_of(app, "picked") {
        let name = match field(picked, "name") {
            "" => field(picked, "node"),
            name => name,
        };
        writeln!(
            out,
            "has        {} ({})",
            printable(name),
            field(picked, "mode")
        )?;
    }
    Ok(())
}

pub(super) fn list_of<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn open(context: &Context, client: &Client, name: &str, no_open: bool) -> anyhow::Result<()> {
    let app = find(client, name)?;
    let address = format!("{}#app={}", client.desktop(), field(&app, "install"));
    if !no_open && open::that_detached(&address).is_err() {
        context.output.remark("no browser could be opened here");
    }
    context
        .output
        .show(&json!({ "url": address }), |out| writeln!(out, "{address}"))
}

fn remove(context: &Context, client: &Client, name: &str, delete: bool) -> anyhow::Result<()> {
    let app = find(client, name)?;
    let size = bytes(number(&app, "dataSize"));
    let what = if delete {
        format!("its data ({size}) is deleted then")
    } else {
        format!("its data ({size}) stays")
    };
    let name = printable(field(&app, "name"));
    context.output.confirm(&format!(
        "Remove {name}? It can come back for 30 days; {what}."
    ))?;
    let path = format!(
        "{APPS}/{}?data={}",
        field(&app, "install"),
        if delete { "delete" } else { "keep" }
    );
    let removal = client.delete(&path)?;
    saga::wait(context.output, client, &removal)?;
    context.output.show(&removal, |out| {
        writeln!(
            out,
            "removed {name}; until {} it comes back with webx app undo",
            field(&removal, "undoUntil")
        )
    })
}

fn undo(context: &Context, client: &Client, name: &str) -> anyhow::Result<()> {
    let removed = items(client.get("/api/apps/removed")?);
    let app = pick(
        &removed,
        name,
        "removed app",
        "see them with webx app ls --removed",
    )?;
    let install = install_of(&app);
    let begun = client.post(&format!("{APPS}/{install}/undo"), &json!({}))?;
    saga::wait(context.output, client, &begun)?;
    show_installed(context, client, &install)
}

fn grants(context: &Context, client: &Client, args: &AppGrantsArgs) -> anyhow::Result<()> {
    let mut app = find(client, &args.app)?;
    if !(args.grant.is_empty() && args.revoke.is_empty()) {
        let path = format!("{APPS}/{}/grants", field(&app, "install"));
        app = client.patch(
            &path,
            &json!({ "grant": args.grant, "revoke": args.revoke }),
        )?;
    }
    let shown =
        json!({ "permissions": list_of(&app, "permissions"), "picked": list_of(&app, "picked") });
    context.output.show(&shown, |out| permissions(out, &app))
}

fn export(context: &Context, client: &Client, name: &str, to: &Path) -> anyhow::Result<()> {
    let app = find(client, name)?;
    let (mut from, length) = client.open(&format!("{APPS}/{}/export", field(&app, "install")))?;
    if to == Path::new("-") {
        io::copy(&mut from, &mut io::stdout().lock())?;
        return Ok(());
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to)
        .with_context(|| format!("cannot write {}", to.display()))?;
    let progress = Progress::bytes(context.output, field(&app, "name"), length.unwrap_or(0));
    let mut out = progress.count(file);
    let copied = io::copy(&mut from, &mut out).and_then(|_| out.flush());
    progress.finish();
    if let Err(error) = copied {
        let _ = std::fs::remove_file(to);
        return Err(error).with_context(|| format!("cannot write {}", to.display()));
    }
    let written = out.bytes();
    context
        .output
        .show(&json!({ "file": to, "bytes": written }), |out| {
            writeln!(out, "{} written to {}", bytes(written), to.display())
        })
}

fn logs(context: &Context, client: &Client, name: &str, restart: bool) -> anyhow::Result<()> {
    let path = format!(
        "{APPS}/{}/backend",
        encode(field(&find(client, name)?, "install"))
    );
    if restart {
        client.post(&format!("{path}/restart"), &json!({}))?;
    }
    let status = client.get(&path)?;
    context.output.show(&status, |out| {
        for line in list_of(&status, "log") {
            writeln!(
                out,
                "{} {:<6} {}",
                field(line, "at"),
                field(line, "stream"),
                printable(field(line, "text"))
            )?;
        }
        writeln!(out, "the server side is {}", field(&status, "state"))?;
        match field(&status, "problem") {
            "" => Ok(()),
            problem => writeln!(out, "{}", printable(problem)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apps() -> Vec<Value> {
        vec![
            json!({ "install": "i1", "app": "aaaa.notes", "name": "Notes" }),
            json!({ "install": "i2", "app": "bbbb.notes", "name": "Other notes" }),
            json!({ "install": "i3", "app": "webx.files", "name": "Files" }),
        ]
    }

    #[test]
    fn an_app_is_found_by_what_people_call_it() {
        for name in ["i3", "webx.files", "files", "FILES"] {
            assert!(
                pick(&apps(), name, "app", "").is_ok_and(|app| field(&app, "install") == "i3"),
                "{name}"
            );
        }
        assert!(
            pick(&apps(), "other notes", "app", "").is_ok_and(|a| field(&a, "install") == "i2")
        );
    }

    #[test]
    fn a_name_that_two_apps_have_is_refused_with_their_ids() {
        let mut two = apps();
        two.remove(2);
        let error = pick(&two, "notes", "app", "");
        let Err(error) = error else {
            unreachable!("one of two was chosen");
        };
        let line = error.to_string();
        assert!(line.contains("aaaa.notes, bbbb.notes"), "{line}");
        assert!(
            pick(&apps(), "gone", "app", "look").is_err_and(|e| e.to_string().ends_with("; look"))
        );
    }
}
