//! From a package to an installed app: look at it, show what it asks for, begin, wait.

use std::fs::File;
use std::io::{self, Write};

use anyhow::Context as _;
use serde_json::{Value, json};
use ureq::http::Method;

use super::super::Context;
use super::super::saga;
use super::{APPS, list_of, show_installed};
use crate::args::AppInstallArgs;
use crate::client::{Client, Progress};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

/// Which optional permissions are given.
pub(in super::super) enum Optional<'a> {
    /// All that are asked for.
    All,
    /// Those with these keys.
    These(&'a [String]),
}

impl<'a> Optional<'a> {
    pub(in super::super) fn of(all: bool, keys: &'a [String]) -> Self {
        if all { Self::All } else { Self::These(keys) }
    }
}

/// Installs the package in a file.
pub(super) fn file(
    context: &Context,
    client: &Client,
    args: &AppInstallArgs,
) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", args.file.display());
    let package = File::open(&args.file).with_context(cannot)?;
    let size = package.metadata().with_context(cannot)?.len();
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let progress = Progress::bytes(context.output, &name, size);
    let inspection = client.send(
        Method::POST,
        "/api/apps/inspect",
        &mut progress.meter(package),
    );
    progress.finish();
    let optional = Optional::of(args.grant_all, &args.grant);
    inspected(context, client, &inspection?, &optional)
}

/// Goes on with a package that the node has looked at: asks the person once, installs, prints the app.
pub(in super::super) fn inspected(
    context: &Context,
    client: &Client,
    inspection: &Value,
    optional: &Optional<'_>,
) -> anyhow::Result<()> {
    let upload = field(inspection, "upload");
    let agreed = granted(inspection, optional).and_then(|keys| {
        if !context.output.json && !context.output.quiet {
            sheet(&mut io::stderr().lock(), inspection, &keys)?;
        }
        let manifest = inspection.get("manifest").unwrap_or(&Value::Null);
        let verb = if inspection.get("update").is_some() {
            "Update"
        } else {
            "Install"
        };
        let name = printable(field(manifest, "name"));
        context
            .output
            .confirm(&format!("{verb} {name} {}?", field(manifest, "version")))?;
        Ok(keys)
    });
    let keys = match agreed {
        Ok(keys) => keys,
        Err(error) => {
            let _ = client.delete(&format!("{APPS}/inspect/{upload}"));
            return Err(error);
        }
    };
    let begun = client.post(APPS, &json!({ "upload": upload, "grant": keys }))?;
    saga::wait(context.output, client, &begun)?;
    show_installed(context, client, field(&begun, "install"))
}

/// The keys of what is given: everything required, and the optional ones that were chosen.
fn granted(inspection: &Value, optional: &Optional<'_>) -> anyhow::Result<Vec<String>> {
    let asked = list_of(inspection, "added");
    if let Optional::These(keys) = optional {
        let unknown = keys
            .iter()
            .find(|key| !asked.iter().any(|p| field(p, "key") == key.as_str()));
        if let Some(key) = unknown {
            let what = format!("the app does not ask for {}", printable(key));
            return Err(Failure::refused("not-asked", what).into());
        }
    }
    Ok(asked
        .iter()
        .filter(|permission| {
            is_required(permission)
                || match optional {
                    Optional::All => true,
                    Optional::These(keys) => keys.iter().any(|key| key == field(permission, "key")),
                }
        })
        .map(|permission| field(permission, "key").to_owned())
        .collect())
}

fn is_required(permission: &Value) -> bool {
    permission.get("required") == Some(&Value::Bool(true))
}

/// What a person sees before the question.
fn sheet(out: &mut dyn Write, inspection: &Value, given: &[String]) -> io::Result<()> {
    let manifest = inspection.get("manifest").unwrap_or(&Value::Null);
    writeln!(
        out,
        "{} {}",
        printable(field(manifest, "name")),
        field(manifest, "version")
    )?;
    writeln!(out, "{}", printable(field(manifest, "description")))?;
    writeln!(out, "id         {}", field(inspection, "app"))?;
    let publisher = inspection.get("publisher").unwrap_or(&Value::Null);
    writeln!(out, "publisher  {}", printable(field(publisher, "did")))?;
    writeln!(out, "size       {}", bytes(number(inspection, "size")))?;
    if let Some(update) = inspection.get("update") {
        writeln!(out, "updates    {}", field(update, "from"))?;
    }
    for permission in list_of(inspection, "added") {
        let key = field(permission, "key");
        let mark = if given.iter().any(|g| g == key) {
            "will get"
        } else {
            "asks for"
        };
        let reason = permission
            .get("permission")
            .map(|p| field(p, "reason"))
            .unwrap_or_default();
        let need = if is_required(permission) {
            ""
        } else {
            " (optional)"
        };
        writeln!(
            out,
            "{mark:<10} {}{need}: {}",
            printable(key),
            printable(reason)
        )?;
    }
    for key in list_of(inspection, "dropped")
        .iter()
        .filter_map(Value::as_str)
    {
        writeln!(out, "gives up   {}", printable(key))?;
    }
    for warning in list_of(inspection, "warnings")
        .iter()
        .filter_map(Value::as_str)
    {
        writeln!(out, "warning    {}", printable(warning))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection() -> Value {
        json!({ "added": [
            { "key": "storage:own", "required": true },
            { "key": "notify", "required": false },
            { "key": "clipboard", "required": false },
        ]})
    }

    #[test]
    fn an_app_gets_what_it_needs_and_what_was_chosen() {
        let keys = |optional| granted(&inspection(), &optional).unwrap_or_default();
        let notify = ["notify".to_owned()];
        assert_eq!(keys(Optional::These(&[])), ["storage:own"]);
        assert_eq!(keys(Optional::These(&notify)), ["storage:own", "notify"]);
        assert_eq!(keys(Optional::All), ["storage:own", "notify", "clipboard"]);
    }

    #[test]
    fn what_an_app_did_not_ask_for_is_not_given() {
        let keys = ["wallet".to_owned()];
        assert!(granted(&inspection(), &Optional::These(&keys)).is_err());
    }

    #[test]
    fn the_sheet_says_who_asks_for_what_and_why() {
        let inspection = json!({
            "app": "aaaa.notes", "size": 1024, "publisher": { "did": "did:key:z6Mk" },
            "manifest": { "name": "Notes", "version": "1.1.0", "description": "Writes\u{1b}[2J" },
            "update": { "from": "1.0.0" },
            "added": [{ "key": "notify", "required": false, "permission": { "reason": "Reminds you" } }],
            "dropped": ["clipboard"], "warnings": ["The publisher changed."],
        });
        let mut out = Vec::new();
        assert!(sheet(&mut out, &inspection, &[]).is_ok());
        let text = String::from_utf8_lossy(&out);
        for part in [
            "did:key:z6Mk",
            "asks for   notify (optional): Reminds you",
            "gives up   clipboard",
            "1.0.0",
            "The publisher changed.",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains('\u{1b}'));
    }
}
