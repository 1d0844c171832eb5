//! The headers every answer carries. Together they say: nothing from elsewhere, nothing for elsewhere.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::policy;

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

/// The `Permissions-Policy` of apps: nothing at all.
pub(crate) const NO_FEATURES: &str = "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), \
     clipboard-read=(), clipboard-write=(), compute-pressure=(), cross-origin-isolated=(), display-capture=(), \
     encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), \
     identity-credentials-get=(), idle-detection=(), keyboard-map=(), local-fonts=(), magnetometer=(), microphone=(), \
     midi=(), otp-credentials=(), payment=(), picture-in-picture=(), private-state-token-issuance=(), \
     private-state-token-redemption=(), publickey-credentials-create=(), publickey-credentials-get=(), \
     screen-wake-lock=(), serial=(), speaker-selection=(), storage-access=(), usb=(), window-management=(), \
     xr-spatial-tracking=()";

/// Completes the headers of an answer. What a handler set itself (a policy for content, a cache rule) stays; no handler
/// passes on headers that somebody else wrote, but those of a short list.
pub(crate) fn complete(headers: &mut HeaderMap) {
    headers.remove(header::SET_COOKIE);
    let fixed: [(HeaderName, &'static str); 9] = [
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
        (header::CONTENT_SECURITY_POLICY, policy::DATA),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_locked_down_unless_its_handler_says_otherwise() {
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy::shell(7700));
        complete(&mut headers);
        assert!(!headers.contains_key(header::SET_COOKIE));
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            policy::shell(7700)
        );
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }
}
