//! Entry points for the fuzzer: every parser of outside bytes in this crate.

use std::io::Write as _;

use crate::backup::{Head, Opener, Record, RecordReader, Sealer, StreamKey};

/// A backup file from a stranger.
pub fn backup_file(data: &[u8]) {
    let mut rest = data;
    let Ok(head) = Head::read(&mut rest) else {
        return;
    };
    let Ok(stream) = Opener::new(rest, &head, &StreamKey::new([0; 32])) else {
        return;
    };
    drain(RecordReader::new(stream));
}

/// The records behind the seal, as if somebody with the key had written them.
pub fn backup_records(data: &[u8]) {
    let head = Head {
        person: [0; 16],
        salt: [0; 32],
        made_at: 0,
        vault_header: Vec::new(),
    };
    let key = StreamKey::new([0; 32]);
    let sealed = Sealer::new(Vec::new(), &head, &key).and_then(|mut sealer| {
        sealer.write_all(data)?;
        sealer.finish()
    });
    let Ok(sealed) = sealed else { return };
    let Ok(stream) = Opener::new(&sealed[..], &head, &key) else {
        return;
    };
    drain(RecordReader::new(stream));
}

fn drain<R: std::io::Read>(mut records: RecordReader<R>) {
    loop {
        match records.next() {
            Ok(Record::Database { .. }) => {
                if records.database(&mut std::io::sink()).is_err() {
                    return;
                }
            }
            Ok(Record::Block { .. }) => {}
            Ok(Record::End(_)) | Err(_) => return,
        }
    }
}

/// A path in the drive as it comes from the command line.
pub fn remote_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(path) = crate::client::RemotePath::parse(text) {
        assert!(
            path.names()
                .iter()
                .all(|name| name != ".." && !name.contains('/'))
        );
        let again = crate::client::RemotePath::parse(&path.to_string());
        assert_eq!(
            again.as_ref().map(|path| path.names()).ok(),
            Some(path.names())
        );
        let encoded = crate::client::encode(text);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
