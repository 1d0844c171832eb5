//! A guest for the tests: `/hello` is a good one, each other path does what a backend must not, or may only so far.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

struct Probe;
wasip2::http::proxy::export!(Probe);

impl Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let full = request.path_with_query().unwrap_or_default();
        let (path, query) = full.split_once('?').unwrap_or((&full, ""));
        match path {
            "/hello" => answer(out, 200, b"hello"),
            "/notes" => {
                let notes: Vec<String> = (0..20).map(|n| format!(r#"{{"id":{n},"text":"note {n}"}}"#)).collect();
                let fields = Fields::new();
                let _ = fields.append("content-type", b"application/json");
                finish(out, OutgoingResponse::new(fields), format!("[{}]", notes.join(",")).as_bytes());
            }
            "/headers" => {
                let seen = request.headers().entries();
                let text: String =
                    seen.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect();
                answer(out, 200, text.as_bytes());
            }
            "/echo" => answer(out, 200, &read(&request)),
            "/count" => {
                let body = read(&request);
                answer(out, 200, body.len().to_string().as_bytes());
            }
            "/spin" => loop {
                std::hint::black_box(0);
            },
            "/grow" => {
                let mut held: Vec<Vec<u8>> = Vec::new();
                loop {
                    held.push(vec![1; 1 << 20]);
                    std::hint::black_box(&held);
                }
            }
            "/flood" => {
                let err = wasip2::cli::stderr::get_stderr();
                for line in 0..2000 {
                    let text = format!("line {line} {}\n", "x".repeat(1000));
                    for piece in text.as_bytes().chunks(4096) {
                        let _ = err.blocking_write_and_flush(piece);
                    }
                }
                answer(out, 200, b"flooded");
            }
            "/say" => {
                let _ = wasip2::cli::stdout::get_stdout().blocking_write_and_flush(format!("{query}\n").as_bytes());
                answer(out, 200, b"said");
            }
            "/panic" => panic!("on purpose"),
            "/exit" => wasip2::cli::exit::exit(Err(())),
            "/recurse" => {
                let depth = recurse(0);
                answer(out, 200, depth.to_string().as_bytes());
            }
            "/silent" => {}
            "/huge-headers" => {
                let fields = Fields::new();
                for n in 0..200 {
                    if fields.append(&format!("x-{n}"), "y".repeat(1000).as_bytes()).is_err() {
                        break;
                    }
                }
                finish(out, OutgoingResponse::new(fields), b"large");
            }
            "/bad-status" => {
                let response = OutgoingResponse::new(Fields::new());
                let taken = response.set_status_code(1999);
                finish(out, response, format!("{taken:?}").as_bytes());
            }
            "/cookie" => {
                let fields = Fields::new();
                let _ = fields.append("set-cookie", b"a=b");
                let _ = fields.append("content-security-policy", b"default-src *");
                let _ = fields.append("content-type", b"text/plain");
                finish(out, OutgoingResponse::new(fields), b"cookie");
            }
            "/half" => {
                let response = OutgoingResponse::new(Fields::new());
                let body = response.body().unwrap();
                ResponseOutparam::set(out, Ok(response));
                let stream = body.write().unwrap();
                stream.blocking_write_and_flush(b"half of it").unwrap();
                panic!("in the middle of an answer");
            }
            "/endless" => {
                let response = OutgoingResponse::new(Fields::new());
                let body = response.body().unwrap();
                ResponseOutparam::set(out, Ok(response));
                let stream = body.write().unwrap();
                let piece = [b'x'; 4096];
                while stream.blocking_write_and_flush(&piece).is_ok() {}
            }
            "/handles" => {
                let mut held = Vec::new();
                loop {
                    held.push(Fields::new());
                }
            }
            "/time" => {
                let now = wasip2::clocks::wall_clock::now();
                let random = wasip2::random::random::get_random_u64();
                answer(out, 200, format!("{} {random}", now.seconds).as_bytes());
            }
            "/sleep" => {
                wasip2::clocks::monotonic_clock::subscribe_duration(query.parse::<u64>().unwrap_or(0) * 1_000_000).block();
                answer(out, 200, b"slept");
            }
            "/environment" => {
                let variables = wasip2::cli::environment::get_environment();
                let arguments = wasip2::cli::environment::get_arguments();
                answer(out, 200, format!("{variables:?} {arguments:?}").as_bytes());
            }
            "/socket" => {
                use wasip2::sockets::network::IpAddressFamily;
                let tcp = wasip2::sockets::tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4);
                let udp = wasip2::sockets::udp_create_socket::create_udp_socket(IpAddressFamily::Ipv6);
                let network = wasip2::sockets::instance_network::instance_network();
                let name = wasip2::sockets::ip_name_lookup::resolve_addresses(&network, "localhost");
                let text = format!("{:?} {:?} {:?}", tcp.err(), udp.err(), name.err());
                answer(out, 200, text.as_bytes());
            }
            "/fetch" => {
                let (status, body) = fetch(Method::Get, query, b"");
                answer(out, 200, [format!("{status} ").as_bytes(), &body].concat().as_slice());
            }
            "/put" => {
                let (status, body) = fetch(Method::Put, query, &read(&request));
                answer(out, 200, [format!("{status} ").as_bytes(), &body].concat().as_slice());
            }
            "/files" => answer(out, 200, files(query).as_bytes()),
            _ => answer(out, 404, b"no such path"),
        }
    }
}

/// `verb:path[:text]`, several separated by `;`.
fn files(what: &str) -> String {
    let (root, name) = wasip2::filesystem::preopens::get_directories().into_iter().next().unwrap();
    let mut said = vec![name];
    for step in what.split(';') {
        let mut parts = step.splitn(3, ':');
        let (verb, path, text) = (parts.next().unwrap(), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let all = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let none = PathFlags::empty();
        let result = match verb {
            "write" => root.open_at(none, path, OpenFlags::CREATE | OpenFlags::TRUNCATE, all).and_then(|file| {
                file.write(text.as_bytes(), 0)?;
                Ok("written".to_owned())
            }),
            "fill" => root.open_at(none, path, OpenFlags::CREATE, all).and_then(|file| {
                let piece = vec![7; 1 << 20];
                let mut at = 0;
                loop {
                    at += file.write(&piece, at)?;
                }
            }),
            "read" => root.open_at(none, path, OpenFlags::empty(), DescriptorFlags::READ).and_then(|file| {
                let (bytes, _) = file.read(1000, 0)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }),
            "mkdir" => root.create_directory_at(path).map(|()| "made".to_owned()),
            "remove" => root.unlink_file_at(path).map(|()| "removed".to_owned()),
            "symlink" => root.symlink_at(text, path).map(|()| "linked".to_owned()),
            "list" => root.read_directory().map(|entries| {
                let mut names = Vec::new();
                while let Ok(Some(entry)) = entries.read_directory_entry() {
                    names.push(entry.name);
                }
                names.join(",")
            }),
            _ => Ok("?".to_owned()),
        };
        said.push(match result {
            Ok(text) => text,
            Err(code) => format!("{code:?}"),
        });
    }
    said.join(" ")
}

fn fetch(method: Method, url: &str, body: &[u8]) -> (String, Vec<u8>) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&method).unwrap();
    request.set_scheme(Some(&if scheme == "https" { Scheme::Https } else { Scheme::Http })).unwrap();
    if request.set_authority(Some(authority)).is_err() || request.set_path_with_query(Some(&format!("/{path}"))).is_err() {
        return ("bad address".into(), Vec::new());
    }
    let outgoing = request.body().unwrap();
    let future = match outgoing_handler::handle(request, None) {
        Ok(future) => future,
        Err(code) => return (format!("{code:?}"), Vec::new()),
    };
    if !body.is_empty() {
        let stream = outgoing.write().unwrap();
        let _ = stream.blocking_write_and_flush(body);
    }
    let _ = OutgoingBody::finish(outgoing, None);
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => {
            let status = response.status().to_string();
            let body = response.consume().unwrap();
            let stream = body.stream().unwrap();
            (status, drain(&stream))
        }
        Some(Ok(Err(code))) => (format!("{code:?}"), Vec::new()),
        _ => ("nothing".into(), Vec::new()),
    }
}

fn recurse(depth: u64) -> u64 {
    let held = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + held[63]
}

fn read(request: &IncomingRequest) -> Vec<u8> {
    let body = request.consume().unwrap();
    let bytes = {
        let stream = body.stream().unwrap();
        drain(&stream)
    };
    IncomingBody::finish(body);
    bytes
}

fn drain(stream: &InputStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => return bytes,
        }
    }
}

fn answer(out: ResponseOutparam, status: u16, body: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    finish(out, response, body);
}

fn finish(out: ResponseOutparam, response: OutgoingResponse, bytes: &[u8]) {
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    for piece in bytes.chunks(4096) {
        if stream.blocking_write_and_flush(piece).is_err() {
            break;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
