//! Splits and combines for `make peers`, where the reference implementation does the other half.
//!
//! `slip39 split GROUPS_NEEDED T/N,T/N… EXPONENT EXTENDABLE PASSPHRASE HEX` prints a share a line.
//! `slip39 combine PASSPHRASE` reads a share a line and prints the secret in hexadecimal digits, or why there is none.
#![allow(clippy::print_stdout, reason = "a program")]

use std::io::Read as _;
use std::process::ExitCode;

use webx_identity::slip39::{self, Group, NoRandomness, Policy, Share, ShareError};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [
            "split",
            needed,
            groups,
            exponent,
            extendable,
            passphrase,
            secret,
        ] => split(needed, groups, exponent, extendable, passphrase, secret),
        ["combine", passphrase] => combine(passphrase),
        _ => None,
    };
    match done {
        Some(Ok(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
        None => {
            eprintln!("these are not the arguments that stand in the first lines of the file");
            ExitCode::from(2)
        }
    }
}

fn split(
    needed: &str,
    groups: &str,
    exponent: &str,
    extendable: &str,
    passphrase: &str,
    secret: &str,
) -> Option<Result<String, ShareError>> {
    let group = |text: &str| {
        let (threshold, shares) = text.split_once('/')?;
        Group::new(threshold.parse().ok()?, shares.parse().ok()?).ok()
    };
    let groups: Option<Vec<Group>> = groups.split(',').map(group).collect();
    let policy = Policy::groups(needed.parse().ok()?, groups?).ok()?;
    let secret = hex::decode(secret).ok()?;
    let mut random = |bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness);
    let shares = slip39::split_with(
        &secret,
        passphrase.as_bytes(),
        &policy,
        exponent.parse().ok()?,
        extendable.parse().ok()?,
        &mut random,
    );
    let lines = |shares: Vec<Share>| {
        let texts: Vec<String> = shares
            .iter()
            .map(|share| share.text().to_string())
            .collect();
        texts.join("\n")
    };
    Some(shares.map(lines))
}

fn combine(passphrase: &str) -> Option<Result<String, ShareError>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).ok()?;
    let shares: Result<Vec<Share>, ShareError> = text.lines().map(str::parse).collect();
    let secret = shares.and_then(|shares| slip39::combine(&shares, passphrase.as_bytes()));
    Some(secret.map(|secret| hex::encode(secret.as_slice())))
}
