//! `webx unlock|lock|status|stop`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zeroize::Zeroize as _;

use super::Context;
use crate::args::UnlockArgs;
use crate::client::{Client, is_unreachable};
use crate::control;
use crate::failure::Failure;
use crate::folder;
use crate::output::field;
use crate::secret::Secret;

/// A node that was asked to stop gets this long to end its transfers.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Unlocks the running node.
pub(super) fn unlock(context: &Context, args: &UnlockArgs) -> anyhow::Result<()> {
    let client = context.client()?;
    let secret = Secret::read(&args.secret)?;
    session(&client, &secret)?;
    context
        .output
        .show(&json!({ "state": "open" }), |out| writeln!(out, "unlocked"))
}

/// Proves the secret to the node, which opens the vault.
pub(super) fn session(client: &Client, secret: &Secret) -> anyhow::Result<()> {
    let mut body = match secret {
        Secret::Passphrase(passphrase) => json!({ "passphrase": **passphrase }),
        Secret::Words(words) => json!({ "words": **words }),
    };
    let answer = client.post("/api/session", &body);
    wipe(&mut body);
    answer.map(drop)
}

/// Overwrites the texts of a JSON object that held a secret.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Locks the running node.
pub(super) fn lock(context: &Context) -> anyhow::Result<()> {
    context.client()?.post("/api/lock", &json!({}))?;
    context
        .output
        .show(&json!({ "state": "locked" }), |out| writeln!(out, "locked"))
}

/// Says whether the node runs. Exit code 1 when it does not.
pub(super) fn status(context: &Context) -> anyhow::Result<()> {
    let running = match control::find(&context.data)? {
        Some(control) => match Client::new(&control)?.get("/api/status") {
            Ok(status) => Some((control, status)),
            Err(error) if is_unreachable(&error) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let Some((control, status)) = running else {
        if context.output.json {
            context.output.show(
                &json!({ "ready": false, "running": false, "data": context.data }),
                |_| Ok(()),
            )?;
        }
        return Err(control::not_running(&context.data).into());
    };
    let apps = apps(&control, &status)?;
    let mut shown = status.clone();
    if let Value::Object(map) = &mut shown {
        if let Some((installed, running)) = apps {
            map.insert(
                "apps".into(),
                json!({ "installed": installed, "serversRunning": running }),
            );
        }
        map.insert("running".into(), json!(true));
        map.insert("pid".into(), json!(control.pid));
        map.insert("url".into(), json!(crate::node::url(control.addr.port())));
        map.insert("data".into(), json!(context.data));
    }
    context.output.show(&shown, |out| {
        writeln!(out, "state      {}", field(&status, "state"))?;
        writeln!(
            out,
            "ready      {}",
            status.get("ready") == Some(&Value::Bool(true))
        )?;
        writeln!(out, "address    {}", crate::node::url(control.addr.port()))?;
        writeln!(out, "process    {}", control.pid)?;
        writeln!(out, "version    {}", field(&status, "version"))?;
        if let Some((installed, running)) = apps {
            writeln!(
                out,
                "apps       {installed} installed, {running} server sides running"
            )?;
        }
        writeln!(out, "data       {}", context.data.display())
    })
}

/// How many apps are installed and how many of their server sides run; nothing while the node is locked.
fn apps(control: &control::Control, status: &Value) -> anyhow::Result<Option<(usize, usize)>> {
    if field(status, "state") != "open" {
        return Ok(None);
    }
    let Value::Array(apps) = Client::new(control)?.get("/api/apps")? else {
        return Ok(None);
    };
    let running = apps
        .iter()
        .filter(|app| {
            app.pointer("/backend/state")
                .is_some_and(|state| state == "running")
        })
        .count();
    Ok(Some((apps.len(), running)))
}

/// Stops the running node and waits until its data folder is free.
pub(super) fn stop(context: &Context) -> anyhow::Result<()> {
    let control = control::require(&context.data)?;
    match Client::new(&control)?.post("/api/control/stop", &json!({})) {
        Ok(_) => {}
        Err(error) if is_unreachable(&error) => {
            return Err(control::not_running(&context.data).into());
        }
        Err(error) => return Err(error),
    }
    let asked = Instant::now();
    while control::find(&context.data)?.is_some_and(|now| now.pid == control.pid)
        || folder::is_held(&context.data)
    {
        if asked.elapsed() > STOP_LIMIT {
            return Err(Failure::refused(
                "still-stopping",
                format!("process {} is still stopping", control.pid),
            )
            .todo("wait for its transfers to end, or end it with your system's tools")
            .into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    context
        .output
        .show(&json!({ "running": false }), |out| writeln!(out, "stopped"))
}
