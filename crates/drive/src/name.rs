//! What may be a name, how names are ordered and searched, and how they leave for other file systems.
use std::borrow::Cow;
use std::collections::HashSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark, is_nfc};

use crate::{Error, Result};

/// Bytes of a name at most.
pub const MAX_NAME: usize = 255;
/// Folders in a path at most.
pub const MAX_DEPTH: usize = 256;
const MAX_SORT: usize = 384;

/// Checks a name and brings it into its one stored form (Unicode NFC).
///
/// A name has 1 to 255 bytes of UTF-8. Not allowed: `/`, control characters, line and paragraph separators, characters
/// that turn the reading direction of what follows (they make `exe.txt` of `txt.exe`), non-characters, names of
/// nothing but blanks, `.` and `..`. Look-alikes and the reserved names of other systems are allowed here; what leaves
/// the drive goes through [`safe_name`].
///
/// # Errors
/// [`Error::BadName`].
pub fn check(name: &str) -> Result<Cow<'_, str>> {
    let bad = |why| {
        Err(Error::BadName {
            name: name.chars().take(80).collect(),
            why,
        })
    };
    // NFC can grow a text at most threefold; a longer one never fits and is not worth normalising.
    if name.len() > MAX_NAME * 3 {
        return bad("it is longer than 255 bytes");
    }
    let name: Cow<'_, str> = if name.is_ascii() || is_nfc(name) {
        name.into()
    } else {
        name.nfc().collect::<String>().into()
    };
    let bad = |why| {
        Err(Error::BadName {
            name: name.chars().take(80).collect(),
            why,
        })
    };
    match name.as_ref() {
        "" => return bad("it is empty"),
        "." | ".." => return bad("it means another folder"),
        _ => {}
    }
    if name.len() > MAX_NAME {
        return bad("it is longer than 255 bytes");
    }
    let mut visible = false;
    for c in name.chars() {
        match c {
            '/' => return bad("a slash separates folders"),
            c if c.is_control() => return bad("it has a control character"),
            '\u{2028}' | '\u{2029}' => return bad("it has a line separator"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                return bad("it has a character that turns the reading direction");
            }
            '\u{feff}' | '\u{fdd0}'..='\u{fdef}' => return bad("it has a character that is none"),
            c if u32::from(c) & 0xfffe == 0xfffe => return bad("it has a character that is none"),
            c if c.is_whitespace()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{ad}') => {}
            _ => visible = true,
        }
    }
    if !visible {
        return bad("nothing of it can be seen");
    }
    Ok(name)
}

/// Splits a path into checked names. Empty parts (`a//b`, a leading or closing slash) are skipped.
///
/// # Errors
/// [`Error::BadName`], also for `.` and `..`; [`Error::TooLarge`] for more than [`MAX_DEPTH`] folders.
pub fn split_path(path: &str) -> Result<Vec<Cow<'_, str>>> {
    let mut names = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if names.len() == MAX_DEPTH {
            return Err(Error::TooLarge {
                what: "the depth of a path",
                max: MAX_DEPTH as u64,
            });
        }
        names.push(check(part)?);
    }
    Ok(names)
}

/// The form in which names are compared by a search: without case, accents and compatibility forms.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The key by which names are ordered: as [`fold`], and numbers by their value (`2` before `10`).
pub(crate) fn sort_key(name: &str) -> Vec<u8> {
    let folded = fold(name);
    let bytes = folded.as_bytes();
    let mut key = Vec::with_capacity(bytes.len() + 4);
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if !first.is_ascii_digit() {
            key.push(*first);
            rest = tail;
            continue;
        }
        let run = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, tail) = rest.split_at(run);
        let zeros = digits
            .iter()
            .take_while(|digit| **digit == b'0')
            .count()
            .min(run - 1);
        let digits = digits.get(zeros..).unwrap_or_default();
        key.extend_from_slice(&[b'0', digits.len().min(255) as u8]);
        key.extend_from_slice(digits);
        rest = tail;
    }
    key.truncate(MAX_SORT);
    key
}

/// The extension by which files are grouped: lower case, at most 16 bytes, empty when there is none.
pub(crate) fn extension(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && !ext.is_empty() && ext.len() <= 16 => fold(ext),
        _ => String::new(),
    }
}

/// `name (2).ext`, `name (3).ext`, …: another name for a second thing of the same name, cut to fit.
pub(crate) fn numbered(name: &str, number: u64) -> String {
    let (stem, ext) = match name.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && ext.len() <= 16 => (stem, format!(".{ext}")),
        _ => (name, String::new()),
    };
    let tail = format!(" ({number}){ext}");
    format!("{}{tail}", cut(stem, MAX_NAME.saturating_sub(tail.len())))
}

/// The longest start of `text` with at most `max` bytes that ends between characters.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// A name that every common file system takes, as near to `name` as possible and not among `taken`.
///
/// Characters that Windows or macOS refuse become `_`, reserved device names get a leading `_`, closing dots and blanks
/// go. Names that differ only in case or Unicode form are the same file elsewhere, so the second one is numbered.
/// `taken` collects the names given out for one folder.
pub fn safe_name(name: &str, taken: &mut HashSet<String>) -> String {
    let replaced: String = name
        .chars()
        .map(|c| match c {
            '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*' => '_',
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                '_'
            }
            c => c,
        })
        .collect();
    let mut safe = replaced
        .trim_end_matches(['.', ' '])
        .trim_start_matches(' ')
        .to_owned();
    if safe.is_empty() {
        safe.push('_');
    }
    let stem = safe.split('.').next().unwrap_or_default().trim_end();
    let reserved = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
        .iter()
        .any(|word| stem.eq_ignore_ascii_case(word))
        || numbered_device(stem);
    if reserved {
        safe.insert(0, '_');
    }
    if safe.len() > MAX_NAME {
        safe = cut(&safe, MAX_NAME).trim_end_matches(['.', ' ']).to_owned();
    }
    let plain = safe.clone();
    let mut number = 2;
    while !taken.insert(safe.nfkc().flat_map(char::to_lowercase).collect()) {
        safe = numbered(&plain, number);
        number += 1;
    }
    safe
}

/// `COM0` to `COM9` and `LPT0` to `LPT9`, also with superscript digits.
fn numbered_device(stem: &str) -> bool {
    let mut chars = stem.chars();
    let word: String = chars
        .by_ref()
        .take(3)
        .flat_map(char::to_lowercase)
        .collect();
    (word == "com" || word == "lpt")
        && matches!(chars.next(), Some('0'..='9' | '¹' | '²' | '³'))
        && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_are_refused() {
        let long = "x".repeat(256);
        let huge = "y".repeat(4096);
        let marks = format!("a{}", "\u{301}".repeat(2000));
        for name in [
            "",
            ".",
            "..",
            "/",
            "a/b",
            "../etc/passwd",
            "\0",
            "a\0b",
            "\n",
            "tab\there",
            "\x1b[31mred",
            "del\x7f",
            "c1\u{85}",
            "invoice\u{202e}fdp.exe",
            "\u{2066}x",
            "line\u{2028}break",
            "\u{feff}bom",
            "\u{fffe}",
            "\u{1ffff}",
            "   ",
            "\u{200b}",
            "\u{3000}",
            &long,
            &huge,
            &marks,
        ] {
            assert!(
                matches!(check(name), Err(Error::BadName { .. })),
                "{name:?}"
            );
        }
    }

    #[test]
    fn odd_but_honest_names_are_kept() {
        for name in [
            "a",
            "...",
            ".hidden",
            "con",
            "NUL.txt",
            "trailing.",
            "trailing ",
            "back\\slash",
            "a:b",
            "раураl",
            "👩‍👩‍👧‍👦.png",
            "ملف.txt",
            "日本語",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            &"ü".repeat(127),
        ] {
            assert_eq!(check(name).unwrap(), name, "{name:?}");
        }
    }

    #[test]
    fn a_name_has_one_stored_form() {
        assert_eq!(check("Cafe\u{301}").unwrap(), "Café");
        assert_eq!(check("Café").unwrap(), check("Cafe\u{301}").unwrap());
    }

    #[test]
    fn numbers_are_ordered_by_value_and_case_does_not_count() {
        let mut names = [
            "b", "A10", "a2", "Z", "a1", "a", "file 007", "File 8", "ä", "z2", ".x",
        ];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(
            names,
            [
                ".x", "a", "ä", "a1", "a2", "A10", "b", "file 007", "File 8", "Z", "z2"
            ]
        );
    }

    #[test]
    fn reserved_names_leave_safely() {
        let one = |name: &str| safe_name(name, &mut HashSet::new());
        for (name, safe) in [
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("com1", "_com1"),
            ("LPT².log", "_LPT².log"),
            ("com10", "com10"),
            ("console", "console"),
            ("a:b?.txt", "a_b_.txt"),
            ("back\\slash", "back_slash"),
            ("dots...", "dots"),
            (" .", "_"),
            ("...", "_"),
            ("plain.txt", "plain.txt"),
        ] {
            assert_eq!(one(name), safe, "{name:?}");
        }
        let mut taken = HashSet::new();
        let all: Vec<_> = ["Read.me", "read.me", "READ.ME", "ﬁle", "file"]
            .map(|name| safe_name(name, &mut taken))
            .into();
        assert_eq!(
            all,
            ["Read.me", "read (2).me", "READ (3).ME", "ﬁle", "file (2)"]
        );
    }

    #[test]
    fn the_second_of_a_name_is_numbered() {
        assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
        assert_eq!(numbered("notes", 3), "notes (3)");
        assert_eq!(numbered(".profile", 2), ".profile (2)");
        assert!(check(&numbered(&"é".repeat(127), 12)).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_either_refused_or_stored_stably(name in "\\PC{0,80}|.{0,300}") {
            if let Ok(stored) = check(&name) {
                prop_assert!(stored.len() <= MAX_NAME);
                prop_assert_eq!(check(&stored).unwrap().into_owned(), stored.clone().into_owned());
                let again = numbered(&stored, 999);
                prop_assert!(check(&again).is_ok(), "{:?}", again);
            }
            let mut taken = HashSet::new();
            for _ in 0..3 {
                let safe = safe_name(&name, &mut taken);
                prop_assert!(!safe.is_empty() && safe.len() <= MAX_NAME);
                prop_assert!(!safe.contains(['/', '\\', ':', '\0']) && safe != "." && safe != "..");
                prop_assert!(!safe.ends_with(['.', ' ']));
            }
            prop_assert!(sort_key(&name).len() <= MAX_SORT);
        }
    }
}
