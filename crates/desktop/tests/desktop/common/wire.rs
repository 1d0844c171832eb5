//! HTTP as bytes, because tests send what no client library would.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// One request.
#[derive(Clone)]
pub struct Ask {
    port: u16,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// One answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body came whole.
    pub whole: bool,
}

impl Ask {
    pub fn new(port: u16, method: &str, target: &str) -> Self {
        let host = format!("webx.localhost:{port}");
        Self {
            port,
            method: method.into(),
            target: target.into(),
            headers: vec![("host".into(), host)],
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self
    }

    pub fn host(self, host: &str) -> Self {
        self.without("host").header("host", host)
    }

    /// What the node's own page adds.
    pub fn own_page(self) -> Self {
        let origin = format!("http://webx.localhost:{}", self.port);
        self.header("origin", &origin)
            .header("sec-fetch-site", "same-origin")
    }

    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        let length = body.len().to_string();
        self.header("content-length", &length)
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json")
            .bytes(value.to_string().as_bytes())
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("connection: close\r\n\r\n");
        head.into_bytes()
    }

    pub fn send(&self) -> Reply {
        let mut stream = self.connect();
        stream.write_all(&self.head()).unwrap();
        // The server may refuse and close before it read the whole body.
        let _ = stream.write_all(&self.body);
        let reply = Reply::read(&mut stream, self.method == "HEAD");
        // What frames without an origin load is readable from elsewhere; nothing else is.
        let for_frames = self.target.starts_with("/_os/") || self.target.starts_with("/_object/");
        if !for_frames {
            assert_eq!(reply.get("access-control-allow-origin"), "");
            let policy = reply.get("cross-origin-resource-policy");
            assert!(matches!(policy, "" | "same-origin"), "{policy}");
        }
        reply
    }

    /// Sends and asserts the status.
    pub fn expect(&self, status: u16) -> Reply {
        let reply = self.send();
        assert_eq!(
            reply.status,
            status,
            "{} {}: {}",
            self.method,
            self.target,
            reply.text()
        );
        reply
    }

    /// Sends and asserts a problem document with this code.
    pub fn refused(&self, status: u16, code: &str) -> Reply {
        let reply = self.expect(status);
        assert_eq!(
            reply.get("content-type"),
            "application/problem+json",
            "{} {}",
            self.method,
            self.target
        );
        assert_eq!(
            reply.value()["code"],
            code,
            "{} {}",
            self.method,
            self.target
        );
        assert_eq!(reply.value()["status"], status);
        reply
    }
}

impl Reply {
    pub fn read(stream: &mut TcpStream, head_only: bool) -> Self {
        let mut raw = Vec::new();
        let mut buffer = [0; 64 * 1024];
        let end = loop {
            if let Some(end) = raw.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
            match stream.read(&mut buffer) {
                Ok(0) => panic!(
                    "closed before an answer: {:?}",
                    String::from_utf8_lossy(&raw)
                ),
                Ok(count) => raw.extend_from_slice(&buffer[..count]),
                Err(error) => panic!("no answer: {error}"),
            }
        };
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|l| l.split_once(": ").unwrap())
            .map(|(n, v)| (n.to_lowercase(), v.to_owned()))
            .collect();
        let mut reply = Self {
            status,
            headers,
            body: raw.split_off(end + 4),
            whole: true,
        };
        if status == 101 {
            return reply;
        }
        let closed = stream.read_to_end(&mut reply.body).is_ok();
        if reply.get("transfer-encoding") == "chunked" {
            let (body, whole) = unchunk(&reply.body);
            (reply.body, reply.whole) = (body, whole && closed);
        } else if !head_only && !reply.get("content-length").is_empty() {
            reply.whole = reply.body.len().to_string() == reply.get("content-length");
        }
        reply.check_headers();
        reply
    }

    /// What must be true of every answer of the node.
    fn check_headers(&self) {
        assert!(
            self.headers.iter().all(|(n, _)| n != "set-cookie"),
            "{:?}",
            self.headers
        );
        // Requests that are no HTTP are answered by the protocol library itself.
        if self
            .headers
            .iter()
            .any(|(n, _)| n == "content-security-policy")
        {
            assert_eq!(self.get("x-content-type-options"), "nosniff");
            assert!(!self.get("cross-origin-resource-policy").is_empty());
            assert_eq!(self.get("cross-origin-opener-policy"), "same-origin");
            assert_eq!(self.get("referrer-policy"), "no-referrer");
            assert!(self.get("permissions-policy").contains("camera=()"));
        } else {
            assert!(
                matches!(self.status, 400 | 408 | 414 | 431),
                "{} without a policy",
                self.status
            );
        }
    }

    pub fn get(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn unchunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = raw.windows(2).position(|w| w == b"\r\n") else {
            return (body, false);
        };
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap(), 16).unwrap();
        raw = &raw[end + 2..];
        if size == 0 {
            return (body, true);
        }
        if raw.len() < size + 2 {
            return (body, false);
        }
        body.extend_from_slice(&raw[..size]);
        raw = &raw[size + 2..];
    }
}

/// Percent-encodes one part of a path.
pub fn part(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
