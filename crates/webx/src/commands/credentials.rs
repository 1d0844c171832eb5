//! `webx cred`: statements that anybody can check.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Context;
use crate::args::CredCommand;
use crate::client::encode;
use crate::failure::Failure;
use crate::output::{field, printable};

/// Longest document that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

pub(super) fn run(context: &Context, command: &CredCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        CredCommand::Issue {
            file,
            suite,
            forever,
            list_at,
        } => {
            let new = json!({
                "credential": value(file)?, "suite": suite, "revocable": !forever, "statusList": list_at,
            });
            let issued = client.post("/api/credentials", &new)?;
            document(context, issued.get("credential").unwrap_or(&Value::Null))
        }
        CredCommand::SdJwt {
            file,
            hide,
            holder,
            forever,
            list_at,
        } => {
            let new = json!({
                "claims": value(file)?, "hidden": hide, "holder": holder, "revocable": !forever, "statusList": list_at,
            });
            token(context, &client.post("/api/credentials/sd-jwt", &new)?)
        }
        CredCommand::Show {
            file,
            reveal,
            challenge,
            domain,
        } => {
            let new = json!({
                "token": text(file)?.trim(), "reveal": reveal, "challenge": challenge, "domain": domain,
            });
            token(
                context,
                &client.post("/api/credentials/sd-jwt/present", &new)?,
            )
        }
        CredCommand::Verify {
            file,
            challenge,
            domain,
            log,
            status_list,
            schema,
        } => {
            let asked = json!({
                "document": text(file)?, "challenge": challenge, "domain": domain,
                "didLogs": logs(log)?, "statusLists": texts(status_list)?,
                "schemas": texts(schema)?,
            });
            verdict(context, &client.post("/api/credentials/verify", &asked)?)
        }
        CredCommand::Present {
            files,
            challenge,
            domain,
            suite,
        } => {
            let new = json!({ "credentials": texts(files)?, "challenge": challenge, "domain": domain, "suite": suite });
            document(context, &client.post("/api/credentials/present", &new)?)
        }
        CredCommand::Revoke { id } => {
            let path = format!("/api/credentials/{}/revoke", encode(id));
            let revoked = client.post(&path, &json!({}))?;
            context.output.show(&revoked, |out| {
                writeln!(
                    out,
                    "{} is withdrawn: your status list says so from now on",
                    field(&revoked, "id")
                )
            })
        }
        CredCommand::StatusList {
            at,
            token: as_token,
            device,
        } => {
            let mut query = format!("?device={device}");
            if let Some(at) = at {
                query = format!("{query}&address={}", encode(at));
            }
            if *as_token {
                let path = format!("/api/credentials/status-list/token{query}");
                return token(context, &client.get(&path)?);
            }
            document(
                context,
                &client.get(&format!("/api/credentials/status-list{query}"))?,
            )
        }
        CredCommand::List => {
            let all = client.get("/api/credentials")?;
            context.output.show(&all, |out| {
                if list(&all).is_empty() {
                    writeln!(
                        out,
                        "You have issued no credentials. webx cred issue FILE signs one"
                    )?;
                }
                for one in list(&all) {
                    let state = match (one.get("revoked"), one.get("revocable")) {
                        (Some(Value::Bool(true)), _) => "withdrawn",
                        (_, Some(Value::Bool(true))) => "holds",
                        _ => "forever",
                    };
                    let types = one
                        .pointer("/credential/type")
                        .map(Value::to_string)
                        .unwrap_or_default();
                    writeln!(
                        out,
                        "{}  {}  {state:<9}  {}",
                        field(one, "id"),
                        field(one, "issuedAt"),
                        printable(&types)
                    )?;
                }
                Ok(())
            })
        }
    }
}

/// A document is JSON with or without `--json`.
fn document(context: &Context, document: &Value) -> anyhow::Result<()> {
    let pretty = serde_json::to_string_pretty(document)?;
    context
        .output
        .show(document, |out| writeln!(out, "{pretty}"))
}

/// A token is one line; with `--json` it stands in an object.
fn token(context: &Context, answer: &Value) -> anyhow::Result<()> {
    context
        .output
        .show(answer, |out| writeln!(out, "{}", field(answer, "token")))
}

fn verdict(context: &Context, verdict: &Value) -> anyhow::Result<()> {
    if verdict.get("verified") != Some(&Value::Bool(true)) {
        let reason = printable(field(verdict, "reason"));
        return Err(Failure::refused("not-verified", format!("it does not hold: {reason}")).into());
    }
    context.output.show(verdict, |out| {
        if let Some(holder) = verdict.get("holder").and_then(Value::as_str) {
            writeln!(out, "shown by   {}", printable(holder))?;
        }
        for one in verdict.get("credentials").map(list).unwrap_or_default() {
            writeln!(out, "stated by  {}", printable(field(one, "issuer")))?;
            let words = one.get("status").map(list).unwrap_or_default();
            for word in words.iter().filter_map(Value::as_str) {
                let said = match word {
                    "clear" => "not withdrawn",
                    "message" => "the issuer has a message for it",
                    _ => "unknown: the issuer's status list is not at hand (--status-list FILE)",
                };
                writeln!(out, "status     {said}")?;
            }
            let schemas = one.get("schemas").map(list).unwrap_or_default();
            for word in schemas.iter().filter_map(Value::as_str) {
                let said = match word {
                    "held" => "as it wants it",
                    _ => "unknown: it is not at hand (--schema FILE)",
                };
                writeln!(out, "schema     {said}")?;
            }
            if let Some(claims) = one.get("claims").filter(|claims| claims.is_object()) {
                writeln!(out, "claims     {}", printable(&claims.to_string()))?;
            }
        }
        writeln!(out, "It holds")
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Logs without what `webx id show --log` prints above them.
fn logs(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let entries = |text: String| {
        let entries = text.lines().filter(|line| line.starts_with('{'));
        entries.fold(String::new(), |log, line| log + line + "\n")
    };
    Ok(texts(files)?.into_iter().map(entries).collect())
}

fn texts(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    files.iter().map(|file| text(file)).collect()
}

fn value(file: &Path) -> anyhow::Result<Value> {
    serde_json::from_str(&text(file)?).with_context(|| format!("{} is not JSON", file.display()))
}

fn text(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MAX_FILE)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
    };
    read.with_context(|| format!("{} was not read", file.display()))?;
    Ok(text)
}
