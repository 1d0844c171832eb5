//! The command `webx doctor`: asks the running node, or opens the folder itself.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde_json::json;
use webx_desktop::{Home, Opener as _};

use super::{Check, Report, State, examine};
use crate::args::{DoctorArgs, SecretArgs};
use crate::client::Client;
use crate::failure::Failure;
use crate::folder::{DEFAULT_PORT, NodeFile};
use crate::node::{self, House};
use crate::output::{Output, printable};
use crate::secret::Secret;

pub(crate) fn run(data: &Path, output: Output, args: &DoctorArgs) -> anyhow::Result<()> {
    if !data.exists() {
        return Err(Failure::refused(
            "not-found",
            format!("there is no data folder at {}", data.display()),
        )
        .todo("start the node with webx up, or name the folder with --data")
        .into());
    }
    if let Some(client) = Client::running(data)? {
        if args.repair {
            return Err(Failure::refused("running", "a node runs on this folder")
                .todo("stop it first: webx stop")
                .into());
        }
        let report = ask(&client, args.deep)?;
        if let Some(target) = &args.salvage {
            return crate::commands::salvage(&client, output, target);
        }
        return conclude(output, &report);
    }
    let folder = node::open_folder(data)?;
    if let Some(target) = &args.salvage {
        let secret = Secret::read(&args.secret)?;
        return node::with_temporary_node(folder, &secret, |client| {
            crate::commands::salvage(client, output, target)
        });
    }
    let runtime = node::runtime()?;
    let house = House::new(folder, runtime.handle().clone());
    if args.repair {
        return repair(&house, output, &args.secret);
    }
    let home = open(&house, &args.secret)?;
    let mut report = examine(house.data(), home.as_ref(), args.deep);
    report.add(port(data));
    if let Some(home) = home {
        house.lock(home);
    }
    conclude(output, &report)
}

fn ask(client: &Client, deep: bool) -> anyhow::Result<Report> {
    let mut report: Report =
        serde_json::from_value(client.get(&format!("/api/control/doctor?deep={deep}"))?)?;
    report.add(Check::good("port", "the node answers"));
    Ok(report)
}

/// Opens the home when a secret was given; without one the doctor looks from outside.
fn open(house: &House, secret: &SecretArgs) -> anyhow::Result<Option<Home>> {
    if !Secret::is_given(secret) || !house.exists() {
        return Ok(None);
    }
    let secret = node::open_with(&Secret::read(secret)?)?;
    Ok(Some(
        house
            .unlock(secret)
            .map_err(|error| node::failure(&error))?,
    ))
}

fn repair(house: &House, output: Output, secret: &SecretArgs) -> anyhow::Result<()> {
    let secret = node::open_with(&Secret::read(secret)?)?;
    let salvage = house
        .repair_database(&secret)
        .map_err(|error| node::failure(&error))?;
    let tables: Vec<_> = salvage
        .tables
        .iter()
        .map(|table| json!({ "name": table.name, "rows": table.rows, "incomplete": table.incomplete }))
        .collect();
    let shown = json!({
        "fromSnapshot": salvage.from_snapshot,
        "kept": salvage.kept.display().to_string(),
        "tables": tables,
    });
    output.show(&shown, |out| {
        if salvage.from_snapshot {
            writeln!(
                out,
                "no row could be read; the last snapshot took the database's place"
            )?;
        }
        for table in &salvage.tables {
            let state = if table.incomplete {
                "SOME LOST"
            } else {
                "whole"
            };
            writeln!(out, "{:10} {:9} {} rows", state, table.name, table.rows)?;
        }
        writeln!(
            out,
            "the database before is kept as {}",
            salvage.kept.display()
        )?;
        Ok(())
    })
}

fn port(data: &Path) -> Check {
    let port = match NodeFile::read(data) {
        Ok(file) => file.map_or(DEFAULT_PORT, |file| file.port),
        Err(error) => {
            return Check::damaged("port", error.to_string(), "delete node.json");
        }
    };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Check::good("port", format!("{port} is free")),
        Err(_) => Check::warning(
            "port",
            format!("{port} is used by another program"),
            "choose another one: webx up --port",
        ),
    }
}

fn conclude(output: Output, report: &Report) -> anyhow::Result<()> {
    output.show(&json!(report), |out| {
        for check in &report.checks {
            let state = match check.state {
                State::Good => "good",
                State::Warning => "warning",
                State::Damaged => "DAMAGED",
                State::Skipped => "skipped",
            };
            let file = check.file.as_deref().unwrap_or_default();
            let todo = check
                .todo
                .as_ref()
                .map_or_else(String::new, |todo| format!("; {todo}"));
            let line = format!("{:9} {state:8} {file} {}{todo}", check.name, check.what);
            writeln!(out, "{}", printable(&line))?;
        }
        Ok(())
    })?;
    let damaged = report
        .checks
        .iter()
        .filter(|check| check.state == State::Damaged)
        .count();
    if damaged == 0 {
        return Ok(());
    }
    Err(
        Failure::refused("damaged", format!("{damaged} damaged; see above"))
            .todo("save what can be read with webx doctor --salvage DIR; a damaged database: webx doctor --repair")
            .into(),
    )
}
