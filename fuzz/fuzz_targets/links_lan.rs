#![no_main]

// Anything that a stranger may send to the group of multicast DNS.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| webx_links::fuzz_lan(bytes));
