//! The parsers of outside bytes, for the fuzzer alone. Not part of the API.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::{
    auth::dpop,
    http::{media, origin, range},
};

/// Any text as a DPoP proof.
pub fn proof(text: &str) {
    let _ = dpop::parse(text);
}

/// Any text as a `Range` header: a part lies inside and is not empty.
pub fn byte_range(text: &str, length: u64) {
    if let range::Wanted::Part { start, end } = range::parse(text, length) {
        assert!(start < end && end <= length);
    }
}

/// Any text as the name of a download: the header holds it and nothing breaks out.
pub fn disposition(name: &str) {
    let header = media::disposition(true, name);
    assert!(
        header
            .to_str()
            .is_ok_and(|text| text.matches('"').count() == 2)
    );
}

/// Any bytes as the headers that say where a request comes from.
pub fn asker(host: &[u8], origin_value: &[u8], site: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", host),
        ("origin", origin_value),
        ("sec-fetch-site", site),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Ok(authority) = origin::Hosts::new(7700).authority(&Uri::from_static("/"), &headers) {
        let _ = origin::asker(&Method::POST, authority, &headers);
    }
}
