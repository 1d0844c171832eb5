#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    webx_overlay::fuzz::codecs(data);
});
