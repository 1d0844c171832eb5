//! What an app's origin holds: the files below `web/` in its package, and its server side where it is mounted.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use percent_encoding::percent_decode_str;
use webx_apps::{FileInfo, Operation, Reader};
use webx_backends::InstallId;
use webx_wxa::manifest::Entry;

use super::{Seen, backend, is_read};
use crate::{
    desktop::{Desktop, blocking},
    door::Home,
    http::{media, problem::Problem},
    stream::{Representation, send},
};

/// Where a web app's static files lie in its package.
const WEB: &str = "web/";

/// Answers a request that may be answered: a static file first, then the server side.
pub(super) async fn answer(
    desktop: &Desktop,
    home: &Home,
    install: InstallId,
    seen: Seen,
    request: Request,
) -> Result<Response, Problem> {
    let path = decoded(request.uri().path())?;
    let wanted = is_read(request.method()).then(|| file_of(&path)).flatten();
    let found = {
        let home = home.clone();
        blocking(move || look(&home, install, wanted.as_deref())).await?
    };
    if let Some((name, info, reader)) = found.file {
        let (parts, _) = request.into_parts();
        return serve_file(desktop, &parts, seen, name, info, reader).await;
    }
    let raw = request.uri().path();
    if let Some(inner) = found.mount.as_deref().and_then(|mount| below(raw, mount)) {
        let checked = home.clone();
        let bytes = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|l| l.to_str().ok()?.parse().ok())
            .unwrap_or(0);
        blocking(move || {
            let ask = webx_apps::Ask {
                operation: Operation::Backend,
                object: None,
                bytes,
            };
            Ok(checked.apps.broker().check(install, &ask)?)
        })
        .await?;
        let mut response = backend::call(desktop, home, install, &inner, request).await?;
        plain_charset(response.headers_mut());
        return Ok(response);
    }
    if !is_read(request.method()) {
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "this address is only read",
        ));
    }
    Err(Problem::not_found("this address"))
}

struct Found {
    file: Option<(String, FileInfo, Reader)>,
    mount: Option<String>,
}

fn look(home: &Home, install: InstallId, wanted: Option<&str>) -> Result<Found, Problem> {
    let app = home.apps.get(install)?;
    if !matches!(app.manifest.entry, Entry::Iframe { .. }) {
        return Err(Problem::not_found("this address"));
    }
    let mut file = None;
    if let Some(name) = wanted {
        match home.apps.read_file(install, name) {
            Ok((info, reader)) => file = Some((name.to_owned(), info, reader)),
            Err(webx_apps::Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mount = app.manifest.backend.map(|b| b.mount().to_owned());
    Ok(Found { file, mount })
}

/// The file in the package that a path means.
fn file_of(path: &str) -> Option<String> {
    let inside = path.strip_prefix('/')?;
    if inside.starts_with('/')
        || inside.split('/').any(|part| matches!(part, "." | ".."))
        || inside.contains("//")
    {
        return None;
    }
    let index = if inside.is_empty() || inside.ends_with('/') {
        "index.html"
    } else {
        ""
    };
    Some(format!("{WEB}{inside}{index}"))
}

fn decoded(path: &str) -> Result<String, Problem> {
    let text = percent_decode_str(path).decode_utf8();
    let text = text.map_err(|_| Problem::bad_request("the path is not understood"))?;
    if text.contains('\0') {
        return Err(Problem::bad_request("the path is not understood"));
    }
    Ok(text.into_owned())
}

/// What the server side sees of a path below its mount: `/_api/notes` mounted at `/_api/` is `/notes`.
fn below(path: &str, mount: &str) -> Option<String> {
    let mount = mount.trim_end_matches('/');
    let rest = path.strip_prefix(mount)?;
    match rest.chars().next() {
        None => Some("/".to_owned()),
        Some('/') => Some(rest.to_owned()),
        Some(_) => None,
    }
}

async fn serve_file(
    desktop: &Desktop,
    request: &Parts,
    seen: Seen,
    name: String,
    info: FileInfo,
    reader: Reader,
) -> Result<Response, Problem> {
    let kind = media::guess(&name);
    let page = seen == Seen::Page && kind == "text/html";
    let hold = (desktop.transfer().await?, desktop.idle().enter(true));
    let shown = Representation {
        etag: format!("\"{}\"", info.sha256),
        length: info.size,
        modified: time::OffsetDateTime::UNIX_EPOCH,
        name,
        kind: kind.clone(),
        inline: true,
        reader,
    };
    // A page is rewritten, so it is always sent whole.
    let mut asked = request.headers.clone();
    if page {
        for name in [header::RANGE, header::IF_NONE_MATCH, header::IF_MATCH] {
            asked.remove(name);
        }
    }
    let mut response = send(shown, &request.method, &asked, hold).await?;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_DISPOSITION);
    headers.remove(header::CONTENT_SECURITY_POLICY);
    headers.remove(header::LAST_MODIFIED);
    let text = kind.starts_with("text/") || kind.ends_with("javascript") || kind.ends_with("json");
    let kind = if text {
        format!("{kind}; charset=utf-8")
    } else {
        kind
    };
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    Ok(response)
}

/// Pages are rewritten byte by byte, so their encoding must be one in which ASCII is ASCII.
fn plain_charset(headers: &mut HeaderMap) {
    let Some(kind) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|k| k.to_str().ok())
    else {
        return;
    };
    let essence = super::essence(kind).to_ascii_lowercase();
    if essence != "text/html" {
        return;
    }
    let charset = kind.split(';').skip(1).find_map(|part| {
        part.trim()
            .to_ascii_lowercase()
            .strip_prefix("charset=")
            .map(|c| c.trim_matches('"').to_owned())
    });
    let charset = match charset.as_deref() {
        Some("iso-8859-1" | "latin1" | "windows-1252") => "windows-1252",
        _ => "utf-8",
    };
    if let Ok(value) = HeaderValue::try_from(format!("text/html; charset={charset}")) {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_path_means_one_file_below_web() {
        assert_eq!(file_of("/").as_deref(), Some("web/index.html"));
        assert_eq!(file_of("/a/").as_deref(), Some("web/a/index.html"));
        assert_eq!(file_of("/a/b.js").as_deref(), Some("web/a/b.js"));
        for bad in ["", "a", "/../manifest.json", "/a/./b", "//a", "/a//b"] {
            assert_eq!(file_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_mount_is_not_seen_by_the_server_side() {
        assert_eq!(below("/_api/notes", "/_api/").as_deref(), Some("/notes"));
        assert_eq!(below("/_api", "/_api/").as_deref(), Some("/"));
        assert_eq!(below("/_apix", "/_api/"), None);
        assert_eq!(below("/notes", "/").as_deref(), Some("/notes"));
        assert_eq!(below("/", "/").as_deref(), Some("/"));
        assert_eq!(below("/other", "/_api/"), None);
    }

    #[test]
    fn a_page_comes_in_an_encoding_that_can_be_read() {
        for (said, seen) in [
            ("text/html", "text/html; charset=utf-8"),
            ("text/html; charset=UTF-16", "text/html; charset=utf-8"),
            ("text/html;charset=ISO-2022-JP", "text/html; charset=utf-8"),
            (
                "text/html; charset=\"latin1\"",
                "text/html; charset=windows-1252",
            ),
            ("application/json", "application/json"),
        ] {
            let mut headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(said))]);
            plain_charset(&mut headers);
            assert_eq!(headers[header::CONTENT_TYPE], seen);
        }
    }
}
