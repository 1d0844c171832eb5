//! `webx id`: who you are.

use serde_json::Value;

use super::Context;
use crate::args::IdCommand;
use crate::output::{field, printable};

pub(super) fn run(context: &Context, command: &IdCommand) -> anyhow::Result<()> {
    match command {
        IdCommand::Show { log } => show(context, *log),
        IdCommand::Devices(command) => super::devices::run(context, command),
        IdCommand::Guardians(command) => super::guardians::run(context, command),
        IdCommand::Recover(args) => super::recovery::recover(context, args),
    }
}

fn show(context: &Context, log: bool) -> anyhow::Result<()> {
    let identity = context.client()?.get("/api/identity")?;
    context.output.show(&identity, |out| {
        writeln!(out, "DID        {}", field(&identity, "did"))?;
        writeln!(out, "device     {}", field(&identity, "deviceDid"))?;
        writeln!(
            out,
            "name       {}",
            printable(field(&identity, "displayName"))
        )?;
        writeln!(
            out,
            "machine    {}",
            printable(field(&identity, "deviceName"))
        )?;
        writeln!(out, "created    {}", field(&identity, "createdAt"))?;
        let confirmed = identity.get("recoveryConfirmed") == Some(&Value::Bool(true));
        let words = if confirmed {
            "written down, proved"
        } else {
            "not yet proved to be written down"
        };
        writeln!(out, "24 words   {words}")?;
        if log {
            for entry in identity
                .get("log")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                writeln!(out, "{entry}")?;
            }
        }
        Ok(())
    })
}
