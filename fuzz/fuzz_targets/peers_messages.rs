#![no_main]

use time::OffsetDateTime;
use webx_overlay::NodeId;
use webx_peers::card::Card;
use webx_peers::fitness::Receipt;
use webx_peers::profile::Profile;

const NOW: i64 = 1_790_000_000;

// The first byte says as what the rest is read; all of it comes from strangers.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        0 => {
            if let Ok(receipt) = Receipt::decode(data, 20_718) {
                assert_eq!(receipt.encode(), data);
            }
        }
        1 => drop(Profile::decode(data, NodeId([1; 32]), NOW.unsigned_abs())),
        _ => {
            if let (Ok(text), Ok(now)) = (std::str::from_utf8(data), OffsetDateTime::from_unix_timestamp(NOW)) {
                drop(Card::read(text, now));
            }
        }
    }
});
