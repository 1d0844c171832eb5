//! Files of a request (`multipart/form-data`), one after the other as they come. Nothing but a window is held.

use std::io::{self, Read};

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::answer::{Done, Failure};

/// Most bytes of the headers of one part.
const MAX_HEAD: usize = 16 * 1024;
/// Longest mark between parts, as RFC 2046 has it with some room: clients write more than its 70.
const MAX_MARK: usize = 128;
/// Most parts of a request.
const MAX_PARTS: u64 = 1_000_000;
/// Bytes that are looked at together.
const WINDOW: usize = 64 * 1024;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Symlink,
}

/// A part whose head was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The path it was given, decoded; may be empty.
    pub(super) path: String,
    /// Permissions, when the client gave them.
    pub(super) mode: Option<u32>,
    /// When it was changed, in seconds and nanoseconds.
    pub(super) modified: Option<(i64, u32)>,
}

/// Reads parts.
#[derive(Debug)]
pub(super) struct Parts<R> {
    from: R,
    /// `\r\n--` and the boundary.
    mark: Vec<u8>,
    window: Vec<u8>,
    /// Where in the window the unread bytes begin.
    at: usize,
    /// The source has ended.
    dry: bool,
    count: u64,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Inside,
    /// Behind a mark.
    Between,
    End,
}

fn broken(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the upload is broken: {why}"),
    )
}

/// The boundary that a request names.
pub(super) fn boundary(headers: &HeaderMap) -> Done<String> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(name.as_str(), "multipart/form-data" | "multipart/mixed") {
        return Err(Failure::bad("a file is sent as multipart/form-data"));
    }
    parts
        .find_map(|part| part.strip_prefix("boundary="))
        .map(|text| text.trim_matches('"'))
        .filter(|text| (1..=MAX_MARK).contains(&text.len()))
        .filter(|text| text.bytes().all(|c| c.is_ascii_graphic() || c == b' '))
        .map(str::to_owned)
        .ok_or_else(|| Failure::bad("the request names no boundary of its parts"))
}

impl<R: Read> Parts<R> {
    pub(super) fn new(from: R, boundary: &str) -> Self {
        Self {
            from,
            mark: [b"\r\n--", boundary.as_bytes()].concat(),
            // As if a line had ended before the first mark.
            window: b"\r\n".to_vec(),
            at: 0,
            dry: false,
            count: 0,
            place: Place::Start,
        }
    }

    fn rest(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or_default()
    }

    /// Reads more; whether there was more.
    fn fill(&mut self) -> io::Result<bool> {
        if self.dry {
            return Ok(false);
        }
        self.window.drain(..self.at);
        self.at = 0;
        let had = self.window.len();
        self.window.resize(had + WINDOW, 0);
        let read = loop {
            let room = self.window.get_mut(had..).unwrap_or_default();
            match self.from.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.window
            .truncate(had + read.as_ref().copied().unwrap_or(0));
        self.dry = read? == 0;
        Ok(!self.dry)
    }

    /// Makes sure of so many bytes.
    fn need(&mut self, count: usize) -> io::Result<()> {
        while self.rest().len() < count {
            if !self.fill()? {
                return Err(broken("it ends too early"));
            }
        }
        Ok(())
    }

    /// The next part, behind all that was left of the one before; `None` at the end.
    pub(super) fn next_part(&mut self) -> io::Result<Option<Part>> {
        let mut skipped = vec![0; 8192];
        match self.place {
            Place::Start => {
                // Nothing but the mark may come first; what some mail programs write there is not for us.
                self.need(self.mark.len())?;
                if !self.rest().starts_with(&self.mark) {
                    return Err(broken("it does not begin with its boundary"));
                }
                self.at += self.mark.len();
                self.place = Place::Between;
            }
            Place::Inside => while self.read_piece(&mut skipped)? > 0 {},
            Place::Between | Place::End => {}
        }
        if self.place == Place::End {
            return Ok(None);
        }
        self.need(2)?;
        if self.rest().starts_with(b"--") {
            self.place = Place::End;
            // What follows the end is read, so that the connection can be used again, and means nothing.
            let mut after = 0_usize;
            while self.fill()? {
                after = after.saturating_add(self.rest().len());
                self.at = self.window.len();
                if after > MAX_HEAD {
                    return Err(broken("something follows its end"));
                }
            }
            return Ok(None);
        }
        if !self.rest().starts_with(b"\r\n") {
            return Err(broken("a boundary does not end its line"));
        }
        self.count += 1;
        if self.count > MAX_PARTS {
            return Err(broken("it has too many parts"));
        }
        let part = self.head()?;
        self.place = Place::Inside;
        Ok(Some(part))
    }

    fn head(&mut self) -> io::Result<Part> {
        let end = loop {
            let found = self.rest().windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = found {
                break end;
            }
            if self.rest().len() > MAX_HEAD {
                return Err(broken("the headers of a part are too long"));
            }
            if !self.fill()? {
                return Err(broken("it ends within the headers of a part"));
            }
        };
        if end > MAX_HEAD {
            return Err(broken("the headers of a part are too long"));
        }
        let head = self.rest().get(..end).unwrap_or_default();
        let part = std::str::from_utf8(head)
            .map_err(|_| broken("the headers of a part are no UTF-8"))
            .and_then(part)?;
        // The line end before a mark may be this one: a part without a byte.
        self.at += end + 2;
        if !self.starts_with_mark()? {
            self.at += 2;
        }
        Ok(part)
    }

    fn starts_with_mark(&mut self) -> io::Result<bool> {
        while self.rest().len() < self.mark.len() {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.rest().starts_with(&self.mark))
    }

    /// Bytes of the part; 0 at its end.
    fn read_piece(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.place != Place::Inside || out.is_empty() {
            return Ok(0);
        }
        let mark = self.mark.len();
        self.need(mark)?;
        let rest = self.rest();
        let free = find(rest, &self.mark).map_or_else(
            // The last bytes may be the beginning of a mark.
            || (rest.len() + 1 - mark, false),
            |at| (at, true),
        );
        match free {
            (0, true) => {
                self.at += mark;
                self.place = Place::Between;
                Ok(0)
            }
            (free, _) => {
                let count = free.min(out.len());
                if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.at += count;
                Ok(count)
            }
        }
    }
}

impl<R: Read> Read for Parts<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_piece(out)
    }
}

/// Where a mark begins.
fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == b'\r')?;
        if bytes.get(at..)?.starts_with(mark) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn part(head: &str) -> io::Result<Part> {
    let (mut name, mut path, mut kind) = ("", "", "");
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| broken("a header of a part is none"))?;
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                name = quoted(value, "name").unwrap_or_default();
                path = quoted(value, "filename").unwrap_or_default();
            }
            "content-type" => kind = value,
            "content-encoding" | "content-transfer-encoding" if value != "binary" => {
                return Err(broken("a part is encoded"));
            }
            _ => {}
        }
    }
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| broken("a path is no UTF-8"))?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = match kind.to_ascii_lowercase().as_str() {
        "application/x-directory" => Kind::Folder,
        "application/symlink" => Kind::Symlink,
        kind if kind.starts_with("multipart/") => return Err(broken("parts within parts")),
        _ => Kind::File,
    };
    let extra = name.split_once('?').map_or("", |(_, extra)| extra);
    let value = |key: &str| {
        let mut pairs = extra.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let wrong = |_| broken("mode or modification time of a part is no number");
    let mode = value("mode").map(|text| u32::from_str_radix(text, 8).map_err(wrong));
    let seconds = value("mtime").map(|text| text.parse::<i64>().map_err(wrong));
    let nanos = value("mtime-nsecs").map(|text| text.parse::<u32>().map_err(wrong));
    let nanos = nanos.transpose()?.unwrap_or(0);
    if nanos > 999_999_999 {
        return Err(broken("a modification time has too many nanoseconds"));
    }
    Ok(Part {
        kind,
        path: path.into_owned(),
        mode: mode.transpose()?,
        modified: seconds.transpose()?.map(|seconds| (seconds, nanos)),
    })
}

/// A parameter in quotes.
fn quoted<'a>(value: &'a str, key: &str) -> Option<&'a str> {
    let mut from = value;
    loop {
        let at = from.find(key)?;
        let (before, rest) = from.split_at(at);
        let rest = rest.strip_prefix(key)?;
        let begins = before.ends_with([';', ' ']);
        if let (true, Some(rest)) = (begins, rest.strip_prefix("=\"")) {
            return rest.split_once('"').map(|(value, _)| value);
        }
        from = rest;
    }
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
