//! A Flask-like application in the jail, and everything that a hostile one tries.
#![cfg(all(target_os = "linux", feature = "jail"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod jail_bench;

use std::time::Duration;

use http::StatusCode;
use jail_bench::{Bench, Memory, wheel};
use webx_backends::{CallError, Limits, State};

const HELLO: &str = r#"
import os, sys
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Caller", environ.get("HTTP_X_WEBX_CALLER", ""))])
    return [("%s %s?%s %s" % (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], body.decode())).encode()]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wsgi_application_answers_from_the_jail() {
    for bench in Bench::both(HELLO) {
        let (status, headers, body) = bench.ask("POST", "/a%20b/c?d=1", "hello").await.unwrap();
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::OK, "POST /a b/c?d=1 hello")
        );
        assert_eq!(headers["x-caller"], "did:key:z6Mk");
        assert_eq!(bench.backend.status().state, State::Running);
        assert!(bench.log().contains("CPython 3."), "{}", bench.log());
        bench.backend.stop().await;
        assert_eq!(
            bench.ask("GET", "/", "").await.unwrap_err(),
            CallError::Stopped
        );
        assert!(
            jail_bench::folders().is_empty(),
            "the folder in memory is gone"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_writes_is_kept_before_the_answer_and_there_at_the_next_start() {
    const APP: &str = r#"
import os, sqlite3
data = os.environ["APP_DATA"]
def app(environ, start_response):
    db = sqlite3.connect(os.path.join(data, "book.db"))
    db.execute("create table if not exists line (text)")
    if environ["REQUEST_METHOD"] == "POST":
        db.execute("insert into line values (?)", [environ["wsgi.input"].read().decode()])
        db.commit()
    lines = [row[0] for row in db.execute("select text from line")]
    db.close()
    start_response("200 OK", [])
    return [",".join(lines).encode()]
"#;
    for bench in Bench::both(APP) {
        for text in ["one", "two", "three"] {
            bench.ask("POST", "/", text).await.unwrap();
            let kept = bench.storage.data.lock();
            assert!(
                kept.keys().any(|path| path == "book.db"),
                "{:?}",
                kept.keys()
            );
        }
        bench.backend.restart().await;
        assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "one,two,three");
        bench.backend.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_goes_back_to_what_was_kept_and_too_many_crashes_rest() {
    const APP: &str = r#"
import os
data = os.environ["APP_DATA"]
def app(environ, start_response):
    path = os.path.join(data, "count")
    count = len(open(path).read()) if os.path.exists(path) else 0
    if environ["PATH_INFO"] == "/crash":
        open(path, "a").write("torn")
        os._exit(3)
    open(path, "a").write("x")
    start_response("200 OK", [])
    return [str(count).encode()]
"#;
    let bench = Bench::new(APP);
    assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "0");
    let error = bench.ask("GET", "/crash", "").await.unwrap_err();
    assert_eq!(
        error,
        CallError::Failed("it ended by itself (code 3)".into())
    );
    assert_eq!(
        bench.ask("GET", "/", "").await.unwrap().2,
        "1",
        "what the crash wrote is not there"
    );
    for _ in 0..4 {
        let _ = bench.ask("GET", "/crash", "").await;
    }
    assert!(matches!(
        bench.ask("GET", "/", "").await.unwrap_err(),
        CallError::Resting { .. }
    ));
    let status = bench.backend.status();
    assert_eq!(status.state, State::Resting);
    assert!(
        status.next_start_at.is_some() && status.problem.is_some(),
        "{status:?}"
    );
    bench.backend.restart().await;
    assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "2");
    bench.backend.stop().await;
}

/// Every probe is an expression that must raise an error or give a falsy value.
const PROBES: &str = r#"
import ctypes, os, signal, socket as patched, _socket, subprocess, sys, glob
libc = ctypes.CDLL(None, use_errno=True)
node = int(open("/proc/self/stat").read().split()[3]) if False else None

def raw(family, kind, proto=0):
    return lambda: _socket.socket(family, kind, proto)

def call(number, *arguments):
    def probe():
        result = libc.syscall(number, *arguments)
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return "%d worked" % number
    return probe

def to_node(path):
    with open(path, "rb") as file:
        return file.read()

def dgram_pair():
    return _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM)

def probes(secret, node):
    return {
        "TCP": raw(_socket.AF_INET, _socket.SOCK_STREAM),
        "TCP6": raw(_socket.AF_INET6, _socket.SOCK_STREAM),
        "UDP": raw(_socket.AF_INET, _socket.SOCK_DGRAM),
        "raw": raw(_socket.AF_INET, _socket.SOCK_RAW, 1),
        "packet": raw(_socket.AF_PACKET, _socket.SOCK_RAW),
        "netlink": raw(_socket.AF_NETLINK, _socket.SOCK_RAW),
        "vsock": raw(_socket.AF_VSOCK, _socket.SOCK_STREAM),
        "unix": raw(_socket.AF_UNIX, _socket.SOCK_STREAM),
        "unix datagrams": raw(_socket.AF_UNIX, _socket.SOCK_DGRAM),
        "a datagram pair": dgram_pair,
        "UDP through the gateway": lambda: patched.socket(patched.AF_INET, patched.SOCK_DGRAM),
        "TCP through the gateway": lambda: patched.create_connection(("127.0.0.1", 80), 5),
        "metadata service": lambda: patched.create_connection(("169.254.169.254", 80), 5),
        "io_uring": call(425, 1, ctypes.create_string_buffer(200)),
        "passwd": lambda: open("/etc/passwd").read(),
        "shadow": lambda: open("/etc/shadow").read(),
        "home": lambda: os.listdir("/root") + os.listdir("/home"),
        "the node's files": lambda: to_node(secret),
        "list the root": lambda: [x for x in os.listdir("/") if x not in ("lib", "lib64", "usr", "dev", "proc", "jail", "data", "tmp", "etc", "root")],
        "list /dev/shm": lambda: os.listdir("/dev/shm"),
        "the node's memory": lambda: to_node("/proc/%d/mem" % node),
        "the node's environment": lambda: to_node("/proc/%d/environ" % node),
        "the node's descriptors": lambda: os.listdir("/proc/%d/fd" % node),
        "other processes": lambda: [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) not in (1, os.getpid())],
        "ptrace": call(101, 16, node, 0, 0),
        "process_vm_readv": call(310, node, 0, 0, 0, 0, 0),
        "pidfd_open": call(434, node, 0),
        "kill": lambda: os.kill(node, 0) or "worked",
        "kill everybody": lambda: os.kill(-1, 0) or "worked",
        "fork": lambda: os.fork() and "forked",
        "vfork": call(58),
        "spawn": lambda: subprocess.run(["/bin/true"]).returncode == 0,
        "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "exec": lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"]),
        "write to the program": lambda: open(__file__, "a").write("x"),
        "write to a wheel's folder": lambda: open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "site", "x.py"), "w"),
        "write to the root": lambda: open("/x", "w"),
        "write to /usr": lambda: open("/usr/lib/x", "w"),
        "write to /etc": lambda: open("/etc/x", "w"),
        "write to /dev/shm": lambda: open("/dev/shm/x", "w"),
        "unshare": call(272, 0x10000000),
        "mount": call(165, b"none", b"/tmp", b"tmpfs", 0, 0),
        "chroot": lambda: os.chroot("/") or "worked",
        "bpf": call(321, 0, 0, 0),
        "perf": call(298, 0, 0, -1, -1, 0),
        "keyring": call(250, 0, -3, 0),
        "userfaultfd": call(323, 0),
        "memfd": call(319, b"x", 0),
        "raise its limits": lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_NOFILE, (64, 64)) or "worked",
        "outlive its parent": lambda: libc.prctl(1, 0, 0, 0, 0) == 0,
        "dumpable": lambda: libc.prctl(4, 1, 0, 0, 0) == 0,
        "shared memory": call(29, 0, 4096, 0o1600),
        "message queue": call(240, b"x", 0o102, 0o600, 0),
        "the terminal": lambda: libc.ioctl(1, 0x5412, b"x") == 0,
        "environment": lambda: sorted(set(os.environ) - {"APP_DATA", "HOME", "TMPDIR", "LANG", "TZ", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "LC_CTYPE", "PWD"}),
        "capabilities": lambda: [l for l in open("/proc/self/status") if l.startswith("CapEff") and int(l.split()[1], 16)],
        "set the user": lambda: os.setuid(1) or "worked",
        "set the clock": lambda: __import__("time").clock_settime(0, 0) or "worked",
    }

def app(environ, start_response):
    secret, node = environ["QUERY_STRING"].split(",")
    broke = []
    for name, probe in probes(secret, int(node)).items():
        try:
            got = probe()
        except BaseException as error:
            if not isinstance(error, (OSError, ValueError, AttributeError, subprocess.SubprocessError)):
                broke.append("%s: odd %r" % (name, error))
            continue
        if got:
            broke.append("%s: %r" % (name, got))
    start_response("200 OK", [("X-Probes", str(len(probes(secret, int(node)))))])
    return ["\n".join(broke).encode()]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_machine_is_reached_from_the_jail() {
    let secret = tempfile::tempdir().unwrap();
    let file = secret.path().join("vault.cbor");
    std::fs::write(&file, "the node's own").unwrap();
    for bench in Bench::both(PROBES) {
        let path = format!("/?{},{}", file.display(), std::process::id());
        let (status, headers, broke) = bench
            .ask("GET", &path, "")
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", bench.log()));
        assert_eq!(status, StatusCode::OK, "{}", bench.log());
        assert_eq!(
            broke, "",
            "out of {:?} probes, with {}",
            headers["x-probes"], bench.walls
        );
        assert!(
            headers["x-probes"]
                .to_str()
                .unwrap()
                .parse::<u32>()
                .unwrap()
                >= 50
        );
        bench.backend.stop().await;
    }
}

/// An app in which each path is one way to misbehave.
const ABUSE: &str = r#"
import os, sys, threading, mmap
data = os.environ["APP_DATA"]
def ok(start_response, text=b"fine"):
    start_response("200 OK", [])
    return [text]
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/loop":
        while True: pass
    if path == "/loop-in-c":
        sum(range(10**15))
    if path == "/background":
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
    if path == "/grow":
        held = []
        try:
            while True: held.append(bytearray(1 << 20))
        except MemoryError:
            count = len(held)
            del held
            return ok(start_response, b"stopped at %d" % count)
    if path == "/grow-shared":
        held = []
        while True:
            m = mmap.mmap(-1, 8 << 20)
            for at in range(0, 8 << 20, 4096): m[at] = 1
            held.append(m)
    if path == "/threads":
        stop = threading.Event()
        threading.stack_size(64 << 10)
        for _ in range(5000): threading.Thread(target=stop.wait, daemon=True).start()
        import time; time.sleep(5)
    if path == "/flood":
        for at in range(200000): print("flood %d " % at + "x" * 100)
    if path == "/disk":
        at = 0
        while True:
            with open(os.path.join(data, "f%d" % at), "wb") as f: f.write(b"x" * (1 << 20))
            at += 1
    if path == "/one-file":
        with open(os.path.join(data, "big"), "wb") as f:
            while True: f.write(b"x" * (1 << 20))
    if path == "/inodes":
        for at in range(100000): open(os.path.join(data, "n%d" % at), "w").close()
    if path == "/files":
        held = [open("/dev/null") for _ in range(100000)]
    if path == "/hang":
        threading.Event().wait()
    if path == "/headers":
        start_response("200 OK", [("X-%d" % n, "x" * 1000) for n in range(1000)])
        return [b""]
    if path == "/split":
        start_response("200 OK", [("X-A", "a\r\nSet-Cookie: a=b")])
        return [b""]
    if path == "/endless":
        start_response("200 OK", [])
        return iter(lambda: b"x" * 65536, None)
    if path == "/segfault":
        import ctypes; ctypes.string_at(0)
    if path == "/garbage":
        import gc, _socket
        for thing in gc.get_objects():
            if isinstance(thing, _socket.socket) and thing.fileno() > 2:
                try: thing.sendall(b"\xff garbage \x00" * 100)
                except OSError: pass
    return ok(start_response)
"#;

fn tight() -> Limits {
    Limits {
        memory: 96 << 20,
        cpu_time: Duration::from_secs(1),
        // The jail yields to everything else, so on a busy machine a second of computing takes long.
        request_time: Duration::from_secs(25),
        data_bytes: 16 << 20,
        data_files: 500,
        response_body: 4 << 20,
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_abuse_is_stopped_and_reported_and_the_next_request_is_served() {
    for bench in Bench::both_with(ABUSE, tight()) {
        for (path, reason) in [
            ("/loop", "computed for more than 1 s"),
            ("/loop-in-c", "computed for more than 1 s"),
            ("/grow-shared", "used more than 96 MiB"),
            ("/threads", "threads"),
            ("/disk", "16"),
            ("/segfault", "signal 11"),
            ("/garbage", "door"),
        ] {
            let answer = bench.ask("GET", path, "").await;
            // Garbage at the door does not hurt the answer, and the thread too many fails before the watch comes by.
            if !matches!(path, "/garbage" | "/threads") {
                assert!(answer.is_err(), "{path}: {answer:?}");
            }
            let problem = bench.problem().await;
            // On a machine that has no time for it at all, a loop is ended by the clock on the wall.
            let starved =
                reason.starts_with("computed") && problem.contains("did not answer within");
            assert!(
                problem.contains(reason) || starved,
                "{path}: {answer:?}; {problem}; {}",
                bench.log()
            );
            assert!(bench.log().contains(&problem), "{path}: {}", bench.log());
            bench.backend.restart().await;
            let next = bench.ask("GET", "/", "").await;
            assert_eq!(
                next.map(|answer| answer.2).as_deref(),
                Ok("fine"),
                "after {path}: {}",
                bench.log()
            );
        }
        bench.backend.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_an_answer_ends_the_app_when_its_time_is_over() {
    let bench = Bench::with(
        ABUSE,
        Limits {
            request_time: Duration::from_secs(2),
            ..Limits::default()
        },
    );
    bench.ask("GET", "/", "").await.unwrap();
    assert_eq!(
        bench.ask("GET", "/hang", "").await.unwrap_err(),
        CallError::TimedOut(Duration::from_secs(2))
    );
    assert!(
        bench
            .problem()
            .await
            .contains("did not answer within 2 seconds"),
        "{}",
        bench.log()
    );
    assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "fine");
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_app_can_survive_costs_it_only_that_request() {
    let bench = Bench::with(ABUSE, tight());
    let grown = bench.ask("GET", "/grow", "").await.unwrap().2;
    assert!(
        grown.starts_with("stopped at "),
        "{grown}: memory is refused before the app is ended"
    );
    for path in ["/files", "/one-file", "/split"] {
        assert_eq!(
            bench.ask("GET", path, "").await.unwrap().0,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{path}"
        );
    }
    assert!(bench.ask("GET", "/headers", "").await.is_err());
    assert!(
        bench.ask("GET", "/endless", "").await.is_err(),
        "a body without end is cut"
    );
    assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "fine");
    bench.ask("GET", "/flood", "").await.unwrap();
    let log = bench.log();
    assert!(
        log.len() < 256 << 10 && log.lines().count() <= 500,
        "{} bytes",
        log.len()
    );
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_files_are_not_kept_and_the_app_goes_back_to_what_was() {
    let bench = Bench::with(ABUSE, tight());
    assert!(matches!(
        bench.ask("GET", "/inodes", "").await.unwrap_err(),
        CallError::NotKept(_) | CallError::Failed(_)
    ));
    assert!(bench.storage.data.lock().is_empty());
    bench.backend.restart().await;
    assert_eq!(bench.ask("GET", "/", "").await.unwrap().2, "fine");
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_jail_ends_and_comes_back_with_the_next_request() {
    let bench = Bench::with(
        HELLO,
        Limits {
            idle: Duration::from_millis(300),
            ..Limits::default()
        },
    );
    bench.ask("GET", "/", "").await.unwrap();
    bench.until(State::Idle).await;
    assert_eq!(bench.backend.status().problem, None);
    bench.ask("GET", "/", "").await.unwrap();
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_host_is_reached_by_ordinary_code_and_every_other_is_refused() {
    const APP: &str = r#"
import urllib.request, http.client
def app(environ, start_response):
    start_response("200 OK", [])
    try:
        with urllib.request.urlopen("http://" + environ["QUERY_STRING"], timeout=10) as answer:
            return [answer.read()]
    except OSError as error:
        return [b"refused: " + str(error).encode()]
"#;
    let server = jail_bench::http_server("from outside").await;
    for bench in Bench::both(APP) {
        bench.network.lock().push("localhost".into());
        // Port 80 stands for http, so a test server on another port is an https host to the proxy.
        let (_, _, body) = bench
            .ask("GET", &format!("/?localhost:{server}/"), "")
            .await
            .unwrap();
        assert!(body.contains("refused"), "{body}");
        assert!(
            bench.log().contains("only TLS goes to an https host"),
            "{}",
            bench.log()
        );
        let (_, _, body) = bench.ask("GET", "/?other.example/", "").await.unwrap();
        assert!(
            body.contains("refused: ") && body.contains("was not granted"),
            "{body}"
        );
        let (_, _, body) = bench.ask("GET", "/?webx.internal/kv/a", "").await.unwrap();
        assert!(body.contains("404"), "{body}");
        bench
            .storage
            .kv
            .lock()
            .insert("a".into(), bytes::Bytes::from_static(b"{\"n\":1}"));
        let (_, _, body) = bench.ask("GET", "/?webx.internal/kv/a", "").await.unwrap();
        assert_eq!(body, "{\"n\":1}");
        bench.backend.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_https_host_is_reached_through_the_tunnel() {
    const APP: &str = r#"
import ssl, socket
def app(environ, start_response):
    start_response("200 OK", [])
    port = int(environ["QUERY_STRING"])
    raw = socket.create_connection(("localhost", port), 10)
    try:
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
    except OSError as error:
        return [("%s %s" % (raw.getpeername() if raw.fileno() >= 0 else "", error)).encode()]
    return [b"connected"]
"#;
    let (port, first) = jail_bench::first_byte_server().await;
    let bench = Bench::new(APP);
    bench.network.lock().push("localhost".into());
    let (_, _, body) = bench.ask("GET", &format!("/?{port}"), "").await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(5), first).await;
    assert_eq!(
        first,
        Ok(Ok(0x16)),
        "a TLS greeting came out: {body} {}",
        bench.log()
    );
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_name_that_leads_to_this_machine_is_refused() {
    const APP: &str = r#"
import socket
def app(environ, start_response):
    start_response("200 OK", [])
    try:
        socket.create_connection(("localhost", 7700), 10)
    except OSError as error:
        return [str(error).encode()]
    return [b"connected"]
"#;
    let bench = Bench::public(APP);
    bench.network.lock().push("localhost".into());
    let (_, _, body) = bench.ask("GET", "/", "").await.unwrap();
    assert!(body.contains("private network"), "{body}");
    bench.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wheels_are_unpacked_and_a_native_one_runs() {
    const APP: &str = r#"
import greeting, markupsafe, _ctypes
from markupsafe import _speedups
def app(environ, start_response):
    start_response("200 OK", [])
    return [(greeting.text + " " + str(markupsafe.escape("<b>")) + " " + _speedups.__file__.rsplit(".", 1)[1]).encode()]
"#;
    let Some(native) = jail_bench::download("markupsafe==3.0.3") else {
        panic!("the package index could not be reached for the wheels of markupsafe");
    };
    let pure = (
        "greeting-1.0-py3-none-any.whl".to_owned(),
        wheel("greeting", &[("greeting.py", "text = 'hello'")]),
    );
    for bench in Bench::both_from(
        APP,
        Limits::default(),
        native.iter().cloned().chain([pure.clone()]).collect(),
    ) {
        let (_, _, body) = bench
            .ask("GET", "/", "")
            .await
            .unwrap_or_else(|error| panic!("{error} {}", bench.log()));
        assert_eq!(body, "hello &lt;b&gt; so");
        bench.backend.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wheel_with_another_hash_than_the_manifest_says_is_refused() {
    let mut bench = Bench::from(
        HELLO,
        Limits::default(),
        vec![("x-1-py3-none-any.whl".into(), wheel("x", &[("x.py", "")]))],
    );
    bench.forge_hash();
    let error = bench.ask("GET", "/", "").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not the file that the manifest names"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_without_a_wheel_for_this_python_says_so() {
    let bench = Bench::from(
        HELLO,
        Limits::default(),
        vec![("numpy-2-cp27-cp27m-win32.whl".into(), wheel("numpy", &[]))],
    );
    let error = bench.ask("GET", "/", "").await.unwrap_err();
    assert!(
        error.to_string().contains("brings no numpy for Python 3."),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_cannot_be_loaded_leaves_its_traceback_in_the_log() {
    let bench = Bench::new("import nothing_of_that_name");
    let error = bench.ask("GET", "/", "").await.unwrap_err();
    assert!(error.to_string().contains("its log says more"), "{error}");
    assert!(
        bench
            .log()
            .contains("No module named 'nothing_of_that_name'"),
        "{}",
        bench.log()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_dies_with_the_backend() {
    let bench = Bench::new(HELLO);
    bench.ask("GET", "/", "").await.unwrap();
    let storage: std::sync::Weak<Memory> = std::sync::Arc::downgrade(&bench.storage);
    bench.backend.stop().await;
    bench
        .wait(|| jail_bench::folders().is_empty().then_some(()))
        .await;
    drop(bench);
    for _ in 0..100 {
        if storage.upgrade().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a task holds on to what was stopped");
}
