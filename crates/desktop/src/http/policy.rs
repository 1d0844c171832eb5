//! Content security policies: what each kind of page may load, and that none of them reaches out.
//!
//! Two headers hold an app: a Content-Security-Policy, which every browser knows, and `Connection-Allowlist`, which holds
//! in Chromium what a policy cannot (WebRTC, preconnect). What neither holds elsewhere is taken away by the first script of
//! a page: `ui/frame` for builtin apps, [`crate::origins`] for web apps.

use axum::http::HeaderValue;

/// The policy of what a person stored: an origin of its own (`sandbox`), no script, no request to anywhere.
pub(crate) const CONTENT: &str = "sandbox; default-src 'none'; img-src data:; media-src 'self'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// The policy of data: nothing at all.
pub(crate) const DATA: &str =
    "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Nothing but the server the page came from, and no peer connections.
pub(crate) const OWN_SERVER_ALONE: &str = "(response-origin); webrtc=block";

/// The shell's policy. `style-src` allows inline styles because react-aria adds a style element for touch handling;
/// scripts are own files only, and script sinks take nothing but values of the one Trusted Types policy `webx`. Frames are
/// those of apps: no frame can be led to a page elsewhere, nor to one that was made up in the browser.
/// Documents that the shell shows itself are objects, which no app can put something else in place of.
pub(crate) fn shell(port: u16) -> HeaderValue {
    value(format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; \
         media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
         object-src http://{host}:{port}/_object/; frame-src 'self' http://*.{host}:{port}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types webx",
        host = super::origin::CANONICAL
    ))
}

/// The policy of the page that builtin apps run in: the OS's own modules and the app's code, which comes over a port. No
/// network, no frames, no workers, an opaque origin. `hashes` are those of the page's inline scripts.
pub(crate) fn frame(authority: &str, hashes: &[String]) -> HeaderValue {
    let hashes: String = hashes.iter().map(|h| format!(" 'sha256-{h}'")).collect();
    value(format!(
        "default-src 'none'; script-src http://{authority}/_os/{hashes} blob:; \
         style-src 'unsafe-inline' http://{authority}/_os/; img-src data: blob: http://{authority}/_object/; \
         media-src data: blob: http://{authority}/_object/; font-src data: blob: http://{authority}/_os/; \
         connect-src 'none'; frame-src 'none'; worker-src 'none'; object-src 'none'; form-action 'none'; \
         base-uri 'none'; frame-ancestors http://{authority}; trusted-types 'none'; \
         require-trusted-types-for 'script'; sandbox allow-scripts allow-forms"
    ))
}

/// The policy of a web app's own origin: whatever it does inside, it reaches its own origin and the granted hosts. Scripts in
/// the page carry `nonce`, which the node puts there itself, so that no page is made out of a `javascript:` address. A nonce
/// lets a script come from anywhere, so a second policy, held beside the first, names the hosts again without it.
pub(crate) fn web_app(port: u16, hosts: &[String], nonce: &str) -> HeaderValue {
    let mut granted = String::new();
    for host in hosts {
        granted.push_str(&format!(" https://{host} wss://{host}"));
    }
    let open = format!("'self' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:{granted}");
    value(format!(
        "default-src 'self' data: blob:{granted}; script-src {open}; script-src-elem {open} 'nonce-{nonce}'; \
         script-src-attr 'unsafe-inline'; style-src 'self' 'unsafe-inline' data: blob:{granted}; \
         worker-src 'self' blob: data:; frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'self'; \
         frame-ancestors http://{}:{port}; sandbox allow-scripts allow-same-origin allow-forms, \
         script-src {open} 'unsafe-inline'",
        super::origin::CANONICAL
    ))
}

/// The policy of what a web app's frame shows and is no page: it has neither script nor origin.
pub(crate) fn web_app_data(port: u16) -> HeaderValue {
    let shell = format!("frame-ancestors http://{}:{port}", super::origin::CANONICAL);
    value(CONTENT.replace("frame-ancestors 'self'", &shell))
}

/// The `Connection-Allowlist` that belongs to [`web_app`].
pub(crate) fn web_app_connections(hosts: &[String]) -> HeaderValue {
    let mut list = "(response-origin".to_owned();
    for host in hosts {
        list.push_str(&format!(" \"https://{host}/*\" \"wss://{host}/*\""));
    }
    list.push_str("); webrtc=block");
    value(list)
}

/// What goes in is text of our own, ports, base64 and checked host names.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(DATA))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn no_policy_lets_a_frame_reach_out() {
        let frame = frame("webx.localhost:7700", &["abc=".into()]);
        let frame = frame.to_str().unwrap();
        for closed in [
            "connect-src 'none'",
            "frame-src 'none'",
            "worker-src 'none'",
            "form-action 'none'",
        ] {
            assert!(frame.contains(closed), "{closed}");
        }
        assert!(frame.contains("script-src http://webx.localhost:7700/_os/ 'sha256-abc=' blob:;"));
        assert!(!frame.contains("unsafe-eval") && !frame.contains("allow-same-origin"));
        let shell = shell(7700);
        assert!(
            shell
                .to_str()
                .unwrap()
                .contains("frame-src 'self' http://*.webx.localhost:7700;")
        );
    }

    #[test]
    fn a_web_app_reaches_its_own_origin_and_the_granted_hosts() {
        let hosts = [
            "api.example.org".to_owned(),
            "*.tiles.example.org".to_owned(),
        ];
        let policy = web_app(7700, &hosts, "n0");
        let policy = policy.to_str().unwrap();
        assert!(
            policy.contains(
                "https://api.example.org wss://api.example.org https://*.tiles.example.org"
            )
        );
        assert!(policy.contains("script-src-elem 'self'") && policy.contains("'nonce-n0'"));
        let elements = policy
            .split("script-src-elem")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        assert!(
            !elements.contains("unsafe-inline"),
            "a javascript: address is an inline script, too"
        );
        let (_, hosts_alone) = policy.split_once(", ").unwrap();
        assert!(
            hosts_alone.starts_with("script-src 'self' "),
            "{hosts_alone}"
        );
        assert!(hosts_alone.contains("https://api.example.org"));
        assert!(
            !hosts_alone.contains("nonce") && !hosts_alone.contains("-elem"),
            "a nonce would let a script come from any host"
        );
        assert_eq!(
            web_app_connections(&hosts[..1]),
            "(response-origin \"https://api.example.org/*\" \"wss://api.example.org/*\"); webrtc=block"
        );
        assert_eq!(web_app_connections(&[]), OWN_SERVER_ALONE);
        let data = web_app_data(7700);
        let data = data.to_str().unwrap();
        assert!(
            data.starts_with("sandbox;")
                && data.ends_with("frame-ancestors http://webx.localhost:7700")
        );
    }
}
