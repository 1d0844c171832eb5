//! Searches folders for strings that must not be there. The test itself stands in `tests/`.
//!
//! ```
//! let folder = std::env::temp_dir();
//! assert!(webx_canary::find(&folder.join("none"), &["needle".into()]).is_empty());
//! ```
use std::path::{Path, PathBuf};

/// One string that was found where nothing readable may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// File whose bytes or name hold the string.
    pub file: PathBuf,
    /// The string.
    pub needle: String,
    /// How it was written there: plain, UTF-16, hex, or in the file's name.
    pub form: &'static str,
}

/// Looks for each of `needles` in the names and in every byte of all files below `root`: as UTF-8, as UTF-16 and as hex digits.
/// A folder that does not exist holds nothing.
pub fn find(root: &Path, needles: &[String]) -> Vec<Found> {
    let forms: Vec<(usize, &'static str, Vec<u8>)> = needles
        .iter()
        .enumerate()
        .flat_map(|(at, needle)| forms(at, needle))
        .collect();
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            for needle in needles
                .iter()
                .filter(|needle| name.contains(needle.as_str()))
            {
                found.push(Found {
                    file: path.clone(),
                    needle: needle.clone(),
                    form: "name",
                });
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                search(&bytes, &forms, |at, form| {
                    found.push(Found {
                        file: path.clone(),
                        needle: needles[at].clone(),
                        form,
                    });
                });
            }
        }
    }
    found
}

fn forms(at: usize, needle: &str) -> [(usize, &'static str, Vec<u8>); 3] {
    let utf16 = needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = needle
        .bytes()
        .flat_map(|byte| format!("{byte:02x}").into_bytes())
        .collect();
    [
        (at, "plain", needle.as_bytes().to_vec()),
        (at, "utf-16", utf16),
        (at, "hex", hex),
    ]
}

/// Buckets the needles by their first two bytes, so that one pass over the bytes serves them all.
fn search(
    bytes: &[u8],
    forms: &[(usize, &'static str, Vec<u8>)],
    mut hit: impl FnMut(usize, &'static str),
) {
    let mut buckets = vec![Vec::new(); 1 << 16];
    for form in forms.iter().filter(|form| form.2.len() >= 2) {
        buckets[usize::from(form.2[0]) << 8 | usize::from(form.2[1])].push(form);
    }
    for at in 0..bytes.len().saturating_sub(1) {
        for (needle, form, pattern) in
            &buckets[usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])]
        {
            if bytes[at..].starts_with(pattern) {
                hit(*needle, form);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_search_finds_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), b"xxcanary-1yy").unwrap();
        std::fs::write(
            dir.path().join("b"),
            "canary-2"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
        )
        .unwrap();
        std::fs::create_dir(dir.path().join("canary-3")).unwrap();
        let needles = ["canary-1", "canary-2", "canary-3", "canary-4"].map(String::from);
        let mut hits: Vec<_> = find(dir.path(), &needles)
            .into_iter()
            .map(|f| (f.needle, f.form))
            .collect();
        hits.sort();
        assert_eq!(
            hits,
            [
                ("canary-1".into(), "plain"),
                ("canary-2".into(), "utf-16"),
                ("canary-3".into(), "name")
            ]
        );
    }
}
