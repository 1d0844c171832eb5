#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    webx::fuzz::remote_path(data);
});
