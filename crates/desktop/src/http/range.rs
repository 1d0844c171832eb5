//! `Range` and the conditional headers of one representation (RFC 9110, sections 13 and 14).

use axum::http::{HeaderMap, header};

/// What part of a body is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// The bytes `start..end`, never empty, within the length.
    Part {
        /// First byte.
        start: u64,
        /// One after the last byte.
        end: u64,
    },
    /// A range that lies outside.
    Unsatisfiable,
}

/// Parses a `Range` header for a body of `length` bytes.
///
/// A header that is not understood is ignored, as the RFC demands. Several ranges at once are answered with the whole
/// body, which the RFC allows: no client of ours asks for them, and they are the classic way to make a server work.
pub(crate) fn parse(value: &str, length: u64) -> Wanted {
    let Some((unit, spec)) = value.split_once('=') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Wanted::Whole;
    };
    match (number(first), number(last)) {
        (Some(Num::Value(start)), Some(Num::Value(last))) if start > last => Wanted::Whole,
        (Some(Num::Value(start)), Some(last)) => {
            if start >= length {
                return Wanted::Unsatisfiable;
            }
            let end = match last {
                Num::Value(last) => last.saturating_add(1).min(length),
                Num::Absent => length,
            };
            Wanted::Part { start, end }
        }
        (Some(Num::Absent), Some(Num::Value(suffix))) => {
            if suffix == 0 || length == 0 {
                return Wanted::Unsatisfiable;
            }
            Wanted::Part {
                start: length.saturating_sub(suffix),
                end: length,
            }
        }
        _ => Wanted::Whole,
    }
}

/// The part a request wants, taking `If-Range` into account.
pub(crate) fn wanted(headers: &HeaderMap, length: u64, etag: &str) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Wanted::Whole;
    };
    if headers
        .get(header::IF_RANGE)
        .is_some_and(|v| v.as_bytes() != etag.as_bytes())
    {
        return Wanted::Whole;
    }
    range
        .to_str()
        .map_or(Wanted::Whole, |text| parse(text, length))
}

/// Whether `If-None-Match` says the client has this representation already.
pub(crate) fn unchanged(headers: &HeaderMap, etag: &str) -> bool {
    listed(headers, header::IF_NONE_MATCH, etag, true)
}

/// Whether `If-Match` is there and names other representations only.
pub(crate) fn precondition_fails(headers: &HeaderMap, etag: &str) -> bool {
    headers.contains_key(header::IF_MATCH) && !listed(headers, header::IF_MATCH, etag, false)
}

fn listed(headers: &HeaderMap, name: header::HeaderName, etag: &str, weak: bool) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .any(|tag| {
            let tag = if weak {
                tag.strip_prefix("W/").unwrap_or(tag)
            } else {
                tag
            };
            tag == "*" || tag == etag
        })
}

enum Num {
    Absent,
    Value(u64),
}

/// Digits only; a number beyond `u64` is as good as the largest one.
fn number(text: &str) -> Option<Num> {
    if text.is_empty() {
        return Some(Num::Absent);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Num::Value(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_of_rfc_9110_are_understood() {
        assert_eq!(
            parse("bytes=0-499", 10_000),
            Wanted::Part { start: 0, end: 500 }
        );
        assert_eq!(
            parse("bytes=500-999", 10_000),
            Wanted::Part {
                start: 500,
                end: 1000
            }
        );
        assert_eq!(
            parse("bytes=-500", 10_000),
            Wanted::Part {
                start: 9500,
                end: 10_000
            }
        );
        assert_eq!(
            parse("bytes=9500-", 10_000),
            Wanted::Part {
                start: 9500,
                end: 10_000
            }
        );
        assert_eq!(parse("bytes=0-0", 1), Wanted::Part { start: 0, end: 1 });
        assert_eq!(
            parse("bytes=0-99999999999999999999999", 10),
            Wanted::Part { start: 0, end: 10 }
        );
        assert_eq!(
            parse("bytes=-99999999999999999999999", 10),
            Wanted::Part { start: 0, end: 10 }
        );
    }

    #[test]
    fn what_lies_outside_is_unsatisfiable_and_nonsense_is_ignored() {
        assert_eq!(parse("bytes=10-", 10), Wanted::Unsatisfiable);
        assert_eq!(
            parse("bytes=99999999999999999999999-", 10),
            Wanted::Unsatisfiable
        );
        assert_eq!(parse("bytes=-0", 10), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=0-", 0), Wanted::Unsatisfiable);
        for nonsense in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "lines=0-1",
            "bytes=0-1,3-4",
            "bytes=--1",
            "bytes=+1-2",
            "bytes=1 -2",
        ] {
            assert_eq!(parse(nonsense, 10), Wanted::Whole, "{nonsense}");
        }
    }

    #[test]
    fn if_range_with_another_tag_asks_for_all() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=1-2".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"old\"".parse().unwrap());
        assert_eq!(wanted(&headers, 10, "\"new\""), Wanted::Whole);
        assert_eq!(
            wanted(&headers, 10, "\"old\""),
            Wanted::Part { start: 1, end: 3 }
        );
    }

    #[test]
    fn tags_are_compared_weakly_for_a_cache_and_strongly_for_a_write() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, "\"a\", W/\"b\"".parse().unwrap());
        headers.insert(header::IF_MATCH, "W/\"b\"".parse().unwrap());
        assert!(unchanged(&headers, "\"b\""));
        assert!(!unchanged(&headers, "\"c\""));
        assert!(precondition_fails(&headers, "\"b\""));
        assert!(!precondition_fails(&HeaderMap::new(), "\"b\""));
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_outside(text in "(bytes=)?[0-9 ,=-]{0,30}", length in 0u64..1000) {
            if let Wanted::Part { start, end } = parse(&text, length) {
                prop_assert!(start < end && end <= length);
            }
        }

        #[test]
        fn every_part_that_exists_can_be_asked_for(a in 0u64..1000, b in 0u64..1000) {
            let (start, last) = (a.min(b), a.max(b));
            prop_assert_eq!(parse(&format!("bytes={start}-{last}"), 1000), Wanted::Part { start, end: last + 1 });
        }
    }
}
