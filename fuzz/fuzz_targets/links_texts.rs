#![no_main]

use webx_links::{Invite, RelayAddress};

// What is read is written the same way again.
libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(invite) = text.parse::<Invite>() {
        assert_eq!(invite.to_string(), text);
    }
    if let Ok(relay) = text.parse::<RelayAddress>() {
        assert_eq!(relay.to_string(), text);
    }
});
