//! Starting drivers, ending them, hearing what they said.

use std::{
    cell::Cell,
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{OnceLock, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::{
    model::Model,
    words::{Line, listen},
};

/// A driver that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);

/// When a driver is killed.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// After so many lines, or at its end when that comes first.
    pub lines: usize,
    /// And so much later.
    pub later: Duration,
}

/// What a driver did.
pub struct Outcome {
    /// What it said.
    pub lines: Vec<Line>,
    /// What it wrote to its standard error.
    pub complaints: String,
    /// How it ended.
    pub status: ExitStatus,
}

/// A folder for a store, and how drivers are started on it.
pub struct Bench {
    driver: PathBuf,
    store: &'static str,
    folder: TempDir,
    /// What must be in the store.
    pub model: Model,
    /// How often a check found that the index of the blocks had to be built anew.
    pub rebuilt: Cell<u64>,
}

impl Bench {
    /// A bench without a store; `driver` is the program, `store` what it shall work on: `blocks` or `drive`.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new(driver: &str, store: &'static str, workers: usize) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("webx-crash-").tempdir()?;
        Ok(Self {
            driver: driver.into(),
            store,
            folder,
            model: Model::new(workers),
            rebuilt: Cell::new(0),
        })
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data folder.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A driver on `data`, not yet started.
    ///
    /// # Errors
    /// When the model cannot be written.
    pub fn command(
        &self,
        mode: &str,
        data: &Path,
        model: &Model,
        seed: u64,
        count: u64,
    ) -> Result<Command> {
        let file = self.beside("model.json");
        fs::write(&file, serde_json::to_vec(model)?)?;
        let mut command = Command::new(&self.driver);
        command
            .arg(self.store)
            .arg(mode)
            .arg(data)
            .arg(file)
            .arg(seed.to_string())
            .arg(count.to_string());
        Ok(command)
    }

    /// Opens the store in `data` without any fault and compares it with `model`.
    ///
    /// # Errors
    /// When it does not open or is not as it must be.
    pub fn check(&self, data: &Path, model: &Model) -> Result<Model> {
        let outcome = run(self.command("check", data, model, 0, 0)?, None)?;
        ensure!(outcome.status.success(), "{}", explain(&outcome));
        let rebuilt = outcome
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Rebuilt(_)))
            .count() as u64;
        self.rebuilt.set(self.rebuilt.get() + rebuilt);
        match outcome.lines.into_iter().find_map(|line| {
            if let Line::Ready(model) = line {
                Some(model)
            } else {
                None
            }
        }) {
            Some(mut model) => {
                model.run += 1;
                Ok(model)
            }
            None => bail!("the check said nothing"),
        }
    }
}

impl Drop for Bench {
    /// After a failure the folder stays, for a look at it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
        }
    }
}

/// What went wrong, in the driver's own words.
#[must_use]
pub fn explain(outcome: &Outcome) -> String {
    let told: Vec<String> = outcome
        .lines
        .iter()
        .filter_map(|line| match line {
            Line::Wrong(sentences) => Some(sentences.join("\n  ")),
            Line::Closed(why) => Some(format!("does not open: {why}")),
            _ => None,
        })
        .collect();
    format!(
        "{}\n  {}\n{}",
        outcome.status,
        told.join("\n  "),
        outcome.complaints
    )
}

/// Runs a driver to its end or to its death.
///
/// # Errors
/// When it cannot be started or hangs.
pub fn run(mut command: Command, kill: Option<Kill>) -> Result<Outcome> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting the driver")?;
    let (said, heard) = mpsc::channel::<Vec<u8>>();
    let out = child.stdout.take().context("no standard output")?;
    let mut err = child.stderr.take().context("no standard error")?;
    let (output, complaints, status) = std::thread::scope(|scope| -> Result<_> {
        scope.spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if said.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let complaints = scope.spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        let mut output = Vec::new();
        let mut count = 0;
        let mut deadline: Option<Instant> = None;
        loop {
            if let Some(kill) = kill
                && deadline.is_none()
                && count >= kill.lines
            {
                deadline = Some(Instant::now() + kill.later);
            }
            let wait = deadline.map_or(SILENCE, |at| at.saturating_duration_since(Instant::now()));
            match heard.recv_timeout(wait) {
                Ok(line) => {
                    count += 1;
                    output.extend_from_slice(&line);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    child.kill()?;
                    if deadline.is_none() {
                        child.wait()?;
                        bail!(
                            "the driver hangs; last said: {}",
                            String::from_utf8_lossy(&output[output.len().saturating_sub(400)..])
                        );
                    }
                    // What was said before the kill is still in the pipe.
                    output.extend(heard.iter().flatten());
                    break;
                }
            }
        }
        let status = child.wait()?;
        Ok((output, complaints.join().unwrap_or_default(), status))
    })?;
    Ok(Outcome {
        lines: listen(&output),
        complaints,
        status,
    })
}

/// Puts the fault layer between a driver and its files.
///
/// # Errors
/// When the layer cannot be built.
pub fn under_faults(
    command: &mut Command,
    root: &Path,
    journal: Option<&Path>,
    plan: Option<&str>,
) -> Result<()> {
    command
        .env("LD_PRELOAD", layer()?)
        .env("WEBX_FAULTS_ROOT", root);
    if let Some(journal) = journal {
        let _ = fs::remove_file(journal);
        File::create(journal)?;
        command.env("WEBX_FAULTS_JOURNAL", journal);
    }
    if let Some(plan) = plan {
        command.env("WEBX_FAULTS_PLAN", plan);
    }
    Ok(())
}

/// The preloaded library: the one named by `WEBX_FAULTS_LAYER`, or built when it is not there yet.
fn layer() -> Result<PathBuf> {
    if let Some(path) = env::var_os("WEBX_FAULTS_LAYER") {
        return Ok(path.into());
    }
    static LAYER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = LAYER.get_or_init(|| {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let output = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--offline",
                "--package",
                "webx-faults",
                "--message-format",
                "json",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let files = String::from_utf8_lossy(&output.stdout);
        files
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from))
            .find(|path| path.extension().is_some_and(|extension| extension == "so"))
            .ok_or_else(|| "cargo built no library".to_owned())
    });
    built
        .clone()
        .map_err(|error| anyhow::anyhow!("building the fault layer: {error}"))
}

/// A number from the environment, for longer runs.
#[must_use]
pub fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// The seed of this run: from `WEBX_CRASH_SEED`, or a fixed one for the test so that every run is the same load.
#[must_use]
pub fn seed(test: &str) -> u64 {
    let own = blake3::hash(test.as_bytes());
    let own = u64::from_le_bytes(own.as_bytes()[..8].try_into().unwrap_or_default());
    number("WEBX_CRASH_SEED", 0) ^ own
}
