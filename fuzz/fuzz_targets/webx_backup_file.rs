#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    webx::fuzz::backup_file(data);
});
