//! Serves one component over HTTP, and measures it: for the tests and for `tests/bench/backends.py`.
//!
//! ```text
//! backends-host serve COMPONENT [--kept]        prints the port, serves until its standard input ends
//! backends-host cold COMPONENT PATH [--kept]    prints its cold starts as JSON
//! ```

#![allow(clippy::print_stdout)]

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use webx_backends::{
    Authority, Backend, Backends, BodyError, CallContext, DataChange, DataFile, Denied, Document,
    InstallId, Launch, Limits, Network, Page, Program, Reuse, State, Storage, StorageError,
    WasmBackends, WasmOptions, body,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "__compile") {
        return webx_backends::compile_main();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn run(arguments: &[String]) -> Result<(), Error> {
    let kept = arguments.iter().any(|argument| argument == "--kept");
    let reuse = if kept { Reuse::Kept } else { Reuse::Fresh };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match arguments {
        [verb, component, ..] if verb == "serve" => {
            let (backends, launch) = prepare(component, reuse, Limits::default())?;
            runtime.block_on(serve(backends.start(launch)?))
        }
        [verb, component, path, ..] if verb == "cold" => {
            let idle = Duration::from_millis(20);
            let (backends, launch) = prepare(
                component,
                reuse,
                Limits {
                    idle,
                    ..Limits::default()
                },
            )?;
            runtime.block_on(cold(backends.start(launch)?, path))
        }
        _ => Err("serve COMPONENT [--kept] | cold COMPONENT PATH [--kept]".into()),
    }
}

/// Compiles `component`, or takes what was compiled before.
fn prepare(component: &str, reuse: Reuse, limits: Limits) -> Result<(WasmBackends, Launch), Error> {
    let compiler = (std::env::current_exe()?, vec!["__compile".to_owned()]);
    let backends = WasmBackends::new(WasmOptions::new(compiler, [7; 32]))?;
    let bytes = std::fs::read(component).map_err(|error| format!("{component}: {error}"))?;
    let digest: [u8; 32] = digest::digest(&digest::SHA256, &bytes)
        .as_ref()
        .try_into()?;
    let name = blake3::hash(backends.engine().as_bytes()).to_hex();
    let place = format!("{component}.{}.code", &name.as_str()[..16]);
    let code = match std::fs::read(&place) {
        Ok(code) if code.get(44..76) == Some(digest.as_slice()) => code,
        _ => {
            let code = backends.compile(&bytes, &mut |_| true)?;
            std::fs::write(&place, &code)?;
            code
        }
    };
    let program = Program::Component {
        code: Arc::new(move || Ok(code.clone())),
        component: digest,
        reuse,
    };
    let launch = Launch {
        install: InstallId::nil(),
        program,
        limits,
        network: Arc::new(Nothing),
        storage: Arc::new(Nothing),
    };
    Ok((backends, launch))
}

fn context() -> CallContext {
    CallContext {
        install: InstallId::nil(),
        caller_did: "did:key:bench".into(),
        request_id: "bench".into(),
    }
}

async fn serve(backend: Arc<dyn Backend>) -> Result<(), Error> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    let accept = async move {
        while let Ok((stream, _)) = listener.accept().await {
            // An answer's head and body are two writes; without this the second waits for an acknowledgement.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let backend = Arc::clone(&backend);
            let service =
                hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let broken = |error: hyper::Error| BodyError::Broken(error.to_string());
                    let request = request.map(|incoming| incoming.map_err(broken).boxed_unsync());
                    let answer = backend.call(context(), request);
                    async move {
                        Ok::<_, std::convert::Infallible>(answer.await.unwrap_or_else(|error| {
                            let mut response = http::Response::new(body(error.to_string()));
                            *response.status_mut() = error.status();
                            response
                        }))
                    }
                });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    };
    let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! { () = accept => {}, _ = parent => {} }
    Ok(())
}

/// The first start, and starts after everything but the sealed code was given back.
async fn cold(backend: Arc<dyn Backend>, path: &str) -> Result<(), Error> {
    let once = || async {
        let request = http::Request::get(path)
            .header("host", "bench")
            .body(body(Bytes::new()))?;
        let began = Instant::now();
        let answer = backend.call(context(), request).await?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()).into());
        }
        answer.into_body().collect().await?;
        Ok::<f64, Error>(began.elapsed().as_secs_f64() * 1000.0)
    };
    let first = once().await?;
    let (mut colds, mut warms) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        for _ in 0..10 {
            warms.push(once().await?);
        }
        while backend.status().state != State::Idle {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        colds.push(once().await?);
    }
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list.get(list.len() / 2).copied().unwrap_or_default()
    };
    println!(
        "{{\"firstMs\":{first:.3},\"coldMs\":{:.3},\"coldMaxMs\":{:.3},\"warmMs\":{:.3}}}",
        median(&mut colds),
        colds.last().copied().unwrap_or_default(),
        median(&mut warms)
    );
    Ok(())
}

/// Grants nothing and keeps nothing.
struct Nothing;

impl Network for Nothing {
    fn allow(&self, _: InstallId, to: &Authority) -> Result<(), Denied> {
        Err(Denied::new(format!("{to} was not granted")))
    }
}

fn nothing<T>() -> Result<T, StorageError> {
    Err(StorageError::Denied("nothing is kept here".into()))
}

impl Storage for Nothing {
    fn kv_get(&self, _: InstallId, _: &str) -> Result<Option<Bytes>, StorageError> {
        nothing()
    }
    fn kv_put(&self, _: InstallId, _: &str, _: Bytes) -> Result<(), StorageError> {
        nothing()
    }
    fn kv_delete(&self, _: InstallId, _: &str) -> Result<(), StorageError> {
        nothing()
    }
    fn kv_keys(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Page<String>, StorageError> {
        nothing()
    }
    fn doc_get(&self, _: InstallId, _: &str, _: &str) -> Result<Option<Document>, StorageError> {
        nothing()
    }
    fn doc_put(&self, _: InstallId, _: &str, _: &str, _: Bytes) -> Result<Document, StorageError> {
        nothing()
    }
    fn doc_delete(&self, _: InstallId, _: &str, _: &str) -> Result<(), StorageError> {
        nothing()
    }
    fn docs(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: usize,
        _: Option<(&str, &str)>,
    ) -> Result<Page<Document>, StorageError> {
        nothing()
    }
    fn blob_get(&self, _: InstallId, _: &str) -> Result<Option<Bytes>, StorageError> {
        nothing()
    }
    fn blob_put(
        &self,
        _: InstallId,
        _: &str,
        _: Option<&str>,
        _: Bytes,
    ) -> Result<(), StorageError> {
        nothing()
    }
    fn blob_delete(&self, _: InstallId, _: &str) -> Result<(), StorageError> {
        nothing()
    }
    fn blobs(&self, _: InstallId, _: Option<&str>, _: usize) -> Result<Page<String>, StorageError> {
        nothing()
    }
    fn data_load(&self, _: InstallId) -> Result<Vec<DataFile>, StorageError> {
        Ok(Vec::new())
    }
    fn data_save(&self, _: InstallId, _: &[DataChange]) -> Result<(), StorageError> {
        Ok(())
    }
}
