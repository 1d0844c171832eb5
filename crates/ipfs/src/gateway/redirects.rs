//! `_redirects`: what a site says about paths that it does not have. It counts on the site's own origin only.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use webx_content::ipld::{self, fetch, resolve, split_path};
use webx_content::unixfs::{self, File};

use super::answer::{Refusal, begin, end};
use super::ask::Ask;
use super::file::Shown;
use super::place::Place;
use super::{Rooted, Work};

/// Name of the file at a site's root.
const FILE: &str = "_redirects";
/// Longest such file in bytes.
const MAX_FILE: u64 = 64 * 1024;
/// Most rules in it.
const MAX_RULES: usize = 1024;
/// What may not stand in a header of a redirect.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    from: Vec<Piece>,
    to: String,
    status: u16,
}

/// One step of the path a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Step(String),
    Any(String),
    Rest,
}

/// Answers a path that leads nowhere: by the site's rules, or not at all.
pub(super) fn answer(
    work: Work,
    root: &Rooted,
    ask: &Ask,
    missing: &str,
) -> Result<Response, Refusal> {
    let not_found = || ipld::Error::NotFound(missing.to_owned()).into();
    let Some(text) = read(&work, root)? else {
        return Err(not_found());
    };
    let rules = parse(&text).map_err(|why| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the site's _redirects file cannot be used: {why}"),
        )
    })?;
    let steps: Vec<&str> = ask.steps.iter().map(String::as_str).collect();
    for rule in &rules {
        let Some(to) = rule.apply(&steps) else {
            continue;
        };
        if matches!(rule.status, 301 | 302 | 303 | 307 | 308) {
            let to = utf8_percent_encode(&to, UNSAFE).to_string();
            let to = HeaderValue::from_str(&to).map_err(|_| Refusal::failed())?;
            let status = StatusCode::from_u16(rule.status).map_err(|_| Refusal::failed())?;
            let answer = begin(status, root, ask).header(header::LOCATION, to);
            return end(answer, Body::empty());
        }
        let status = StatusCode::from_u16(rule.status).map_err(|_| Refusal::failed())?;
        return shown(work, root, ask, &to, status);
    }
    Err(not_found())
}

/// Another file of the site in place of the one that is missing.
fn shown(
    work: Work,
    root: &Rooted,
    ask: &Ask,
    to: &str,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let decoded = percent_decode_str(to)
        .decode_utf8()
        .map_err(|_| Refusal::bad("the path is no UTF-8"))?;
    let mut steps: Vec<&str> = root.before.iter().map(String::as_str).collect();
    steps.extend(split_path(&decoded)?);
    let mut cid = resolve(&work.store, &root.cid, &steps)?.cid;
    let mut name = steps.last().map(|name| (*name).to_owned());
    if let Ok(Some(index)) = unixfs::child(&work.store, &cid, "index.html") {
        cid = index;
        name = Some("index.html".to_owned());
    }
    let file = File::open(&work.store, &cid)?;
    let place = Place::Origin(ask.root);
    Shown::new(status, cid, file, name).send(work, &place, root, ask)
}

fn read(work: &Work, root: &Rooted) -> Result<Option<String>, Refusal> {
    let before: Vec<&str> = root.before.iter().map(String::as_str).collect();
    let site = resolve(&work.store, &root.cid, &before)?.cid;
    let found = match unixfs::child(&work.store, &site, FILE) {
        Err(ipld::Error::WrongKind { .. }) => None,
        found => found?,
    };
    let Some(cid) = found else { return Ok(None) };
    let file = File::from_block(cid, fetch(&work.store, &cid)?)?;
    if file.size() > MAX_FILE {
        return Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the site's _redirects file is over 64 KiB",
        ));
    }
    let pieces: Result<Vec<_>, _> = file.read(&work.store, 0..MAX_FILE).collect();
    Ok(Some(
        String::from_utf8_lossy(&pieces?.concat()).into_owned(),
    ))
}

fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // A comment begins a line or follows a space.
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if rules.len() == MAX_RULES {
            return Err(format!("it has more than {MAX_RULES} rules"));
        }
        rules.push(rule(line).map_err(|why| format!("line {}: {why}", number + 1))?);
    }
    Ok(rules)
}

fn rule(line: &str) -> Result<Rule, String> {
    let mut words = line.split_whitespace();
    let (Some(from), Some(to)) = (words.next(), words.next()) else {
        return Err("a rule has a path and where it leads".to_owned());
    };
    let status = words.next().unwrap_or("301");
    let status: u16 = status
        .parse()
        .map_err(|_| format!("{status} is no status that can be given"))?;
    if words.next().is_some() {
        return Err("something follows the status".to_owned());
    }
    if !matches!(status, 200 | 301 | 302 | 303 | 307 | 308 | 404 | 410 | 451) {
        return Err(format!("the status {status} cannot be given"));
    }
    let path = from
        .strip_prefix('/')
        .ok_or("a rule's path begins with a slash")?;
    let outside = to.starts_with("http://") || to.starts_with("https://");
    if !to.starts_with('/') && !outside {
        return Err("a rule leads to a path or a web address".to_owned());
    }
    if outside && !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Err("only a redirect leads to a web address".to_owned());
    }
    let mut pieces = Vec::new();
    let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        pieces.push(match part {
            "*" if last => Piece::Rest,
            part if part.contains('*') => return Err("a star stands alone at the end".to_owned()),
            part => match part.strip_prefix(':') {
                Some(name) => Piece::Any(name.to_owned()),
                None => Piece::Step(part.to_owned()),
            },
        });
    }
    Ok(Rule {
        from: pieces,
        to: to.to_owned(),
        status,
    })
}

impl Rule {
    /// Where the rule leads for a path; `None` when it is for others.
    fn apply(&self, steps: &[&str]) -> Option<String> {
        let mut named: HashMap<&str, String> = HashMap::new();
        let mut rest = steps.iter();
        let mut splat = false;
        for piece in &self.from {
            match piece {
                Piece::Step(step) => {
                    let here = rest.next()?;
                    let plain = percent_decode_str(step).decode_utf8_lossy();
                    if *here != plain {
                        return None;
                    }
                }
                Piece::Any(name) => {
                    named.insert(name, (*rest.next()?).to_owned());
                }
                Piece::Rest => {
                    let all: Vec<&str> = rest.by_ref().copied().collect();
                    named.insert("splat", all.join("/"));
                    splat = true;
                }
            }
        }
        if !splat && rest.next().is_some() {
            return None;
        }
        Some(fill(&self.to, &named))
    }
}

/// Puts what was found in the place of the names in a path.
fn fill(to: &str, named: &HashMap<&str, String>) -> String {
    let mut out = String::with_capacity(to.len());
    let mut rest = to;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let after = after.strip_prefix(':').unwrap_or(after);
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        let (name, later) = after.split_at(end);
        match named.get(name) {
            Some(value) => {
                out.push_str(value);
                rest = later;
            }
            None => {
                out.push(':');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn applied(text: &str, path: &str) -> Option<(String, u16)> {
        let steps: Vec<_> = split_path(path).unwrap();
        let rules = parse(text).unwrap();
        rules
            .iter()
            .find_map(|rule| rule.apply(&steps).map(|to| (to, rule.status)))
    }

    #[test]
    fn rules_match_in_order_with_names_and_a_rest() {
        let text = "# a comment\n/one /1.html\n/posts/:year/:name /p/:name-:year 302 # later\n/* /index.html 200\n";
        assert_eq!(applied(text, "/one"), Some(("/1.html".into(), 301)));
        assert_eq!(
            applied(text, "/posts/2026/x"),
            Some(("/p/x-2026".into(), 302))
        );
        assert_eq!(applied(text, "/a/b/c"), Some(("/index.html".into(), 200)));
        assert_eq!(
            applied("/s/* https://a.example/:splat", "/s/x/y"),
            Some(("https://a.example/x/y".into(), 301))
        );
        assert_eq!(applied("/one /1.html", "/one/two"), None);
    }

    #[test]
    fn rules_that_mean_nothing_are_named() {
        for text in [
            "/one",
            "one /two",
            "/a /b 301!",
            "/a /b 999",
            "/a/*/b /c",
            "/a ftp://x",
            "/a https://x.example 200",
            "/a /b 200 more",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"/a /b\n".repeat(MAX_RULES + 1)).is_err());
    }
}
