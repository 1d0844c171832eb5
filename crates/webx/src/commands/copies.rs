//! `webx copies`: where the drive is besides here, and what is kept for others.

use serde_json::{Value, json};

use super::Context;
use super::contacts::find;
use super::drive::items;
use crate::args::CopiesCommand;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{bytes, field, number, printable};

pub(super) fn run(context: &Context, command: &CopiesCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        CopiesCommand::List => show(context, &client.get("/api/copies")?),
        CopiesCommand::Give { who, size } => {
            let bytes = size_of(size)?;
            let contact = find(&client, who)?;
            let address = format!("/api/copies/{}", encode(field(&contact, "did")));
            show(context, &client.put(&address, &json!({ "bytes": bytes }))?)
        }
        CopiesCommand::Now => now(context, &client),
        CopiesCommand::Restore => {
            let back = client.post("/api/copies/restore", &json!({}))?;
            context.output.show(&back, |out| {
                writeln!(
                    out,
                    "{} files in {} folders are in the tree again, {}.",
                    number(&back, "files"),
                    number(&back, "folders"),
                    bytes(number(&back, "bytes")),
                )?;
                writeln!(out, "Their bytes come now; what you open comes first.")
            })
        }
    }
}

fn now(context: &Context, client: &Client) -> anyhow::Result<()> {
    let round = client.post("/api/copies/round", &json!({}))?;
    context.output.show(&round, |out| {
        let (hosts, blocks) = (number(&round, "hosts"), number(&round, "blocks"));
        if hosts == 0 {
            return writeln!(
                out,
                "No contact keeps anything for you. Ask one to run webx copies give YOU 50GB"
            );
        }
        writeln!(
            out,
            "{} sent in {} copies to {hosts} nodes. {} of {blocks} blocks lie on no other node, {} on fewer than wanted.",
            bytes(number(&round, "bytes")),
            number(&round, "copied"),
            number(&round, "nowhere"),
            number(&round, "lacking"),
        )?;
        writeln!(
            out,
            "Sample: {} pieces shown, {} not.",
            number(&round, "proved"),
            number(&round, "failed"),
        )
    })
}

fn show(context: &Context, view: &Value) -> anyhow::Result<()> {
    let agreements = items(view.get("agreements").cloned().unwrap_or_default());
    context.output.show(view, |out| {
        if agreements.is_empty() {
            writeln!(
                out,
                "Nobody keeps copies for you, and you keep none. Begin with webx copies give WHO 50GB, and ask for the same"
            )?;
        }
        for one in &agreements {
            let who = match field(one, "contact") {
                "" => field(one, "did"),
                name => name,
            };
            writeln!(
                out,
                "{}: keeps {} of {} for you; you keep {} of {}",
                printable(who),
                bytes(number(one, "takenUsed")),
                bytes(number(one, "taken")),
                bytes(number(one, "givenUsed")),
                bytes(number(one, "given")),
            )?;
        }
        if let Some(last) = view.get("last") {
            writeln!(
                out,
                "Last round: {} blocks on {} nodes, {} on none, {} on fewer than {}.",
                number(last, "blocks"),
                number(last, "hosts"),
                number(last, "nowhere"),
                number(last, "lacking"),
                number(view, "wanted"),
            )?;
        }
        Ok(())
    })
}

/// Bytes: a number, or one with KB, MB, GB or TB (thousands).
fn size_of(text: &str) -> Result<u64, Failure> {
    let text = text.trim().to_ascii_uppercase();
    let (digits, unit) = match ["KB", "MB", "GB", "TB"]
        .iter()
        .zip([1_000_u64, 1_000_000, 1_000_000_000, 1_000_000_000_000])
        .find_map(|(unit, size)| text.strip_suffix(unit).map(|digits| (digits, size)))
    {
        Some(found) => found,
        None => (text.as_str(), 1),
    };
    let bytes = digits.trim().parse::<u64>().ok();
    bytes
        .and_then(|bytes| bytes.checked_mul(unit))
        .ok_or_else(|| Failure::usage("a size is a number of bytes, or one with KB, MB, GB or TB"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size_of("0").unwrap(), 0);
        assert_eq!(size_of("1500").unwrap(), 1500);
        assert_eq!(size_of(" 50 gb").unwrap(), 50_000_000_000);
        assert_eq!(size_of("2TB").unwrap(), 2_000_000_000_000);
        for bad in ["", "GB", "-1", "1.5GB", "5 XB", "99999999999TB"] {
            assert!(size_of(bad).is_err(), "{bad:?}");
        }
    }
}
