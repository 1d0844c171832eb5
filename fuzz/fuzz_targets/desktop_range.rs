#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((length, text)) = data.split_first_chunk::<8>() else {
        return;
    };
    webx_desktop::fuzz::byte_range(&String::from_utf8_lossy(text), u64::from_le_bytes(*length));
});
