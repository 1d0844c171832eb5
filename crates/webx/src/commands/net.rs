//! `webx net`: QNet from the command line.

use serde_json::{Value, json};

use super::Context;
use super::drive::items;
use crate::args::NetCommand;
use crate::client::encode;
use crate::output::{field, number, printable};

pub(super) fn run(context: &Context, command: &NetCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    let output = context.output;
    match command {
        NetCommand::Invite(args) => {
            let asked = json!({ "label": args.label, "hours": args.hours });
            let invite = client.post("/api/control/net/invite", &asked)?;
            output.show(&invite, |out| {
                let link = field(&invite, "invite");
                if let Some(picture) = picture(link) {
                    writeln!(out, "{picture}")?;
                }
                writeln!(out, "{link}")?;
                writeln!(out, "Good until {}.", field(&invite, "expires"))
            })
        }
        NetCommand::Join { invite } => {
            let joined =
                client.post("/api/control/net/join", &json!({ "invite": invite.trim() }))?;
            output.show(&joined, |out| {
                writeln!(out, "Joined by the invite of {}.", field(&joined, "by"))
            })
        }
        NetCommand::Peers => {
            let peers = items(client.get("/api/control/net/peers")?);
            output.show(&peers, |out| {
                if peers.is_empty() {
                    writeln!(out, "No peers yet. Join by an invite: webx net join LINK")?;
                }
                for peer in &peers {
                    writeln!(out, "{}", line(peer))?;
                }
                Ok(())
            })
        }
        NetCommand::Ping { node } => {
            let pong = client.post(
                &format!("/api/control/net/nodes/{}/ping", encode(node)),
                &json!({}),
            )?;
            output.show(&pong, |out| {
                writeln!(
                    out,
                    "{} answers in {} us, {}",
                    field(&pong, "id"),
                    number(&pong, "rttMicros"),
                    field(&pong, "route")
                )
            })
        }
        NetCommand::Trace { node } => {
            let found = client.get(&format!("/api/control/net/nodes/{}", encode(node)))?;
            output.show(&found, |out| {
                writeln!(out, "{}", field(&found, "id"))?;
                for address in found
                    .get("direct")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    writeln!(
                        out,
                        "  at {}",
                        printable(address.as_str().unwrap_or_default())
                    )?;
                }
                for relay in found
                    .get("relays")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    writeln!(
                        out,
                        "  by the relay {}",
                        printable(relay.as_str().unwrap_or_default())
                    )?;
                }
                Ok(())
            })
        }
        NetCommand::Topology => {
            let seen = client.get("/api/control/net")?;
            output.show(&seen, |out| {
                writeln!(out, "node      {}", field(&seen, "id"))?;
                writeln!(out, "reach     {}", field(&seen, "reach"))?;
                writeln!(out, "peers     {}", number(&seen, "peers"))?;
                writeln!(
                    out,
                    "known     {} nodes, {} in the table",
                    number(&seen, "known"),
                    number(&seen, "table")
                )?;
                match seen.get("networkSize").and_then(Value::as_u64) {
                    Some(size) => writeln!(out, "network   about {size} nodes")?,
                    None => writeln!(out, "network   too few known to tell its size")?,
                }
                writeln!(
                    out,
                    "traffic   {} of {} bytes today for keeping the network",
                    number(&seen, "controlBytes"),
                    number(&seen, "controlBudget")
                )
            })
        }
    }
}

/// The invite as a QR code of half blocks.
fn picture(link: &str) -> Option<String> {
    let code = qrcode::QrCode::with_error_correction_level(link, qrcode::EcLevel::L).ok()?;
    Some(code.render::<qrcode::render::unicode::Dense1x2>().build())
}

fn line(peer: &Value) -> String {
    let rtt = match number(peer, "rttMicros") {
        0 => "      -".to_owned(),
        micros => format!("{:>4}.{} ms", micros / 1000, micros % 1000 / 100),
    };
    let role = if peer.get("neighbour").and_then(Value::as_bool) == Some(true) {
        "neighbour"
    } else {
        "met"
    };
    format!(
        "{}  {rtt}  {role:<9}  {}",
        field(peer, "id"),
        printable(field(peer, "address"))
    )
}
