//! The headers every answer carries. Together they say: nothing from elsewhere, nothing for elsewhere.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The shell's policy. `style-src` allows inline styles because react-aria adds a style element for touch handling;
/// scripts are own files only, and script sinks take nothing but values of the one Trusted Types policy `webx`.
pub(crate) const SHELL_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
     manifest-src 'self'; frame-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types webx";

/// The policy of what a person stored: an origin of its own (`sandbox`), no script, no request to anywhere.
pub(crate) const CONTENT_CSP: &str = "sandbox; default-src 'none'; img-src data:; media-src 'self'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The policy of data: nothing at all.
const DATA_CSP: &str =
    "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Every feature that a browser knows is off, apart from what the shell uses itself.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(self), browsing-topics=(), camera=(), \
     clipboard-read=(self), clipboard-write=(self), compute-pressure=(), \
     cross-origin-isolated=(self), display-capture=(), encrypted-media=(), fullscreen=(self), \
     gamepad=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), \
     idle-detection=(), keyboard-map=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), \
     otp-credentials=(), payment=(), picture-in-picture=(self), private-state-token-issuance=(), \
     private-state-token-redemption=(), publickey-credentials-create=(), \
     publickey-credentials-get=(), screen-wake-lock=(self), serial=(), speaker-selection=(), \
     storage-access=(), sync-xhr=(), unload=(), usb=(), window-management=(), \
     xr-spatial-tracking=()";

/// Completes the headers of an answer. What a handler set itself (a policy for content, a cache rule) stays.
pub(crate) fn complete(headers: &mut HeaderMap) {
    headers.remove(header::SET_COOKIE);
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (HeaderName::from_static("origin-agent-cluster"), "?1"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("x-dns-prefetch-control"), "off"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(DATA_CSP));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_locked_down_unless_its_handler_says_otherwise() {
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(SHELL_CSP),
        );
        complete(&mut headers);
        assert!(!headers.contains_key(header::SET_COOKIE));
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], SHELL_CSP);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert!(!SHELL_CSP.contains("unsafe-eval"));
    }
}
