//! Pages of web apps, as they go to the browser.
//!
//! The bytes on the disk stay as they are. On the way out a page gets a first script ([`GUARD`]), its inline scripts get the
//! nonce that the policy asks for, and elements that would make a child frame become elements without a meaning. A tag name
//! stands in a page in one spelling only (ASCII letters in any case, closed by white space, `/` or `>`), so this needs no
//! parser; the encoding is fixed by the answer's `Content-Type`.

use std::io;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;

/// Takes peer connections and child frames away before the page's own code runs.
const GUARD: &str = include_str!("guard.js");
/// Elements that are, or hold, another page.
const FRAMES: [&[u8]; 6] = [
    b"iframe",
    b"frame",
    b"object",
    b"embed",
    b"fencedframe",
    b"portal",
];
/// `</fencedframe` and what closes it.
const LONGEST: usize = 14;
/// How far a page may go before its first element. What comes later is no prologue any more.
const PROLOGUE: usize = 4096;

/// Rewrites one page, piece by piece.
pub(super) struct Rewriter {
    nonce: String,
    /// What is not rewritten yet: the beginning of the page, later the beginning of a tag.
    held: Vec<u8>,
    begun: bool,
}

impl Rewriter {
    /// `nonce` is the one of the answer's policy; ASCII letters and digits.
    pub(super) fn new(nonce: &str) -> Self {
        Self {
            nonce: nonce.to_owned(),
            held: Vec::new(),
            begun: false,
        }
    }

    /// What can go out after this piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let mut out = Vec::with_capacity(self.held.len() + 256);
        if !self.begun {
            let Some(at) = prologue(&self.held) else {
                if self.held.len() < PROLOGUE {
                    return out;
                }
                return self.begin(0, out);
            };
            return self.begin(at, out);
        }
        self.rewrite(&mut out, false);
        out
    }

    /// The rest of the page.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.begun {
            let at = prologue(&self.held).unwrap_or(0);
            out = self.begin(at, out);
        }
        self.rewrite(&mut out, true);
        out
    }

    fn begin(&mut self, at: usize, mut out: Vec<u8>) -> Vec<u8> {
        self.begun = true;
        // UTF-16 would make other letters out of these bytes, whatever the answer's head says.
        let skip = if self.held.starts_with(&[0xfe, 0xff]) || self.held.starts_with(&[0xff, 0xfe]) {
            2
        } else {
            0
        };
        let at = at.max(skip);
        out.extend_from_slice(self.held.get(skip..at).unwrap_or_default());
        out.extend_from_slice(b"<script nonce=");
        out.extend_from_slice(self.nonce.as_bytes());
        out.push(b'>');
        out.extend_from_slice(GUARD.as_bytes());
        out.extend_from_slice(b"</script>");
        self.held.drain(..at.min(self.held.len()));
        self.rewrite(&mut out, false);
        out
    }

    /// Moves what is whole from `held` to `out`.
    fn rewrite(&mut self, out: &mut Vec<u8>, last: bool) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        while let Some(at) = rest.iter().position(|b| *b == b'<') {
            let (before, tag) = rest.split_at(at);
            out.extend_from_slice(before);
            let slash = usize::from(tag.get(1) == Some(&b'/'));
            let name_at = 1 + slash;
            let name = tag.get(name_at..).unwrap_or_default();
            let end = name.iter().position(|b| closes(*b));
            if !last && end.is_none() && tag.len() <= LONGEST {
                self.held = tag.to_vec();
                return;
            }
            let end = end.unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            out.extend_from_slice(tag.get(..name_at).unwrap_or_default());
            if FRAMES.iter().any(|f| f.eq_ignore_ascii_case(name)) {
                out.extend_from_slice(b"x-");
                out.extend_from_slice(name);
            } else if slash == 0 && name.eq_ignore_ascii_case(b"script") && !after.is_empty() {
                out.extend_from_slice(name);
                out.extend_from_slice(b" nonce=");
                out.extend_from_slice(self.nonce.as_bytes());
            } else {
                // The name may hold the beginning of another tag.
                rest = tag.get(name_at..).unwrap_or_default();
                continue;
            }
            rest = after;
        }
        out.extend_from_slice(rest);
    }
}

fn closes(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b'/' | b'>')
}

/// Where a page's first element may stand: after a byte order mark, white space, comments and the document type, which must
/// stay in front or the browser would draw the page as it did in 1996. `None` while that is not known.
fn prologue(page: &[u8]) -> Option<usize> {
    const MARK: &[u8] = &[0xef, 0xbb, 0xbf];
    if page.len() < MARK.len() && MARK.starts_with(page) {
        return None;
    }
    let mut at = if page.starts_with(MARK) {
        MARK.len()
    } else {
        0
    };
    loop {
        let rest = page.get(at..)?;
        let white = rest.iter().position(|b| !b.is_ascii_whitespace())?;
        at += white;
        let rest = page.get(at..)?;
        let is =
            |text: &[u8]| rest.len() >= text.len() && rest[..text.len()].eq_ignore_ascii_case(text);
        let may_be =
            |text: &[u8]| rest.len() < text.len() && text[..rest.len()].eq_ignore_ascii_case(rest);
        if is(b"<!doctype") {
            let end = rest.iter().position(|b| *b == b'>')?;
            return Some(at + end + 1);
        }
        if is(b"<!--") {
            // A comment as everybody reads it: it ends at its first `>`. Anything else is not skipped.
            let end = rest.iter().position(|b| *b == b'>')?;
            if end < 6 || !rest.get(..end)?.ends_with(b"--") {
                return Some(at);
            }
            at += end + 1;
            continue;
        }
        return if may_be(b"<!doctype") || may_be(b"<!--") {
            None
        } else {
            Some(at)
        };
    }
}

/// A page whose bytes come from `body`, rewritten while it is sent.
pub(super) fn page(body: Body, nonce: &str) -> Body {
    let state = Some((body.into_data_stream(), Rewriter::new(nonce)));
    Body::from_stream(futures_util::stream::unfold(state, |state| async move {
        let (mut pieces, mut rewriter) = state?;
        loop {
            match pieces.next().await {
                Some(Ok(piece)) => {
                    let out = rewriter.push(&piece);
                    if !out.is_empty() {
                        return Some((Ok(Bytes::from(out)), Some((pieces, rewriter))));
                    }
                }
                Some(Err(error)) => return Some((Err(io::Error::other(error)), None)),
                None => return Some((Ok(Bytes::from(rewriter.finish())), None)),
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    const SCRIPT: &str = "<script nonce=N>#</script>";

    /// The page in pieces of `size` bytes; the guard is shown as `#`.
    fn rewritten(page: &[u8], size: usize) -> String {
        let mut rewriter = Rewriter::new("N");
        let mut out = Vec::new();
        for piece in page.chunks(size.max(1)) {
            out.extend(rewriter.push(piece));
        }
        out.extend(rewriter.finish());
        String::from_utf8_lossy(&out).replacen(GUARD, "#", 1)
    }

    #[test]
    fn the_guard_stands_before_everything_that_could_run() {
        for (before, after) in [
            ("<!DOCTYPE html>", "\n<p>"),
            ("\u{feff} <!-- saved --><!doctype html>", "<p>"),
            ("", "<p>"),
            ("", ""),
            ("", "text"),
            // These are comments that end at once.
            ("", "<!--><b>-->"),
            ("", "<!---><b>-->"),
            ("", "<!-- a > b --><!doctype html>"),
        ] {
            for size in [1, 3, 1000] {
                assert_eq!(
                    rewritten(format!("{before}{after}").as_bytes(), size),
                    format!("{before}{SCRIPT}{after}")
                );
            }
        }
        assert_eq!(rewritten(b"\xfe\xff<p>", 9), format!("{SCRIPT}<p>"));
    }

    #[test]
    fn frames_lose_their_meaning_and_scripts_get_the_nonce() {
        for (page, expected) in [
            ("<iframe src=x></iframe>", "<x-iframe src=x></x-iframe>"),
            (
                "<IFrame/><ObJect\n><embed\t>",
                "<x-IFrame/><x-ObJect\n><x-embed\t>",
            ),
            ("<iframed><framework>", "<iframed><framework>"),
            ("<<iframe>", "<<x-iframe>"),
            ("<b<iframe>", "<b<x-iframe>"),
            ("<script>a</script>", "<script nonce=N>a</script>"),
            ("<SCRIPT src=a></SCRIPT>", "<SCRIPT nonce=N src=a></SCRIPT>"),
            ("<scripty>", "<scripty>"),
            ("a < b <", "a < b <"),
        ] {
            for size in [1, 2, 5, 1000] {
                assert_eq!(
                    rewritten(page.as_bytes(), size),
                    format!("{SCRIPT}{expected}"),
                    "{page} in {size}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(page in "(<!doctype html>)?([<>/ \\-!a-e]|<iframe|<script|frame|</object|x>){0,40}", size in 1usize..20) {
            prop_assert_eq!(rewritten(page.as_bytes(), size), rewritten(page.as_bytes(), usize::MAX));
        }

        #[test]
        fn no_frame_is_left(page in "([<>/ !a-z]|<iframe|<FRAME|<embed|<object |</|\n){0,60}") {
            let out = rewritten(page.as_bytes(), 7).to_ascii_lowercase();
            for name in ["iframe", "frame", "object", "embed"] {
                for end in [" ", "/", ">", "\n"] {
                    let tag = format!("<{name}{end}");
                    prop_assert!(!out.contains(&tag), "{}", out);
                }
            }
        }
    }
}
