//! `webx id guardians split` and `webx id recover`: shares of the 24 words, and the way back from nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};
use time::OffsetDateTime;
use webx_desktop::{Opener as _, Recovery};
use webx_identity::slip39::{NoRandomness, Policy, Share};
use webx_identity::{DidLog, Identity, MAX_LOG, RecoveryWords};
use webx_overlay::record::PeerRecord;
use zeroize::Zeroizing;

use super::Context;
use super::init::{checked_name, machine_name, show_words};
use super::lifecycle::wipe;
use crate::args::{RecoverArgs, SplitArgs};
use crate::client::Client;
use crate::failure::Failure;
use crate::folder::write_atomic;
use crate::node::rescue::{self, Gathered};
use crate::output::field;
use crate::{node, secret};

pub(super) fn split(context: &Context, args: &SplitArgs) -> anyhow::Result<()> {
    let policy = Policy::of(args.threshold, args.shares)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let words = parsed(&secret::recovery_words(args.words.words_file.as_deref())?)?;
    let did = Identity::create(&words.seed(), OffsetDateTime::now_utc())?.did;
    if let Some(client) = Client::running(&context.data)?
        && let Ok(identity) = client.get("/api/identity")
        && field(&identity, "did") != did.as_str()
    {
        return Err(Failure::refused(
            "other-identity",
            "these 24 words are not those of the identity that lives here",
        )
        .into());
    }
    let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| NoRandomness);
    let shares = words.split(&policy, &mut random)?;
    let (needed, count) = (args.threshold, args.shares);
    match &args.out {
        None => {
            let texts: Vec<Zeroizing<String>> = shares.iter().map(Share::text).collect();
            let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
            let value = json!({ "did": did.as_str(), "threshold": needed, "shares": texts });
            context.output.show(&value, |out| {
                writeln!(out, "{needed} of these {count} shares bring {did} back.")?;
                writeln!(out, "They are kept nowhere. Give each to another guardian.")?;
                for (place, text) in texts.iter().enumerate() {
                    writeln!(out)?;
                    writeln!(out, "Share {} of {count}", place + 1)?;
                    writeln!(out, "{text}")?;
                }
                Ok(())
            })
        }
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
            let mut files = Vec::new();
            for share in &shares {
                let file = folder.join(format!("share-{}-of-{count}.txt", share.member()));
                if file.exists() {
                    return Err(Failure::refused(
                        "exists",
                        format!("{} is there already", file.display()),
                    )
                    .todo("choose another folder")
                    .into());
                }
                let text = Zeroizing::new(format!(
                    "# Share {} of {count}; {needed} are needed to bring back\n# {did}\n{}\n",
                    share.member(),
                    *share.text()
                ));
                write_atomic(&file, text.as_bytes())
                    .with_context(|| format!("cannot write {}", file.display()))?;
                files.push(file.display().to_string());
            }
            let value = json!({ "did": did.as_str(), "threshold": needed, "files": files });
            context.output.show(&value, |out| {
                for file in &files {
                    writeln!(out, "{file}")?;
                }
                writeln!(out, "{needed} of {count} bring {did} back.")
            })
        }
    }
}

pub(super) fn recover(context: &Context, args: &RecoverArgs) -> anyhow::Result<()> {
    let device_name = checked_name(&args.device.clone().unwrap_or_else(machine_name))?;
    let display_name = checked_name(&args.name)?;
    if !args.guardian.is_empty() && Client::running(&context.data)?.is_some() {
        return Err(Failure::refused(
            "running",
            "a node runs here; guardians are asked before its first start",
        )
        .todo("stop it with webx stop, and start it again afterwards")
        .into());
    }
    let typed = args.shares_file.is_empty() && args.guardian.is_empty();
    let (words, log, nodes) = if typed {
        let text = secret::recovery_words(args.words_file.as_deref())?;
        let log = args.log_file.as_deref().map(read_log).transpose()?;
        (parsed(&text)?, log, Vec::new())
    } else {
        let (words, log, nodes) = gather(context, args, &device_name)?;
        let given = args.log_file.as_deref().map(read_log).transpose()?;
        (words, given.or(log), nodes)
    };
    let passphrase = secret::new_passphrase(args.passphrase_file.as_deref(), "New passphrase")?;
    let lost = Recovery {
        passphrase: node::proof::parse_passphrase(&passphrase)?,
        display_name,
        device_name,
        log,
        words,
        typed,
    };
    let shown = lost.words.words();
    let did = match Client::running(&context.data)? {
        Some(client) => {
            let mut body = json!({
                "words": shown.join(" "),
                "log": lost.log.as_ref().map(DidLog::as_str),
                "passphrase": *passphrase,
                "displayName": lost.display_name,
                "deviceName": lost.device_name,
            });
            let answer = client.post("/api/onboarding/recover", &body);
            wipe(&mut body);
            let mut answer = answer?;
            let did = field(&answer, "did").to_owned();
            wipe(&mut answer);
            did
        }
        None => {
            let runtime = node::runtime()?;
            let folder = node::open_folder(&context.data)?;
            let house = node::House::new(folder, runtime.handle().clone());
            let refused = |error| node::failure(&error);
            let home = house.recover(lost).map_err(refused)?;
            let card = home.person.card();
            // By its guardians the node finds its way into the network again.
            let kept = nodes
                .iter()
                .try_for_each(|record| node::keep_record(home.vault.db(), record));
            house.lock(home);
            kept?;
            card.map_err(refused)?.did
        }
    };
    let mut value = json!({ "did": did });
    if !typed && let Some(object) = value.as_object_mut() {
        object.insert("words".into(), Value::from(shown.to_vec()));
    }
    let said = context.output.show(&value, |out| {
        writeln!(out, "You are back: {did}")?;
        writeln!(out, "The drive is empty; a backup brings files back, or webx copies restore, where contacts keep copies.")?;
        if !typed {
            writeln!(out)?;
            writeln!(out, "These are your 24 words. Write them on paper again.")?;
            show_words(out, &shown)?;
        }
        Ok(())
    });
    wipe(&mut value);
    said
}

/// Shares in files and shares of guardians, who are all met first and then waited for together.
fn gather(
    context: &Context,
    args: &RecoverArgs,
    device_name: &str,
) -> anyhow::Result<(RecoveryWords, Option<DidLog>, Vec<PeerRecord>)> {
    let mut gathered = Gathered::default();
    for file in &args.shares_file {
        gathered.add_shares(read_shares(file)?);
    }
    let runtime = node::runtime()?;
    let given = runtime.block_on(async {
        let mut met = Vec::new();
        for (place, code) in args.guardian.iter().enumerate() {
            let guardian = rescue::meet(code, device_name).await?;
            context.output.remark(&format!(
                "Guardian {}: compare with what is shown there: {}",
                place + 1,
                guardian.digits()
            ));
            met.push(guardian);
        }
        if !met.is_empty() {
            context.output.remark("Waiting for them to confirm …");
        }
        let waiting = met.into_iter().map(rescue::Met::wait);
        Ok::<_, Failure>(futures_util::future::join_all(waiting).await)
    })?;
    let mut failed = None;
    for given in given {
        match given.and_then(|(returned, record)| gathered.add(&returned, record)) {
            Ok(()) => {}
            // Others may be enough.
            Err(error) => {
                context
                    .output
                    .remark(&format!("A guardian gave nothing: {error}"));
                failed = Some(error);
            }
        }
    }
    match (gathered.finish(), failed) {
        (Ok(done), _) => Ok(done),
        (Err(error), None) => Err(error.into()),
        (Err(error), Some(first)) => Err(first.todo(error.to_string()).into()),
    }
}

fn parsed(text: &str) -> anyhow::Result<RecoveryWords> {
    RecoveryWords::parse(text).map_err(|error| {
        Failure::refused("bad-words", error.to_string())
            .todo("compare with the 24 words you wrote down")
            .into()
    })
}

fn read_shares(file: &Path) -> anyhow::Result<Vec<Share>> {
    let mut shares = Vec::new();
    for (place, text) in secret::shares(file)?.iter().enumerate() {
        let share = text.parse().map_err(|error| {
            let what = format!("share {} in {}: {error}", place + 1, file.display());
            Failure::refused("bad-share", what)
        })?;
        shares.push(share);
    }
    Ok(shares)
}

/// The entries of a log: whatever else `webx id show --log` prints is left out.
fn read_log(file: &Path) -> anyhow::Result<DidLog> {
    let mut text = String::new();
    let limit = u64::try_from(MAX_LOG)
        .unwrap_or(u64::MAX)
        .saturating_add(4096);
    File::open(file)
        .with_context(|| format!("cannot read {}", file.display()))?
        .take(limit)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let entries = text.lines().filter(|line| line.starts_with('{'));
    let mut log = String::new();
    for entry in entries {
        log.push_str(entry);
        log.push('\n');
    }
    DidLog::parse(&log).map_err(|error| {
        Failure::refused("bad-log", format!("{}: {error}", file.display()))
            .todo("leave --log-file out, or give the one that webx id show --log printed")
            .into()
    })
}
