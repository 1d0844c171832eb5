//! Progress of long transfers: bytes, rate and time left, drawn only on a terminal.

use std::io::{self, Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::Output;

/// A bar on standard error; nothing when nobody looks.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts a bar of `total` bytes; 0 when the total is not known.
    pub(crate) fn bytes(output: Output, what: &str, total: u64) -> Self {
        let template = if total > 0 {
            "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {rate} {left}"
        } else {
            "{msg} {spinner} {binary_bytes} {rate}"
        };
        Self::new(output, what, total, template)
    }

    /// Starts a line that names the step under way, for work whose length nobody knows.
    pub(crate) fn steps(output: Output, what: &str) -> Self {
        Self::new(output, what, 0, "{spinner} {msg}")
    }

    /// Names the step under way, with the share of it that is done.
    pub(crate) fn step(&self, name: &str, share: Option<f64>) {
        let share = share
            .map(|s| format!(" {:.0} %", s * 100.0))
            .unwrap_or_default();
        self.bar
            .set_message(crate::output::printable(&format!("{name}{share}")));
    }

    fn new(output: Output, what: &str, total: u64, template: &str) -> Self {
        if !output.progress() {
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let bar = ProgressBar::with_draw_target(
            (total > 0).then_some(total),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", rate).with_key("left", left));
        }
        bar.set_message(crate::output::printable(what));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    pub(crate) fn add(&self, count: u64) {
        self.bar.inc(count);
    }

    pub(crate) fn set(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Counts what is written through it.
    pub(crate) fn count<W: Write>(&self, inner: W) -> Count<W> {
        Count {
            inner,
            progress: self.clone(),
            bytes: 0,
        }
    }

    /// Counts what is read through it.
    pub(crate) fn meter<R: Read>(&self, inner: R) -> Meter<R> {
        Meter {
            inner,
            progress: self.clone(),
        }
    }
}

fn rate(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    let _ = write!(out, "{:.0} MB/s", state.per_sec() / 1e6);
}

fn left(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    let _ = write!(out, "{} left", indicatif::HumanDuration(state.eta()));
}

/// A reader that moves a bar.
pub(crate) struct Meter<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.progress.add(count as u64);
        Ok(count)
    }
}

/// A writer that moves a bar and knows how much went through it.
pub(crate) struct Count<W> {
    inner: W,
    progress: Progress,
    bytes: u64,
}

impl<W> Count<W> {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl<W: Write> Write for Count<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.bytes += count as u64;
        self.progress.add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
