//! Entry points for the fuzzer; no part of the API.

use crate::control::Message as Control;
use crate::record::{PeerRecord, SignedRecord};
use crate::table::message::Message as Table;

/// Feeds every decoder: what one accepts has one spelling.
pub fn codecs(data: &[u8]) {
    if let Ok(record) = PeerRecord::decode(data) {
        assert_eq!(record.encode(), data);
    }
    if let Ok(record) = SignedRecord::decode(data) {
        assert_eq!(record.encode(), data);
    }
    if let Ok(message) = Control::decode(data) {
        assert_eq!(message.encode(), data);
    }
    if let Ok(message) = Table::decode(data) {
        assert_eq!(message.encode(), data);
    }
}
