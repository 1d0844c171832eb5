//! What a stored file is called and treated as when a browser loads it.

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// `attr-char` of RFC 8187.
const ATTR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The media type a file name promises.
pub(crate) fn guess(name: &str) -> String {
    mime_guess::from_path(name).first().map_or_else(
        || "application/octet-stream".to_owned(),
        |m| m.essence_str().to_owned(),
    )
}

/// The media type that is sent. Whatever a browser could run or style a page with goes out as plain text, so that a stored
/// file can never be loaded as a script of the shell, whoever manages to write a tag for it.
pub(crate) fn served(guessed: &str) -> &str {
    let active = [
        "javascript",
        "ecmascript",
        "html",
        "wasm",
        "css",
        "xslt",
        "json",
        "xml",
    ];
    if guessed == "image/svg+xml" {
        return guessed;
    }
    if active.iter().any(|a| guessed.contains(a))
        || (guessed.starts_with("text/") && guessed != "text/plain")
    {
        return "text/plain; charset=utf-8";
    }
    if guessed == "text/plain" {
        "text/plain; charset=utf-8"
    } else {
        guessed
    }
}

/// Whether a type may be shown in place. All else is offered for download.
pub(crate) fn inline(guessed: &str) -> bool {
    let safe_image = guessed.starts_with("image/") && guessed != "image/svg+xml";
    safe_image
        || guessed.starts_with("audio/")
        || guessed.starts_with("video/")
        || matches!(guessed, "text/plain" | "application/pdf")
}

/// `Content-Disposition` (RFC 6266) with the name in ASCII for old clients and whole as RFC 8187 says.
pub(crate) fn disposition(inline: bool, name: &str) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| {
            if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%' | '/') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let whole = utf8_percent_encode(name, ATTR);
    HeaderValue::from_str(&format!(
        "{kind}; filename=\"{plain}\"; filename*=UTF-8''{whole}"
    ))
    .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_a_page_could_run_keeps_its_type() {
        for name in [
            "a.html", "a.xhtml", "a.js", "a.mjs", "a.css", "a.xml", "a.xsl", "a.wasm", "a.json",
            "a.htm", "a.shtml", "a.vtt",
        ] {
            let guessed = guess(name);
            assert_eq!(
                served(&guessed),
                "text/plain; charset=utf-8",
                "{name} ({guessed})"
            );
            assert!(!inline(&guessed), "{name}");
        }
        assert!(!inline(&guess("a.svg")));
        assert!(
            inline(&guess("a.jpg"))
                && inline(&guess("a.pdf"))
                && inline(&guess("a.mp4"))
                && inline(&guess("a.txt"))
        );
        assert_eq!(served(&guess("none")), "application/octet-stream");
    }

    #[test]
    fn names_are_written_as_rfc_8187_says() {
        assert_eq!(
            disposition(false, "€ \"rates\".txt"),
            "attachment; filename=\"_ _rates_.txt\"; filename*=UTF-8''%E2%82%AC%20%22rates%22.txt"
        );
    }

    proptest! {
        #[test]
        fn no_name_can_break_out_of_the_header(name in "\\PC{0,255}|[\\x00-\\x7f]{0,50}") {
            let value = disposition(true, &name);
            let text = value.to_str().unwrap();
            prop_assert!(text.starts_with("inline; filename=\""));
            prop_assert_eq!(text.matches('"').count(), 2);
        }
    }
}
