//! The page that shows a folder without an index.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use webx_content::ipld::Cid;
use webx_content::unixfs::{self, Flow};

use super::answer::{Refusal, begin, end, unchanged};
use super::ask::Ask;
use super::{Rooted, Work, has_tag};

/// Most entries that a page shows.
const MAX_SHOWN: usize = 5000;
/// Nothing runs on it, and nothing is loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td{padding:.25rem .5rem;border-top:1px solid #8884}\
    td+td{text-align:end;color:#888}h1{font-size:1.1rem;overflow-wrap:anywhere}\
    @media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8bf}}";

pub(super) fn answer(
    work: &Work,
    root: &Rooted,
    ask: &Ask,
    folder: Cid,
) -> Result<Response, Refusal> {
    let etag = format!("\"folder-1-{folder}\"");
    if has_tag(&ask.headers, &etag) {
        return unchanged(root, ask, &etag);
    }
    let mut rows = String::new();
    let (mut shown, mut more) = (0, false);
    unixfs::list(&work.store, &folder, &mut |entry| {
        if shown == MAX_SHOWN {
            more = true;
            return Ok(Flow::Break(()));
        }
        shown += 1;
        let link = utf8_percent_encode(&entry.name, NON_ALPHANUMERIC);
        let size = entry
            .total
            .map_or_else(String::new, |total| format!("{total} B"));
        let name = escaped(&entry.name);
        let _ = writeln!(
            rows,
            "<tr><td><a href=\"./{link}\">{name}</a></td><td>{size}</td></tr>"
        );
        Ok(Flow::Continue(()))
    })
    .map_err(|error| Refusal::of(&error, ask.only_if_cached))?;
    let up = if ask.steps.is_empty() {
        ""
    } else {
        "<p><a href=\"../\">One folder up</a></p>\n"
    };
    let rest = match (more, shown) {
        (true, _) => format!("<p>The first {MAX_SHOWN} entries are shown.</p>\n"),
        (false, 0) => "<p>This folder is empty.</p>\n".to_owned(),
        _ => String::new(),
    };
    let path = escaped(&ask.shown);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{path}</title><style>{STYLE}</style></head>\n<body><h1>{path}</h1>\n{up}<table>\n{rows}</table>\n{rest}</body></html>\n"
    );
    let answer = begin(StatusCode::OK, root, ask)
        .header(header::ETAG, etag)
        .header(
            header::CACHE_CONTROL,
            "public, max-age=604800, stale-while-revalidate=2678400",
        )
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::CONTENT_LENGTH, page.len());
    let body = if ask.head {
        Body::empty()
    } else {
        Body::from(page)
    };
    end(answer, body)
}

/// Text that stays text in a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Overrides of direction would show a name that is none.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escaped("<script>\"&'\u{202e}\n"),
            "&lt;script&gt;&quot;&amp;&#39;\u{fffd}\u{fffd}"
        );
    }
}
