#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(log) = webx_identity::DidLog::parse(text) {
        let now = webx_identity::GENESIS + std::time::Duration::from_secs(365 * 24 * 3600);
        let _ = log.verify(now);
        let _ = log.entries();
    }
});
