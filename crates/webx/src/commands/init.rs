//! `webx init`: a new identity without a browser.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde_json::{Value, json};
use webx_desktop::{NewPerson, Opener as _};
use zeroize::Zeroizing;

use super::Context;
use super::lifecycle::wipe;
use crate::args::InitArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::{node, secret};

/// How many of the words are asked for.
const ASKED: usize = 3;

/// The new identity, on the running node or straight in the folder.
enum Made {
    ByNode(Client),
    InFolder(Box<node::House>, Box<webx_desktop::Home>),
}

pub(super) fn run(context: &Context, args: &InitArgs) -> anyhow::Result<()> {
    let passphrase = secret::new_passphrase(args.passphrase_file.as_deref(), "New passphrase")?;
    // Checked here already, so that a short one costs nobody a wait.
    let parsed = node::proof::parse_passphrase(&passphrase)?;
    let device = args.device.clone().unwrap_or_else(machine_name);
    let runtime = node::runtime()?;
    let (made, did, words) = match Client::running(&context.data)? {
        Some(client) => {
            let mut body = json!({
                "passphrase": *passphrase,
                "displayName": args.name.trim(),
                "deviceName": device,
            });
            let answer = client.post("/api/onboarding", &body);
            wipe(&mut body);
            let (did, words) = read_answer(answer?)?;
            (Made::ByNode(client), did, words)
        }
        None => {
            let folder = node::open_folder(&context.data)?;
            let house = node::House::new(folder, runtime.handle().clone());
            let new = NewPerson {
                passphrase: parsed,
                display_name: checked_name(&args.name)?,
                device_name: checked_name(&device)?,
            };
            let (home, words) = house.create(new).map_err(|error| node::failure(&error))?;
            let did = home
                .person
                .card()
                .map_err(|error| node::failure(&error))?
                .did;
            (Made::InFolder(Box::new(house), Box::new(home)), did, words)
        }
    };
    let shown = show(context, &did, &words);
    let confirmed = shown.and_then(|()| confirm(context, &made, &words));
    if let Made::InFolder(house, home) = made {
        house.lock(*home);
    }
    confirmed
}

fn read_answer(mut answer: Value) -> anyhow::Result<(String, Zeroizing<Vec<String>>)> {
    let did = crate::output::field(&answer, "did").to_owned();
    let words: Vec<String> = match answer.get_mut("words").map(Value::take) {
        Some(words) => serde_json::from_value(words)?,
        None => Vec::new(),
    };
    if words.len() != 24 {
        return Err(Failure::refused("bad-answer", "the node gave no recovery words").into());
    }
    Ok((did, Zeroizing::new(words)))
}

/// Shows the 24 words, this once.
fn show(context: &Context, did: &str, words: &[String]) -> anyhow::Result<()> {
    let json = json!({ "did": did, "words": words });
    context.output.show(&json, |out| {
        writeln!(out, "Your identity: {did}")?;
        writeln!(out)?;
        writeln!(
            out,
            "These 24 words bring everything back when the passphrase or the machine is lost."
        )?;
        writeln!(
            out,
            "They are shown only now. Write them on paper; whoever has them has everything."
        )?;
        writeln!(out)?;
        show_words(out, words)
    })
}

/// The words in four columns.
pub(super) fn show_words(out: &mut dyn io::Write, words: &[String]) -> io::Result<()> {
    for row in 0..6 {
        for column in 0..4 {
            let index = column * 6 + row;
            let word = words.get(index).map_or("", String::as_str);
            write!(out, "  {:2}. {word:10}", index + 1)?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// Asks for three of the words. Left out with `--yes`, `--json`, or when nobody is there to answer.
fn confirm(context: &Context, made: &Made, words: &[String]) -> anyhow::Result<()> {
    if context.output.yes || context.output.json || !io::stdin().is_terminal() {
        return Ok(());
    }
    loop {
        let asked = random_places(words.len())?;
        let mut answers = Vec::new();
        for index in &asked {
            eprint!("Word {}: ", index + 1);
            io::stderr().flush()?;
            let mut line = Zeroizing::new(String::new());
            if io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(());
            }
            answers.push((*index, Zeroizing::new(line.trim().to_lowercase())));
        }
        let right = answers
            .iter()
            .all(|(index, answer)| words.get(*index).is_some_and(|word| *word == **answer));
        if right {
            record(made, &answers)?;
            context.output.remark("Right. The words are written down.");
            return Ok(());
        }
        context
            .output
            .remark("Not these. Look at your paper and try again (Ctrl-C leaves it for later).");
    }
}

fn record(made: &Made, answers: &[(usize, Zeroizing<String>)]) -> anyhow::Result<()> {
    match made {
        Made::ByNode(client) => {
            let answers: Vec<Value> = answers
                .iter()
                .map(|(index, word)| json!({ "index": index, "word": **word }))
                .collect();
            client.post("/api/onboarding/confirm", &json!({ "answers": answers }))?;
        }
        Made::InFolder(_, home) => home
            .person
            .confirm_recovery()
            .map_err(|error| node::failure(&error))?,
    }
    Ok(())
}

/// Three different places, in order.
fn random_places(count: usize) -> anyhow::Result<Vec<usize>> {
    let mut places = Vec::new();
    while places.len() < ASKED.min(count) {
        let random = getrandom::u32()
            .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
        let place = random as usize % count;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_unstable();
    Ok(places)
}

/// The rule of the API: 1 to 64 characters, none of them a control character.
pub(super) fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > 64 || name.chars().any(crate::failure::is_unsafe) {
        return Err(Failure::usage(
            "a name has 1 to 64 characters and no control characters",
        ));
    }
    Ok(name.to_owned())
}

/// The machine's own name, as its person knows it.
pub(super) fn machine_name() -> String {
    let from_system = || -> Option<String> {
        #[cfg(unix)]
        {
            let system = rustix::system::uname();
            Some(system.nodename().to_str().ok()?.to_owned())
        }
        #[cfg(not(unix))]
        {
            std::env::var("COMPUTERNAME").ok()
        }
    };
    from_system()
        .and_then(|name| checked_name(&name).ok())
        .unwrap_or_else(|| "this machine".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_checked_as_the_api_does() {
        assert_eq!(checked_name("  Ada ").unwrap(), "Ada");
        for name in ["", "   ", "a\u{7}b", "a\u{202e}b", &"x".repeat(65)] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn three_different_words_are_asked_for() {
        for _ in 0..50 {
            let places = random_places(24).unwrap();
            assert_eq!(places.len(), 3);
            assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(places.iter().all(|place| *place < 24));
        }
    }
}
