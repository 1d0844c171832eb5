//! Content as a TAR: what a client unpacks beside its other files. Names come from strangers, so every one is checked
//! to be one step below the folder it stands in.

use std::io::Write;

use webx_content::ipld::{Cid, Error, Result};
use webx_content::unixfs::{self, File, Flow, Stat};

use crate::PublicStore;

/// Bytes of a record.
const RECORD: usize = 512;
/// Longest path.
const MAX_PATH: usize = 4096;
/// How deep folders are followed.
const MAX_DEPTH: usize = 128;
/// Most entries.
const MAX_ENTRIES: u64 = 1_000_000;
/// Largest number that the header of an entry holds.
const MAX_OCTAL: u64 = 0o777_7777_7777;

/// Whether content has a form in a TAR at all: files, folders and links have.
pub(crate) fn check(store: &PublicStore, cid: &Cid) -> Result<()> {
    match unixfs::stat(store, cid)? {
        Stat::Value => Err(Error::WrongKind {
            cid: *cid,
            wanted: "file or folder",
        }),
        _ => Ok(()),
    }
}

/// Writes everything below `root` under `name`.
///
/// # Errors
/// What the store and `to` say; [`Error::Malformed`] for a name that would leave the folder it stands in;
/// [`Error::Limit`].
pub(crate) fn write(store: &PublicStore, root: &Cid, name: &str, to: &mut dyn Write) -> Result<()> {
    check_step(name)?;
    let mut tar = Tar {
        store,
        to,
        entries: 0,
    };
    tar.entry(root, name, 0)?;
    tar.to.write_all(&[0; 2 * RECORD])?;
    Ok(())
}

/// A name is one step: `list` has checked it for the folders of this machine, this is for those of every other.
fn check_step(name: &str) -> Result<()> {
    let strange = matches!(name, "" | "." | "..")
        || name.contains(['/', '\\', '\0'])
        || name.len() >= 2 && name.as_bytes().get(1) == Some(&b':') && name.is_char_boundary(1);
    if strange {
        return Err(Error::malformed(
            "name in an archive",
            "it leaves its folder",
        ));
    }
    Ok(())
}

struct Tar<'a> {
    store: &'a PublicStore,
    to: &'a mut dyn Write,
    entries: u64,
}

/// Kinds of entries.
const FILE: u8 = b'0';
const SYMLINK: u8 = b'2';
const FOLDER: u8 = b'5';
const EXTENDED: u8 = b'x';

impl Tar<'_> {
    fn entry(&mut self, cid: &Cid, path: &str, depth: usize) -> Result<()> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES || depth > MAX_DEPTH || path.len() > MAX_PATH {
            return Err(Error::Limit {
                what: "the size of an archive",
                limit: MAX_ENTRIES,
            });
        }
        match unixfs::stat(self.store, cid)? {
            Stat::File(size) => {
                self.head(FILE, path, "", size)?;
                for piece in File::open(self.store, cid)?.read(self.store, 0..u64::MAX) {
                    self.to.write_all(&piece?)?;
                }
                self.pad(size)
            }
            Stat::Folder => {
                self.head(FOLDER, &format!("{path}/"), "", 0)?;
                let mut below = Vec::new();
                unixfs::list(self.store, cid, &mut |entry| {
                    below.push((entry.name, entry.cid));
                    Ok(Flow::Continue(()))
                })?;
                for (name, cid) in below {
                    check_step(&name)?;
                    self.entry(&cid, &format!("{path}/{name}"), depth + 1)?;
                }
                Ok(())
            }
            Stat::Symlink(target) => {
                check_target(path, &target)?;
                self.head(SYMLINK, path, &target, 0)
            }
            _ => Err(Error::WrongKind {
                cid: *cid,
                wanted: "file or folder",
            }),
        }
    }

    fn head(&mut self, kind: u8, path: &str, target: &str, size: u64) -> Result<()> {
        if path.len() > 100 || target.len() > 100 || size > MAX_OCTAL {
            let mut more = String::new();
            for (key, value) in [("path", path), ("linkpath", target)] {
                if value.len() > 100 {
                    more.push_str(&extended(key, value));
                }
            }
            if size > MAX_OCTAL {
                more.push_str(&extended("size", &size.to_string()));
            }
            let length = more.len() as u64;
            self.record(EXTENDED, "PaxHeader", "", length)?;
            self.to.write_all(more.as_bytes())?;
            self.pad(length)?;
        }
        self.record(kind, path, target, size.min(MAX_OCTAL))
    }

    fn record(&mut self, kind: u8, path: &str, target: &str, size: u64) -> Result<()> {
        let mut record = [0; RECORD];
        let mode = match kind {
            FOLDER => "0000755",
            SYMLINK => "0000777",
            _ => "0000644",
        };
        put(&mut record, 0, 100, cut(path));
        put(&mut record, 100, 8, mode);
        put(&mut record, 108, 8, "0000000");
        put(&mut record, 116, 8, "0000000");
        put(&mut record, 124, 12, &format!("{size:011o}"));
        put(&mut record, 136, 12, "00000000000");
        put(&mut record, 148, 8, "        ");
        put(
            &mut record,
            156,
            1,
            char::from(kind).encode_utf8(&mut [0; 4]),
        );
        put(&mut record, 157, 100, cut(target));
        put(&mut record, 257, 8, "ustar\u{0}00");
        let sum: u32 = record.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut record, 148, 8, &format!("{sum:06o}\u{0} "));
        self.to.write_all(&record)?;
        Ok(())
    }

    fn pad(&mut self, size: u64) -> Result<()> {
        let over = (size % RECORD as u64) as usize;
        if over > 0 {
            let zeros = [0; RECORD];
            self.to.write_all(zeros.get(over..).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A link may point within what is unpacked, and nowhere else.
fn check_target(path: &str, target: &str) -> Result<()> {
    let outside = || {
        Error::malformed(
            "symbolic link in an archive",
            "it points out of the archive",
        )
    };
    if target.starts_with('/') || target.contains(['\\', '\0']) || target.len() > MAX_PATH {
        return Err(outside());
    }
    // The link itself is one step, and what it is called counts from the folder it stands in.
    let mut depth = path.split('/').count().saturating_sub(1);
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => match depth {
                0 | 1 => return Err(outside()),
                _ => depth -= 1,
            },
            _ => depth += 1,
        }
    }
    Ok(())
}

fn put(record: &mut [u8; RECORD], at: usize, room: usize, text: &str) {
    for (to, from) in record.iter_mut().skip(at).take(room).zip(text.bytes()) {
        *to = from;
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(100))
        .unwrap_or_default()
}

/// A line that counts its own length.
fn extended(key: &str, value: &str) -> String {
    let without = key.len() + value.len() + 3;
    let mut length = without + 1;
    while without + length.to_string().len() != length {
        length = without + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_its_own_length() {
        for length in [1, 5, 88, 89, 90, 91, 92, 990, 4000] {
            let line = extended("path", &"a".repeat(length));
            let said: usize = line
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0);
            assert_eq!(said, line.len());
        }
    }

    #[test]
    fn names_and_links_that_lead_out_are_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0", "c:", "c:evil"] {
            assert!(check_step(name).is_err(), "{name:?}");
        }
        assert!(check_step("größe").is_ok() && check_step("...").is_ok());
        for target in ["/etc/passwd", "..", "../x", "b/../../x", "..\\x"] {
            assert!(check_target("root/link", target).is_err(), "{target}");
        }
        for (path, target) in [
            ("root/link", "b"),
            ("root/a/link", "../b"),
            ("root/link", "a/../b"),
        ] {
            assert!(check_target(path, target).is_ok(), "{target}");
        }
    }
}
