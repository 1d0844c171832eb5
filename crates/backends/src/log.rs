//! What a backend writes, in a ring of bounded size.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Limits;

/// The longest line that is kept, in bytes; the rest of a longer one is dropped.
const LINE: usize = 4096;

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// The guest, on its standard output.
    Out,
    /// The guest, on its standard error.
    Err,
    /// This program, about the guest.
    System,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who wrote it.
    pub stream: Stream,
    /// Without control characters, at most 4096 bytes.
    pub text: String,
}

/// The newest lines of one backend. Clones share them.
#[derive(Clone)]
pub struct Log {
    ring: Arc<Mutex<Ring>>,
}

struct Ring {
    lines: VecDeque<Line>,
    capacity: usize,
    rate: u64,
    window: Instant,
    written: u64,
    dropped: u64,
}

impl Log {
    /// An empty log with the bounds of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let ring = Ring {
            lines: VecDeque::new(),
            capacity: limits.log_lines.max(1),
            rate: limits.log_rate,
            window: Instant::now(),
            written: 0,
            dropped: 0,
        };
        Self {
            ring: Arc::new(Mutex::new(ring)),
        }
    }

    /// A line about the guest. Not counted against its rate.
    pub fn note(&self, text: &str) {
        self.ring.lock().push(Stream::System, text);
    }

    /// A line by the guest; dropped when it writes faster than [`Limits::log_rate`], which the log then says once.
    pub fn write(&self, stream: Stream, text: &str) {
        let mut ring = self.ring.lock();
        if ring.admit(text.len() as u64 + 1) {
            ring.push(stream, text);
        }
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut ring = self.ring.lock();
        ring.turn();
        ring.lines.iter().cloned().collect()
    }

    /// Takes a stream of bytes and cuts it into lines.
    #[must_use]
    pub fn writer(&self, stream: Stream) -> LineWriter {
        LineWriter {
            log: self.clone(),
            stream,
            partial: Vec::new(),
            cut: false,
        }
    }
}

impl Ring {
    fn push(&mut self, stream: Stream, text: &str) {
        if self.lines.len() == self.capacity {
            self.lines.pop_front();
        }
        let mut clean: String = text
            .chars()
            .map(|c| {
                if c.is_control() && c != '\t' {
                    '\u{fffd}'
                } else {
                    c
                }
            })
            .collect();
        if clean.len() > LINE {
            clean.truncate(clean.floor_char_boundary(LINE - 4));
            clean.push('…');
        }
        self.lines.push_back(Line {
            at: OffsetDateTime::now_utc(),
            stream,
            text: clean,
        });
    }

    fn admit(&mut self, bytes: u64) -> bool {
        self.turn();
        self.written = self.written.saturating_add(bytes);
        if self.written > self.rate {
            self.dropped += 1;
        }
        self.written <= self.rate
    }

    /// Begins a new second, and says what was dropped in the last one.
    fn turn(&mut self) {
        if self.window.elapsed() >= Duration::from_secs(1) {
            self.window = Instant::now();
            self.written = 0;
            let dropped = std::mem::take(&mut self.dropped);
            if dropped > 0 {
                self.push(
                    Stream::System,
                    &format!("the app writes too fast: {dropped} lines were dropped"),
                );
            }
        }
    }
}

/// Cuts bytes into lines of a [`Log`].
pub struct LineWriter {
    log: Log,
    stream: Stream,
    partial: Vec<u8>,
    cut: bool,
}

impl LineWriter {
    /// Takes the next bytes. Never keeps more than one line.
    pub fn write(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.take(line);
            self.end();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.take(bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.partial.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.cut |= taken.len() < bytes.len();
        self.partial.extend_from_slice(taken);
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.partial);
        let mut text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if std::mem::take(&mut self.cut) {
            text.push('…');
        }
        if !text.is_empty() {
            self.log.write(self.stream, &text);
        }
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn texts(log: &Log) -> Vec<String> {
        log.lines().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn bytes_become_lines_wherever_they_are_cut() {
        let log = Log::new(&Limits::default());
        let mut out = log.writer(Stream::Out);
        for piece in ["on", "e\ntw", "o\r\n\n", "three"] {
            out.write(piece.as_bytes());
        }
        drop(out);
        assert_eq!(texts(&log), ["one", "two", "three"]);
    }

    #[test]
    fn the_newest_lines_stay() {
        let log = Log::new(&Limits {
            log_lines: 3,
            ..Limits::default()
        });
        for n in 0..10 {
            log.note(&n.to_string());
        }
        assert_eq!(texts(&log), ["7", "8", "9"]);
    }

    #[test]
    fn a_flood_is_dropped_and_a_line_without_end_is_cut() {
        let log = Log::new(&Limits {
            log_rate: 10_000,
            ..Limits::default()
        });
        let mut out = log.writer(Stream::Err);
        for _ in 0..1000 {
            out.write(&[b'x'; 10_000]);
        }
        assert!(out.partial.len() <= LINE);
        for _ in 0..1000 {
            out.write(b"\nagain and again and again");
        }
        drop(out);
        let lines = texts(&log);
        assert!(lines.len() < 500, "{}", lines.len());
        assert!(lines.iter().all(|line| line.len() <= LINE + 4));
        assert!(log.ring.lock().dropped > 500);
    }

    #[test]
    fn a_line_cannot_move_the_cursor_of_a_terminal() {
        let log = Log::new(&Limits::default());
        log.write(Stream::Out, "\u{1b}[2Jhello\u{7}");
        assert_eq!(texts(&log), ["\u{fffd}[2Jhello\u{fffd}"]);
    }
}
