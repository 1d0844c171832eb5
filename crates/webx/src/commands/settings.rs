//! `webx settings` and `webx passphrase`.

use serde_json::{Map, Value, json};

use super::Context;
use super::lifecycle::wipe;
use crate::args::{PassphraseArgs, SettingsCommand};
use crate::failure::Failure;
use crate::secret;

pub(super) fn run(context: &Context, command: &SettingsCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        SettingsCommand::Get { key } => {
            let settings = client.get("/api/settings")?;
            show(context, &settings, key.as_deref())
        }
        SettingsCommand::Set { key, value } => {
            let mut change = Map::new();
            change.insert(key.clone(), parse(value));
            client.patch("/api/settings", &Value::Object(change))?;
            show(context, &client.get("/api/settings")?, Some(key))
        }
    }
}

fn show(context: &Context, settings: &Value, key: Option<&str>) -> anyhow::Result<()> {
    let Some(key) = key else {
        return context.output.show(settings, |out| {
            for (key, value) in settings.as_object().into_iter().flatten() {
                writeln!(out, "{key} = {}", text(value))?;
            }
            Ok(())
        });
    };
    let value = settings.get(key).ok_or_else(|| {
        Failure::refused("unknown-setting", format!("{key} is not set"))
            .todo("see all settings with webx settings get")
    })?;
    context
        .output
        .show(value, |out| writeln!(out, "{}", text(value)))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => crate::output::printable(text),
        other => other.to_string(),
    }
}

/// JSON when it is JSON (`15`, `true`, `{"a":1}`), else plain text (`dark`).
fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Changes the passphrase. The 24 words and everything stored stay as they are.
pub(super) fn passphrase(context: &Context, args: &PassphraseArgs) -> anyhow::Result<()> {
    let client = context.client()?;
    let current = secret::passphrase(args.passphrase_file.as_deref(), "Present passphrase")?;
    let next = secret::new_passphrase(args.new_passphrase_file.as_deref(), "New passphrase")?;
    let mut body = json!({ "current": *current, "next": *next });
    let answer = client.post("/api/security/passphrase", &body);
    wipe(&mut body);
    answer?;
    context.output.show(&json!({ "changed": true }), |out| {
        writeln!(out, "the passphrase is changed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_plain_text() {
        assert_eq!(parse("15"), json!(15));
        assert_eq!(parse("true"), json!(true));
        assert_eq!(parse("dark"), json!("dark"));
        assert_eq!(parse("\"12\""), json!("12"));
    }
}
