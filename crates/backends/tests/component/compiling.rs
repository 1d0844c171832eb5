//! Compiling at install, and what becomes of the code: nothing runs that this node did not compile.
use std::sync::Arc;
use std::time::Duration;

use crate::support::{backends, compiled, component, get, options, sha256};
use webx_backends::{
    Backend, Backends, CallError, CompileError, InstallId, Launch, Limits, Program, Reuse,
    StartError, WasmBackends,
};

fn start(backends: &WasmBackends, component: [u8; 32], code: Vec<u8>) -> Arc<dyn Backend> {
    let launch = Launch {
        install: InstallId::nil(),
        program: Program::Component {
            code: Arc::new(move || Ok(code.clone())),
            component,
            reuse: Reuse::Fresh,
        },
        limits: Limits::default(),
        network: Arc::new(crate::support::Hosts::default()),
        storage: Arc::new(crate::support::Memory::default()),
    };
    backends.start(launch).unwrap()
}

#[tokio::test]
async fn a_tampered_code_file_is_refused() {
    let backends = backends();
    let (component, code) = compiled(&backends, "probe");
    let digest = sha256(&component);
    let refused = Err(CallError::Start(StartError::Tampered));
    for at in [0, 20, 60, 90, 200, code.len() / 2, code.len() - 1] {
        let mut changed = code.clone();
        changed[at] ^= 1;
        assert_eq!(
            get(&start(&backends, digest, changed), "/hello").await,
            refused,
            "byte {at}"
        );
    }
    assert_eq!(
        get(
            &start(&backends, digest, code[..code.len() - 1].to_vec()),
            "/hello"
        )
        .await,
        refused
    );
    assert_eq!(
        get(&start(&backends, digest, Vec::new()), "/hello").await,
        refused
    );
    assert_eq!(
        get(&start(&backends, [0; 32], code.clone()), "/hello").await,
        refused,
        "another component's code"
    );
    let mut other = options();
    other.key = [1; 32];
    let other = WasmBackends::new(other).unwrap();
    assert_eq!(
        get(&start(&other, digest, code.clone()), "/hello").await,
        refused,
        "another node's code"
    );
    assert_eq!(
        get(&start(&backends, digest, code), "/hello").await,
        Ok((200, "hello".into()))
    );
}

#[test]
fn a_compilation_says_how_far_it_is() {
    let component = component("probe");
    let mut seen = Vec::new();
    let code = backends().compile(&component, &mut |progress| {
        seen.push(progress);
        true
    });
    assert!(code.is_ok());
    let last = seen.last().unwrap();
    assert!(last.done > 0 && last.done <= last.total, "{seen:?}");
    assert!(seen.is_sorted_by_key(|progress| progress.done));
}

#[test]
fn a_compilation_can_be_cancelled() {
    let component = component("probe");
    assert_eq!(
        backends().compile(&component, &mut |_| false).unwrap_err(),
        CompileError::Cancelled
    );
}

#[test]
fn a_compilation_ends_at_its_bounds() {
    let component = component("probe");
    let mut tight = options();
    tight.compile_time = Duration::from_millis(1);
    let ended = WasmBackends::new(tight)
        .unwrap()
        .compile(&component, &mut |_| true);
    assert_eq!(
        ended.unwrap_err(),
        CompileError::TimedOut(Duration::from_millis(1))
    );
    let mut small = options();
    small.compile_memory = 40 << 20;
    let ended = WasmBackends::new(small)
        .unwrap()
        .compile(&component, &mut |_| true)
        .unwrap_err();
    assert!(
        matches!(
            ended,
            CompileError::OutOfMemory { .. } | CompileError::Failed(_)
        ),
        "{ended:?}"
    );
}

#[test]
fn what_is_no_component_is_refused_in_words() {
    let backends = backends();
    let component = component("probe");
    let cut = &component[..component.len() / 2];
    for bytes in [&b""[..], b"not wasm at all", b"\0asm\x01\0\0\0", cut] {
        let refused = backends.compile(bytes, &mut |_| true).unwrap_err();
        assert!(matches!(refused, CompileError::Unfit(_)), "{refused:?}");
    }
    // A component, but none that answers requests.
    let refused = backends
        .compile(b"\0asm\x0d\0\x01\0", &mut |_| true)
        .unwrap_err();
    assert!(
        matches!(refused, CompileError::Unfit(ref why) if why.contains("incoming-handler")),
        "{refused:?}"
    );
}

#[test]
fn a_missing_compiler_is_said() {
    let mut lost = options();
    lost.compiler = ("/nowhere/webx".into(), Vec::new());
    let refused = WasmBackends::new(lost)
        .unwrap()
        .compile(b"\0asm\x0d\0\x01\0", &mut |_| true)
        .unwrap_err();
    assert!(matches!(refused, CompileError::Failed(_)), "{refused:?}");
}
