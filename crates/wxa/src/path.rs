//! Paths of entries: the same on every file system, or refused.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{EntryFault, Refusal, limits::MAX_PATH, text};

/// Checks the path of a file in a package.
///
/// # Errors
/// The [`EntryFault`] that names what is wrong.
pub(crate) fn check(path: &str) -> Result<(), EntryFault> {
    if path.is_empty() {
        return Err(EntryFault::Path("it is empty"));
    }
    if path.starts_with('/') || path.contains('\\') {
        return Err(EntryFault::Slip);
    }
    if path.ends_with('/') {
        return Err(EntryFault::Folder);
    }
    if path.len() > MAX_PATH {
        return Err(EntryFault::Path("it is longer than 255 bytes"));
    }
    if !is_nfc(path) {
        return Err(EntryFault::Encoding);
    }
    path.split('/').try_for_each(check_segment)
}

fn check_segment(segment: &str) -> Result<(), EntryFault> {
    if segment == ".." || segment == "." {
        return Err(EntryFault::Slip);
    }
    if segment.is_empty() {
        return Err(EntryFault::Path("it has an empty part"));
    }
    if !segment.chars().all(text::plain) {
        return Err(EntryFault::Path("it has a character that cannot be shown"));
    }
    if segment.contains([':', '*', '?', '"', '<', '>', '|']) {
        return Err(EntryFault::Path(
            "it has one of the characters : * ? \" < > |",
        ));
    }
    if segment.ends_with(['.', ' ']) || segment.starts_with(' ') {
        return Err(EntryFault::Path(
            "a part of it begins with a space or ends with a space or a dot",
        ));
    }
    if is_device(segment) {
        return Err(EntryFault::Path("Windows keeps that name for a device"));
    }
    Ok(())
}

/// Whether a path lies in the folder that belongs to the format, however it is spelled.
pub(crate) fn is_meta(path: &str) -> bool {
    path.split('/')
        .next()
        .is_some_and(|first| fold(first) == "meta")
}

/// Names that Windows keeps for devices, with any extension.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_uppercase();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$"
    ) {
        return true;
    }
    let numbered = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    numbered.is_some_and(|rest| {
        let mut rest = rest.chars();
        matches!(rest.next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.next().is_none()
    })
}

/// What stays of a path on a file system that ignores case and forms of letters.
fn fold(text: &str) -> String {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    // Lower, upper and lower again meets the full case folding of Unicode (ẞ, ß and SS are one).
    let once = |text: &str| {
        let upper: String = lower(text).chars().flat_map(char::to_uppercase).collect();
        lower(&upper).nfkc().collect::<String>()
    };
    once(&once(text))
}

/// The paths of a package, added one by one.
#[derive(Default)]
pub(crate) struct Paths {
    /// Folded path or folder, to how it was spelled first and whether it is a folder.
    seen: HashMap<String, (String, bool)>,
}

impl Paths {
    /// Takes up the path of one more file.
    ///
    /// # Errors
    /// [`Refusal::Entry`] when the path is bad or meets an earlier one.
    pub(crate) fn add(&mut self, path: &str) -> Result<(), Refusal> {
        let fault = |fault| Refusal::entry(path.as_bytes(), fault);
        check(path).map_err(fault)?;
        for (at, _) in path.match_indices('/') {
            let folder = path.get(..at).unwrap_or_default();
            let first = self
                .seen
                .entry(fold(folder))
                .or_insert_with(|| (folder.to_owned(), true));
            if !first.1 {
                return Err(fault(EntryFault::FileAndFolder));
            }
            if first.0 != folder {
                return Err(fault(EntryFault::CaseEqual));
            }
        }
        let Some((first, folder)) = self.seen.insert(fold(path), (path.to_owned(), false)) else {
            return Ok(());
        };
        Err(fault(match (folder, first == path) {
            (true, _) => EntryFault::FileAndFolder,
            (false, true) => EntryFault::Duplicate,
            (false, false) => EntryFault::CaseEqual,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in [
            "../a",
            "a/../b",
            "/a",
            "a\\b",
            "..",
            ".",
            "a/./b",
            "C:\\a",
            "\\\\host\\a",
        ] {
            assert_eq!(check(path), Err(EntryFault::Slip), "{path}");
        }
    }

    #[test]
    fn paths_that_some_system_cannot_store_are_refused() {
        for path in [
            "",
            "a//b",
            "a.",
            "a ",
            " a",
            "a/b./c",
            "nul",
            "NUL.txt",
            "a/Com1",
            "lpt9.x",
            "COM¹",
            "C:a",
            "a*",
            "a?b",
            "a|b",
            "a\u{202e}gpj.exe",
            "a\nb",
            "a\0b",
            "conin$",
            "a\u{feff}",
        ] {
            assert!(matches!(check(path), Err(EntryFault::Path(_))), "{path:?}");
        }
        assert!(matches!(check(&"a".repeat(256)), Err(EntryFault::Path(_))));
        assert_eq!(check("a/"), Err(EntryFault::Folder));
        assert_eq!(check("u\u{308}"), Err(EntryFault::Encoding));
        for path in [
            "a",
            "a/b.c",
            "größe.txt",
            "компас.svg",
            "com10",
            "console",
            "a.b.c",
            "日本",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_are_one_on_some_system_are_refused() {
        let meet = |paths: &[&str]| {
            let mut all = Paths::default();
            paths.iter().try_for_each(|path| all.add(path))
        };
        for (paths, code) in [
            (["a", "a"], "duplicate"),
            (["a", "A"], "case-equal"),
            (["straße", "STRASSE"], "case-equal"),
            (["ẞ", "ss"], "case-equal"),
            (["ﬁle", "file"], "case-equal"),
            (["K", "k"], "case-equal"),
            (["σας", "ΣΑΣ"], "case-equal"),
            (["a/x", "A/y"], "case-equal"),
            (["a", "a/b"], "file-and-folder"),
            (["a/b", "a"], "file-and-folder"),
            (["A/b", "a"], "file-and-folder"),
        ] {
            assert_eq!(meet(&paths).unwrap_err().code(), code, "{paths:?}");
        }
        assert!(meet(&["a/x", "a/y", "b"]).is_ok());
    }
}
