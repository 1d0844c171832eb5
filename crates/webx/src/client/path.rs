//! Paths in the drive as a person types them.

use crate::failure::Failure;

/// An absolute path in the drive: its names, without the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemotePath {
    names: Vec<String>,
    folder: bool,
}

impl RemotePath {
    /// Reads `/a/b`, `a/b` and `a/b/`; `.` and doubled slashes mean nothing, `..` is refused.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut names = Vec::new();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    return Err(Failure::usage(format!("{text} contains `..`"))
                        .todo("write the whole path from the root /"));
                }
                name => names.push(name.to_owned()),
            }
        }
        let folder = names.is_empty() || text.ends_with('/') || text.ends_with("/.");
        Ok(Self { names, folder })
    }

    /// Whether the text itself says "into this folder" (`/`, `a/`).
    pub(crate) fn names_a_folder(&self) -> bool {
        self.folder
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The last name; `None` for the root.
    pub(crate) fn name(&self) -> Option<&str> {
        self.names.last().map(String::as_str)
    }

    /// The folder that holds it; the root's is the root.
    pub(crate) fn parent(&self) -> Self {
        let keep = self.names.len().saturating_sub(1);
        Self {
            names: self.names[..keep].to_vec(),
            folder: true,
        }
    }

    /// One level down.
    pub(crate) fn join(&self, name: &str) -> Self {
        let mut names = self.names.clone();
        names.push(name.to_owned());
        Self {
            names,
            folder: false,
        }
    }
}

impl std::fmt::Display for RemotePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.names.is_empty() {
            return f.write_str("/");
        }
        for name in &self.names {
            write!(f, "/{name}")?;
        }
        Ok(())
    }
}

/// Percent-encodes one piece of a URL: everything but unreserved characters (RFC 3986).
pub(crate) fn encode(piece: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(piece.len());
    for byte in piece.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_spellings_of_a_path_are_one() {
        for text in ["/a/b", "a/b", "//a/./b", "a//b"] {
            assert_eq!(RemotePath::parse(text).unwrap().to_string(), "/a/b");
        }
        assert_eq!(RemotePath::parse("").unwrap().to_string(), "/");
    }

    #[test]
    fn a_trailing_slash_means_into() {
        assert!(RemotePath::parse("/a/").unwrap().names_a_folder());
        assert!(!RemotePath::parse("/a").unwrap().names_a_folder());
    }

    #[test]
    fn climbing_out_is_refused() {
        assert!(RemotePath::parse("/a/../b").is_err());
        assert!(RemotePath::parse("..").is_err());
        assert!(RemotePath::parse("/a/..b").is_ok());
    }

    #[test]
    fn hostile_names_survive_the_url() {
        assert_eq!(encode("a b/ü?#%\n"), "a%20b%2F%C3%BC%3F%23%25%0A");
    }
}
