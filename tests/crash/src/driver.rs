//! Works on a data folder until it is done or killed.
//!
//! `webx-crash-driver STORE MODE DATA MODEL SEED COUNT`: STORE is `blocks` (the vault alone) or `drive`; MODE is
//! `check` (open, compare with the model in the file MODEL, end), `work` (open, do COUNT operations with each worker)
//! or `both`.

use std::{fs, io, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use webx_crash::{
    blocks::Blocks,
    check::check,
    home::Home,
    load::Load,
    model::Model,
    words::{Line, say},
};

enum Store {
    Blocks(Blocks),
    Drive(Home),
}

impl Store {
    fn open(kind: &str, path: &Path, model: &Model) -> Result<Self> {
        match kind {
            "blocks" => Ok(Self::Blocks(Blocks::open(path, model)?)),
            "drive" => Ok(Self::Drive(Home::open(path, model)?)),
            _ => bail!("STORE is blocks or drive"),
        }
    }

    fn check(&self, model: &mut Model) -> Result<(), Vec<String>> {
        match self {
            Self::Blocks(blocks) => blocks.check(model),
            Self::Drive(home) => check(home, model),
        }
    }

    fn work(&self, model: &Model, seed: u64, count: u64) -> Result<()> {
        let results: Vec<io::Result<()>> = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for (number, worker) in model.workers.iter().enumerate() {
                match self {
                    Self::Blocks(blocks) => threads.push(
                        scope.spawn(move || blocks.work(number, worker, model.run, seed, count)),
                    ),
                    Self::Drive(home) => threads.push(scope.spawn(move || {
                        match Load::new(home, number, model.run, worker.clone(), seed) {
                            Ok(mut load) => load.work(count),
                            // Under faults the folders of a worker may not come to be.
                            Err(error) => say(&Line::Closed(format!("worker {number}: {error:#}"))),
                        }
                    })),
                }
            }
            let panicked = |_| Err(io::Error::other("a worker panicked"));
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(panicked))
                .collect()
        });
        for result in results {
            result?;
        }
        Ok(())
    }

    fn close(&self) {
        match self {
            Self::Blocks(blocks) => blocks.close(),
            Self::Drive(home) => home.close(),
        }
    }
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, mode, data, model, seed, count] = arguments.as_slice() else {
        bail!("usage: webx-crash-driver STORE MODE DATA MODEL SEED COUNT");
    };
    let (checks, works) = match mode.as_str() {
        "check" => (true, false),
        "work" => (false, true),
        "both" => (true, true),
        _ => bail!("MODE is check, work or both"),
    };
    let mut model: Model = serde_json::from_slice(&fs::read(model)?).context("model")?;
    let (seed, count): (u64, u64) = (seed.parse()?, count.parse()?);
    let store = match Store::open(kind, Path::new(data), &model) {
        Ok(store) => store,
        Err(error) => {
            say(&Line::Closed(format!("{error:#}")))?;
            return Ok(ExitCode::from(3));
        }
    };
    model.created = true;
    if checks && let Err(sentences) = store.check(&mut model) {
        say(&Line::Wrong(sentences))?;
        return Ok(ExitCode::from(4));
    }
    say(&Line::Ready(model.clone()))?;
    if works {
        store.work(&model, seed, count)?;
        say(&Line::End)?;
    }
    if seed % 2 == 0 {
        // Half of the runs end as the product does, the others as a process that is gone.
        store.close();
    }
    Ok(ExitCode::SUCCESS)
}
