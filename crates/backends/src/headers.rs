//! What passes between a client, a guest and the world: no credential of the person goes in, no rule of the desktop is
//! changed on the way out. Shared by every kind of backend.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::{CallContext, CallError};

/// Between two programs only; a guest has no business with them.
const HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The person's credentials and what a browser says about the desktop's own pages.
const PERSONAL: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("dpop"),
    header::COOKIE,
    HeaderName::from_static("webx-app"),
];

/// The desktop's own rules for its pages, which it sets itself after a guest has answered.
const RULES: [HeaderName; 18] = [
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::CONTENT_SECURITY_POLICY,
    header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
    HeaderName::from_static("connection-allowlist"),
    HeaderName::from_static("cross-origin-embedder-policy"),
    HeaderName::from_static("cross-origin-opener-policy"),
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderName::from_static("origin-agent-cluster"),
    HeaderName::from_static("permissions-policy"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("sourcemap"),
    HeaderName::from_static("speculation-rules"),
];

/// The header section that a guest sees.
///
/// # Errors
/// [`CallError::BadBody`] when the section is larger than `limit` bytes.
pub(crate) fn for_guest(
    context: &CallContext,
    sent: &HeaderMap,
    limit: usize,
) -> Result<HeaderMap, CallError> {
    if size(sent) > limit {
        return Err(CallError::BadBody(format!(
            "its headers are larger than {limit} bytes"
        )));
    }
    let mut seen = sent.clone();
    drop_hops(&mut seen);
    for name in PERSONAL {
        seen.remove(name);
    }
    let ours: Vec<HeaderName> = seen
        .keys()
        .filter(|name| name.as_str().starts_with("x-webx-"))
        .cloned()
        .collect();
    for name in ours {
        seen.remove(name);
    }
    let install = context.install.to_string();
    for (name, value) in [
        ("x-webx-install", install.as_str()),
        ("x-webx-caller", &context.caller_did),
        ("x-webx-request", &context.request_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            seen.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(seen)
}

/// The header section that a client sees.
///
/// # Errors
/// [`CallError::Failed`] when the guest's section is larger than `limit` bytes.
pub(crate) fn for_client(mut said: HeaderMap, limit: usize) -> Result<HeaderMap, CallError> {
    if size(&said) > limit {
        return Err(CallError::Failed(format!(
            "the headers of its answer are larger than {limit} bytes"
        )));
    }
    drop_hops(&mut said);
    for name in RULES {
        said.remove(name);
    }
    let ours: Vec<HeaderName> = said
        .keys()
        .filter(|name| {
            name.as_str().starts_with("x-webx-") || name.as_str().starts_with("access-control-")
        })
        .cloned()
        .collect();
    for name in ours {
        said.remove(name);
    }
    Ok(said)
}

fn drop_hops(headers: &mut HeaderMap) {
    // `Connection` names further headers that end here (RFC 9110, 7.6.1).
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named.into_iter().chain(HOP) {
        headers.remove(name);
    }
}

fn size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::InstallId;

    fn context() -> CallContext {
        CallContext {
            install: InstallId::nil(),
            caller_did: "did:key:z6Mk".into(),
            request_id: "r1".into(),
        }
    }

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn a_guest_never_sees_a_credential_nor_a_caller_that_the_client_made_up() {
        let sent = map(&[
            ("authorization", "DPoP secret"),
            ("dpop", "proof"),
            ("cookie", "a=b"),
            ("webx-app", "other"),
            ("x-webx-caller", "did:key:mallory"),
            ("x-webx-anything", "1"),
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("accept", "text/html"),
        ]);
        let seen = for_guest(&context(), &sent, 4096).unwrap();
        let names: Vec<_> = seen.keys().map(HeaderName::as_str).collect();
        assert_eq!(seen.len(), 4, "{names:?}");
        assert_eq!(seen["x-webx-caller"], "did:key:z6Mk");
        assert_eq!(seen["accept"], "text/html");
    }

    #[test]
    fn an_answer_sets_no_cookie_and_no_rule_of_the_desktop() {
        let said = map(&[
            ("set-cookie", "a=b"),
            ("content-security-policy", "default-src *"),
            ("access-control-allow-origin", "*"),
            ("service-worker-allowed", "/"),
            ("content-type", "text/plain"),
            ("etag", "\"1\""),
        ]);
        let seen = for_client(said, 4096).unwrap();
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn huge_headers_are_refused_both_ways() {
        let long = HeaderValue::from_str(&"x".repeat(5000)).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-long", long);
        assert!(matches!(
            for_guest(&context(), &headers, 4096),
            Err(CallError::BadBody(_))
        ));
        assert!(matches!(
            for_client(headers, 4096),
            Err(CallError::Failed(_))
        ));
    }
}
