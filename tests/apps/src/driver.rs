//! Works on a home until it is done or ends itself.
//!
//! `webx-apps-driver MODE DATA WORK KILL`: MODE is `prepare` (make what WORK needs before it), `work` (do WORK, end at
//! moment KILL), `resume` (open, and end at moment KILL of what goes on by itself), `call-off` (open, ask for everything
//! under way to be undone, end at moment KILL) or `check` (open, let everything come to its end, say what there is). At its
//! end it says a line of JSON.

use std::{path::Path, process::ExitCode, sync::atomic::Ordering};

use anyhow::{Context, Result, bail};
use serde_json::json;
use webx_apps_crash::{home::Home, state::State};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, data, work, kill] = arguments.as_slice() else {
        bail!("usage: webx-apps-driver MODE DATA WORK KILL");
    };
    let kill: Option<u64> = match kill.as_str() {
        "never" => None,
        number => Some(number.parse().context("KILL is a number or never")?),
    };
    let (home, moments) = Home::open(Path::new(data), kill, true)?;
    let said = match mode.as_str() {
        "prepare" => {
            home.prepare(work)?;
            json!(null)
        }
        "work" => {
            home.work(work)?;
            json!({ "moments": moments.load(Ordering::Relaxed) })
        }
        "resume" => {
            home.settle()?;
            json!({ "moments": moments.load(Ordering::Relaxed) })
        }
        "call-off" => {
            home.call_off()?;
            home.settle()?;
            json!(null)
        }
        "check" => {
            home.settle()?;
            serde_json::to_value(State::of(&home)?)?
        }
        _ => bail!("MODE is prepare, work, resume, call-off or check"),
    };
    home.close();
    let mut out = serde_json::to_vec(&said)?;
    out.push(b'\n');
    std::io::Write::write_all(&mut std::io::stdout(), &out)?;
    Ok(ExitCode::SUCCESS)
}
