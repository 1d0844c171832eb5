#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    webx_copies::fuzz::wire(data);
});
