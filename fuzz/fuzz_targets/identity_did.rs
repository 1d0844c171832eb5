#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = text.parse::<webx_identity::Did>();
        let _ = webx_identity::parse_did_key(text);
        let _ = webx_identity::parse_multikey(text);
    }
});
