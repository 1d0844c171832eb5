//! Entry points for the fuzzer: every parser of outside bytes in this crate.

use crate::{file, transfer, wire};

/// Heads of streams, announcements of files, words about transfers: read, and written as they came.
pub fn frames(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        0 => {
            if let Some(header) = wire::Header::decode(body) {
                assert_eq!(header.encode().get(1..), Some(body));
            }
        }
        1 => file::fuzz(body),
        _ => {
            if let Some(message) = transfer::Message::decode(body) {
                assert_eq!(message.encode(), body);
            }
            let _ = transfer::Standing::read(body);
        }
    }
}
