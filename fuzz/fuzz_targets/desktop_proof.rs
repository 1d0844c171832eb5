#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    webx_desktop::fuzz::proof(&String::from_utf8_lossy(data));
});
