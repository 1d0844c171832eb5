//! `webx webdav`: the door for file managers.

use serde_json::{Value, json};

use super::Context;
use crate::args::WebdavCommand;
use crate::output::field;

const PATH: &str = "/api/doors/webdav";

pub(super) fn run(context: &Context, command: WebdavCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    let door = match command {
        WebdavCommand::On => client.put(PATH, &json!({ "enabled": true }))?,
        WebdavCommand::Off => client.put(PATH, &json!({ "enabled": false }))?,
        WebdavCommand::Status => client.get(PATH)?,
    };
    context.output.show(&door, |out| {
        if door.get("enabled") != Some(&Value::Bool(true)) {
            return writeln!(out, "the WebDAV door is closed");
        }
        writeln!(out, "the WebDAV door is open")?;
        writeln!(out, "address    {}", field(&door, "url"))?;
        writeln!(out, "user       {}", field(&door, "username"))?;
        if let Some(token) = door.get("token").and_then(Value::as_str) {
            writeln!(out, "password   {token}")?;
            writeln!(
                out,
                "The password is shown only now; keep it in your password manager."
            )?;
        }
        Ok(())
    })
}
