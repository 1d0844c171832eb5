//! `webx net`: QNet from the command line.

mod last_resort;

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Context;
use super::app::list_of;
use super::drive::items;
use crate::args::{NetCommand, NetSettingsArgs};
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{field, number, printable};

pub(super) fn run(context: &Context, command: &NetCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    let output = context.output;
    match command {
        NetCommand::Invite(args) => {
            let asked = json!({ "label": args.label, "hours": args.hours });
            let invite = client.post("/api/net/invite", &asked)?;
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
            let joined = client.post("/api/net/join", &json!({ "invite": invite.trim() }))?;
            output.show(&joined, |out| {
                writeln!(out, "Joined by the invite of {}.", field(&joined, "by"))
            })
        }
        NetCommand::Peers => {
            let peers = items(client.get("/api/net/peers")?);
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
            let pong = client.post(&format!("/api/net/peers/{}/ping", encode(node)), &json!({}))?;
            output.show(&pong, |out| {
                writeln!(
                    out,
                    "{} answers in {} us, {}",
                    field(&pong, "id"),
                    number(&pong, "rttMicros"),
                    route(&pong)
                )
            })
        }
        NetCommand::Trace { node } => {
            let path = format!("/api/net/peers/{}/find", encode(node));
            let found = client.post(&path, &json!({}))?;
            output.show(&found, |out| {
                writeln!(out, "{}", field(&found, "id"))?;
                places(out, &found)
            })
        }
        NetCommand::Topology => {
            let seen = topology(&client)?;
            output.show(&seen, |out| {
                writeln!(out, "node      {}", field(&seen, "id"))?;
                writeln!(out, "reach     {}", field(&seen, "reach"))?;
                writeln!(out, "peers     {}", number(&seen, "peers"))?;
                if let Some(lan) = seen.get("lan") {
                    writeln!(out, "lan       {}", lan_line(lan))?;
                }
                for resort in list_of(&seen, "lastResort") {
                    writeln!(out, "resort    {}", last_resort::line(resort))?;
                }
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
                if let Some(health) = seen.get("health") {
                    writeln!(out, "health    {}", health_line(health))?;
                }
                writeln!(
                    out,
                    "traffic   {} of {} bytes today for keeping the network",
                    number(&seen, "controlBytes"),
                    number(&seen, "controlBudget")
                )
            })
        }
        NetCommand::Peer { node } => {
            let peer = client.get(&format!("/api/net/peers/{}", encode(node)))?;
            output.show(&peer, |out| show_peer(out, &peer))
        }
        NetCommand::LastResort(command) => last_resort::run(context, &client, command),
        NetCommand::Settings(args) => settings(context, &client, args),
    }
}

fn lan_line(lan: &Value) -> String {
    match field(lan, "status") {
        "metered" => "not looked for while the link is metered".to_owned(),
        "noNetwork" => "no local network".to_owned(),
        "on" => format!("{} nodes found in the local network", number(lan, "found")),
        "failed" => format!("failed: {}", printable(field(lan, "trouble"))),
        _ => "off".to_owned(),
    }
}

fn health_line(health: &Value) -> String {
    let figure = |name: &str| health.get(name).and_then(Value::as_f64);
    let degree = figure("degree").unwrap_or(0.0);
    let told = number(health, "samples");
    match figure("reached") {
        Some(share) => format!(
            "{degree:.0} peers a node, {:.0} % of dialled nodes answer, as {told} peers tell",
            share * 100.0
        ),
        None => format!("{degree:.0} peers a node, as {told} peers tell"),
    }
}

/// What `webx net topology` shows: this node, and how far QNet reaches.
fn topology(client: &Client) -> anyhow::Result<Value> {
    let mut seen = client.get("/api/net")?;
    let reach = field(&seen, "reach").to_owned();
    let node = seen.get_mut("node").and_then(Value::as_object_mut);
    let Some(node) = node.map(std::mem::take) else {
        return Err(Failure::refused("no-network", "this node is not on QNet")
            .todo("start it with webx up --qnet loopback, or any; see its log if you did")
            .into());
    };
    let mut shown = Value::Object(node);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("reach".to_owned(), reach.into());
    }
    Ok(shown)
}

fn settings(context: &Context, client: &Client, args: &NetSettingsArgs) -> anyhow::Result<()> {
    let mut settings = client.get("/api/net/settings")?;
    for change in &args.changes {
        put(&mut settings, change)?;
    }
    if !args.changes.is_empty() {
        settings = client.put("/api/net/settings", &settings)?;
    }
    context.output.show(&settings, |out| {
        for (name, value) in settings.as_object().into_iter().flatten() {
            match value.as_object() {
                None => writeln!(out, "{name} = {value}")?,
                Some(parts) => {
                    for (part, value) in parts {
                        writeln!(out, "{name}.{part} = {value}")?;
                    }
                }
            }
        }
        Ok(())
    })
}

/// Puts `NAME=VALUE` into the settings; a name with a dot stands inside another one. The node says what it does not take.
fn put(settings: &mut Value, change: &str) -> anyhow::Result<()> {
    let (name, value) = change
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("{change} is not NAME=VALUE")))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    put_at(settings, name.trim().split('.'), value);
    Ok(())
}

fn put_at(at: &mut Value, mut names: std::str::Split<'_, char>, value: Value) {
    let Some(name) = names.next() else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = json!({});
    }
    if let Some(inside) = at.as_object_mut() {
        put_at(inside.entry(name).or_insert(Value::Null), names, value);
    }
}

fn route(pong: &Value) -> String {
    let selected = list_of(pong, "paths")
        .iter()
        .find(|path| path.get("selected").and_then(Value::as_bool) == Some(true));
    let Some(path) = selected else {
        return "in an unknown way".to_owned();
    };
    let address = printable(field(path, "address"));
    match field(path, "kind") {
        "direct" => format!("direct, {address}"),
        "relay" => format!("by the relay {address}"),
        _ => "in another way".to_owned(),
    }
}

fn places(out: &mut dyn Write, node: &Value) -> io::Result<()> {
    for (name, before) in [("addresses", "at"), ("relays", "by the relay")] {
        for place in list_of(node, name).iter().filter_map(Value::as_str) {
            writeln!(out, "  {before} {}", printable(place))?;
        }
    }
    Ok(())
}

fn show_peer(out: &mut dyn Write, peer: &Value) -> io::Result<()> {
    let nothing = Value::Null;
    writeln!(out, "{}", field(peer, "id"))?;
    for (name, before) in [("did", ""), ("contact", "contact: ")] {
        if !field(peer, name).is_empty() {
            writeln!(out, "  {before}{}", printable(field(peer, name)))?;
        }
    }
    match peer.get("connection") {
        Some(how) => writeln!(out, "  {}", line(how).trim())?,
        None => writeln!(out, "  not connected")?,
    }
    if let Some(detour) = peer.get("connection").and_then(|how| how.get("detour")) {
        writeln!(
            out,
            "  {} us by way of {}",
            number(detour, "rttMicros"),
            field(detour, "via")
        )?;
    }
    places(out, peer)?;
    let fitness = peer.get("fitness").unwrap_or(&nothing);
    writeln!(out, "rating  {}", field(fitness, "rating"))?;
    for reason in list_of(fitness, "reasons") {
        writeln!(
            out,
            "  {:<7}  {:<17}  {}",
            field(reason, "effect"),
            field(reason, "dimension"),
            figure(reason.get("measured").unwrap_or(&nothing))
        )?;
    }
    Ok(())
}

fn figure(measured: &Value) -> String {
    let number = |name: &str| measured.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    match field(measured, "unit") {
        "milliseconds" => format!(
            "{:.1} ms, 95 % below {:.1} ms",
            number("value"),
            number("p95")
        ),
        "bytesPerSecond" => format!("{:.0} bytes/s", number("value")),
        _ => format!("{:.0} %", number("value") * 100.0),
    }
}

/// A QR code of half blocks.
pub(super) fn picture(link: &str) -> Option<String> {
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
    let found = match peer.get("lan").and_then(Value::as_bool) {
        Some(true) => "  found in the local network",
        _ => "",
    };
    format!(
        "{}  {rtt}  {role:<9}  {}{found}",
        field(peer, "id"),
        printable(field(peer, "address"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_looking_in_the_local_network_stands_is_told_in_a_line() {
        let told =
            |status: &str| lan_line(&json!({ "status": status, "found": 2, "trouble": "taken" }));
        assert_eq!(told("on"), "2 nodes found in the local network");
        assert_eq!(told("failed"), "failed: taken");
        assert_eq!(told("off"), "off");
    }

    #[test]
    fn health_is_told_in_a_line() {
        let mut health = json!({ "samples": 6, "degree": 7.0, "reached": 0.96 });
        assert_eq!(
            health_line(&health),
            "7 peers a node, 96 % of dialled nodes answer, as 6 peers tell"
        );
        health["reached"] = Value::Null;
        assert_eq!(health_line(&health), "7 peers a node, as 6 peers tell");
    }

    #[test]
    fn a_setting_is_put_where_its_name_says() {
        let mut settings = json!({ "neighbours": 5, "rates": {}, "relay": null });
        for change in [
            "neighbours=8",
            "rates.up=1000",
            "metered=true",
            "relay.public=203.0.113.7:443",
        ] {
            assert!(put(&mut settings, change).is_ok(), "{change}");
        }
        let want = json!({
            "neighbours": 8, "rates": { "up": 1000 }, "metered": true, "relay": { "public": "203.0.113.7:443" }
        });
        assert_eq!(settings, want);
        assert!(put(&mut settings, "relay=null").is_ok());
        assert_eq!(settings["relay"], Value::Null);
        assert!(put(&mut settings, "neighbours").is_err());
    }
}
