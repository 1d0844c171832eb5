//! `webx pair`: this machine becomes one of the person's devices, without a browser.

use std::io::Read as _;

use serde_json::{Value, json};
use webx_desktop::{NewDevice, Opener as _};
use zeroize::Zeroizing;

use super::Context;
use super::init::{checked_name, machine_name};
use super::lifecycle::wipe;
use crate::args::{PairArgs, Reach};
use crate::client::Client;
use crate::output::field;
use crate::{node, secret};

/// No code is longer, with spaces around it.
const LONGEST_CODE: u64 = 4096;

pub(super) fn run(context: &Context, args: &PairArgs) -> anyhow::Result<()> {
    let code = code(&args.code)?;
    let passphrase = secret::new_passphrase(args.passphrase_file.as_deref(), "New passphrase")?;
    let parsed = node::proof::parse_passphrase(&passphrase)?;
    let device_name = checked_name(&args.name.clone().unwrap_or_else(machine_name))?;
    let did = match Client::running(&context.data)? {
        Some(client) => {
            let mut body = json!({
                "code": *code, "passphrase": *passphrase, "deviceName": device_name,
            });
            let met = client.post("/api/onboarding/pair", &body);
            wipe(&mut body);
            compare(context, field(&met?, "digits"));
            loop {
                let paired = client.post("/api/onboarding/pair/finish", &json!({}))?;
                if paired.get("done").and_then(Value::as_bool) == Some(true) {
                    break field(&paired, "did").to_owned();
                }
            }
        }
        None => {
            let runtime = node::runtime()?;
            let folder = node::open_folder(&context.data)?;
            // The person has just named the device to dial: it may be anywhere.
            let house = node::House::new(folder, runtime.handle().clone()).reaching(Reach::Any);
            let new = NewDevice {
                code,
                passphrase: parsed,
                device_name,
            };
            let refused = |error| node::failure(&error);
            compare(context, &house.meet_device(new).map_err(refused)?);
            while !house.await_device().map_err(refused)? {}
            let home = house.adopt().map_err(refused)?;
            let card = home.person.card();
            house.lock(home);
            card.map_err(refused)?.did
        }
    };
    context.output.show(&json!({ "did": did }), |out| {
        writeln!(out, "This is one of your devices now: {did}")?;
        writeln!(
            out,
            "Its 24 words are the ones you have. Files, messages and settings of the other device are not carried over yet."
        )
    })
}

fn compare(context: &Context, digits: &str) {
    context.output.remark(&format!(
        "Compare with the other device: {digits}\nIf it shows the same, let this one in there with the 24 words."
    ));
}

/// The code, which others on this machine should not read in the list of processes.
fn code(argument: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if argument == "-" {
        std::io::stdin()
            .lock()
            .take(LONGEST_CODE)
            .read_to_string(&mut text)?;
    } else {
        text.push_str(argument);
    }
    Ok(Zeroizing::new(text.trim().to_owned()))
}
