#![allow(clippy::unwrap_used)]

use super::*;

/// Gives bytes in pieces of one size, as a network may.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(out.len());
        let (now, later) = self.0.split_at(count);
        out[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn read(bytes: &[u8], piece: usize) -> io::Result<Vec<(Part, Vec<u8>)>> {
    let mut parts = Parts::new(Slow(bytes, piece), "b");
    let mut found = Vec::new();
    while let Some(part) = parts.next_part()? {
        let mut content = Vec::new();
        parts.read_to_end(&mut content)?;
        found.push((part, content));
    }
    Ok(found)
}

const TWO: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"file?mode=0644&mtime=5&mtime-nsecs=7\"; \
filename=\"a%2Fb%20c\"\r\nContent-Type: application/octet-stream\r\n\r\none\r\n--c\r\n--\r\n--b\r\n\
Content-Disposition: form-data; name=\"dir-1\"; filename=\"d\"\r\nContent-Type: application/x-directory\r\n\
\r\n\r\n--b--\r\n";

#[test]
fn parts_are_the_same_in_whatever_pieces_they_come() {
    for piece in [1, 2, 3, 5, 7, 64, 100_000] {
        let found = read(TWO, piece).unwrap();
        assert_eq!(found.len(), 2, "{piece}");
        let (file, folder) = (&found[0], &found[1]);
        assert_eq!(file.0.path, "a/b c");
        assert_eq!((file.0.mode, file.0.modified), (Some(0o644), Some((5, 7))));
        assert_eq!(file.1, b"one\r\n--c\r\n--");
        assert_eq!((folder.0.kind, folder.1.len()), (Kind::Folder, 0));
        assert_eq!(folder.0.path, "d");
    }
}

#[test]
fn a_part_without_its_empty_line_still_ends_at_the_mark() {
    let text = b"--b\r\nContent-Disposition: form-data; name=\"dir\"; filename=\"d\"\r\n\r\n--b--";
    let found = read(text, 4).unwrap();
    assert_eq!((found.len(), found[0].1.len()), (1, 0));
}

#[test]
fn every_cut_and_every_changed_byte_is_an_end_or_a_refusal() {
    for end in 0..TWO.len() - 4 {
        assert!(read(&TWO[..end], 16).is_err(), "cut at {end}");
    }
    for at in 0..TWO.len() {
        let mut changed = TWO.to_vec();
        changed[at] ^= 0x20;
        let _ = read(&changed, 16);
    }
}

#[test]
fn floods_are_refused_before_they_are_held() {
    let head = [b"--b\r\n".as_slice(), &b"x: y\r\n".repeat(10_000)].concat();
    assert!(read(&head, 1 << 20).is_err());
    let mut parts = Parts::new(io::repeat(b'a'), "b");
    assert!(parts.next_part().is_err());
    let endless = b"--b\r\n".chain(io::repeat(b'a'));
    assert!(Parts::new(endless, "b").next_part().is_err());
    let after = b"--b--".chain(io::repeat(b'a'));
    assert!(Parts::new(after, "b").next_part().is_err());
}

#[test]
fn what_is_not_understood_is_refused() {
    for head in [
        "Content-Type: multipart/mixed; boundary=c",
        "Content-Encoding: gzip",
        "no header",
        "Content-Disposition: form-data; name=\"f?mode=9\"",
        "Content-Disposition: form-data; name=\"f?mtime=1&mtime-nsecs=1000000000\"",
        "Content-Disposition: form-data; name=\"f\"; filename=\"%ff\"",
    ] {
        let text = format!("--b\r\n{head}\r\n\r\nx\r\n--b--\r\n");
        assert!(read(text.as_bytes(), 64).is_err(), "{head}");
    }
}

#[test]
fn a_boundary_is_named_and_has_a_length() {
    let named = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
        boundary(&headers)
    };
    assert_eq!(
        named("multipart/form-data; boundary=\"a b\"").unwrap(),
        "a b"
    );
    for value in [
        "text/plain; boundary=a",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        &format!("multipart/form-data; boundary={}", "a".repeat(129)),
    ] {
        assert!(named(value).is_err(), "{value}");
    }
}
