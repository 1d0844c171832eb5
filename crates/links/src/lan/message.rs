//! Multicast DNS (RFC 6762) as far as LAN discovery needs it: one question, one announcement, nothing else is understood.

use core::net::{Ipv4Addr, SocketAddrV4};

use webx_overlay::NodeId;

/// Where multicast DNS is spoken. Routers do not pass this address on.
pub(crate) const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);
/// A longer datagram is not looked at.
pub(crate) const LONGEST: usize = 1472;
/// The kind of service, as DNS-SD (RFC 6763) names it.
const SERVICE: [&[u8]; 3] = [b"_webx", b"_udp", b"local"];
/// Questions and records of one message that are looked at.
const MOST: usize = 32;
/// How long others may remember an announcement, in seconds.
const LIFE: u32 = 120;

const A: u16 = 1;
const PTR: u16 = 12;
const TXT: u16 = 16;
const SRV: u16 = 33;
const ANY: u16 = 255;
const IN: u16 = 1;
/// Of the class: this record replaces what was known under its name.
const UNIQUE: u16 = 0x8000;
const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
/// Kind of message and error code: anything but 0 is not for us.
const OTHER: u16 = 0x780f;

/// What a message says to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Who is there?
    Question,
    /// This key answers at this UDP port of the machine that says so.
    Announced(NodeId, u16),
}

/// Reads a message; none if it says nothing to us. Addresses inside are not read: who announces is where the packet came from.
pub(crate) fn read(bytes: &[u8]) -> Option<Heard> {
    if bytes.len() > LONGEST {
        return None;
    }
    let mut reader = Reader { bytes, at: 2 };
    let flags = reader.two()?;
    let mut counts = [0_usize; 4];
    for count in &mut counts {
        *count = reader.two()?.into();
    }
    let [questions, records @ ..] = counts;
    let records = records.iter().sum::<usize>();
    if flags & OTHER != 0 || questions + records > MOST {
        return None;
    }
    for _ in 0..questions {
        let name = reader.name()?;
        let (kind, class) = (reader.two()?, reader.two()?);
        let asks = matches!(kind, PTR | ANY) && matches!(class & !UNIQUE, IN | ANY);
        if asks && flags & RESPONSE == 0 && name.labels().eq(SERVICE) {
            return Some(Heard::Question);
        }
    }
    for _ in 0..records {
        let name = reader.name()?;
        let (kind, class) = (reader.two()?, reader.two()?);
        let life = u32::from(reader.two()?) << 16 | u32::from(reader.two()?);
        let length = reader.two()?;
        let data = reader.take(length.into())?;
        let ours = kind == SRV && class & !UNIQUE == IN && life > 0 && flags & RESPONSE != 0;
        if let Some(node) = instance(&name).filter(|_| ours) {
            let port = data.get(4..6).and_then(|port| port.try_into().ok());
            let port = u16::from_be_bytes(port?);
            return (port != 0).then_some(Heard::Announced(node, port));
        }
    }
    None
}

/// The key that an instance of the service is named after.
fn instance(name: &Name) -> Option<NodeId> {
    let mut labels = name.labels();
    let first = core::str::from_utf8(labels.next()?).ok()?;
    labels.eq(SERVICE).then_some(())?;
    first.parse().ok()
}

/// "Who is there?"
pub(crate) fn question() -> Vec<u8> {
    let mut writer = Writer::begin(0, [1, 0, 0, 0]);
    writer.labels(&SERVICE);
    writer.end();
    writer.two(PTR);
    writer.two(IN);
    writer.0
}

/// "This key answers at this port of `address`." The name of the machine is made of the key and says nothing else.
pub(crate) fn announcement(node: NodeId, port: u16, address: Ipv4Addr) -> Vec<u8> {
    let id = node.to_string();
    let host = id.get(..16).unwrap_or(&id);
    let mut writer = Writer::begin(RESPONSE | AUTHORITATIVE, [0, 1, 0, 3]);
    let service = writer.labels(&SERVICE);
    writer.end();
    let mut named = 0;
    writer.record(PTR, IN, |writer| {
        named = writer.labels(&[id.as_bytes()]);
        writer.pointer(service);
    });
    writer.pointer(named);
    let mut target = 0;
    writer.record(SRV, IN | UNIQUE, |writer| {
        // No priority and no weight.
        writer.two(0);
        writer.two(0);
        writer.two(port);
        target = writer.labels(&[host.as_bytes(), b"local"]);
        writer.end();
    });
    writer.pointer(named);
    writer.record(TXT, IN | UNIQUE, Writer::end);
    writer.pointer(target);
    writer.record(A, IN | UNIQUE, |writer| {
        writer.0.extend(address.octets());
    });
    writer.0
}

/// A name, at most 255 bytes on the wire, in lower case.
struct Name {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Name {
    fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let begins = core::iter::once(0).chain(self.ends.iter().copied());
        begins
            .zip(&self.ends)
            .filter_map(|(begin, end)| self.bytes.get(begin..*end))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn two(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn name(&mut self) -> Option<Name> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut back = None;
        loop {
            let at = self.at;
            let length = *self.take(1)?.first()?;
            match length {
                0 => break,
                1..=63 => {
                    let label = self.take(length.into())?;
                    bytes.extend(label.iter().map(u8::to_ascii_lowercase));
                    ends.push(bytes.len());
                    if bytes.len() + ends.len() > 254 {
                        return None;
                    }
                }
                0xc0.. => {
                    let low = *self.take(1)?.first()?;
                    let to = usize::from(length & 0x3f) << 8 | usize::from(low);
                    back.get_or_insert(self.at);
                    // Only ever backwards, so it ends.
                    if to >= at {
                        return None;
                    }
                    self.at = to;
                }
                _ => return None,
            }
        }
        self.at = back.unwrap_or(self.at);
        Some(Name { bytes, ends })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn begin(flags: u16, counts: [u16; 4]) -> Self {
        let mut writer = Self(Vec::with_capacity(256));
        writer.two(0);
        writer.two(flags);
        for count in counts {
            writer.two(count);
        }
        writer
    }

    fn two(&mut self, number: u16) {
        self.0.extend(number.to_be_bytes());
    }

    /// Labels without an end; says where they begin.
    fn labels(&mut self, labels: &[&[u8]]) -> usize {
        let at = self.0.len();
        for label in labels {
            self.0.push(u8::try_from(label.len()).unwrap_or(0));
            self.0.extend(*label);
        }
        at
    }

    fn end(&mut self) {
        self.0.push(0);
    }

    /// "And on as there."
    fn pointer(&mut self, to: usize) {
        self.two(0xc000 | u16::try_from(to).unwrap_or(0));
    }

    fn record(&mut self, kind: u16, class: u16, data: impl FnOnce(&mut Self)) {
        self.two(kind);
        self.two(class);
        self.0.extend(LIFE.to_be_bytes());
        let at = self.0.len();
        self.two(0);
        data(self);
        let length = u16::try_from(self.0.len() - at - 2).unwrap_or(0);
        if let Some(place) = self.0.get_mut(at..at + 2) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    const HERE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 2);

    fn id() -> NodeId {
        NodeId([7; 32])
    }

    #[test]
    fn a_question_and_an_announcement_are_understood_as_they_were_meant() {
        assert_eq!(read(&question()), Some(Heard::Question));
        let said = announcement(id(), 4711, HERE);
        assert_eq!(read(&said), Some(Heard::Announced(id(), 4711)));
        assert!(said.len() < 200, "{}", said.len());
    }

    #[test]
    fn an_announcement_names_a_key_an_address_and_nothing_else() {
        let said = announcement(id(), 4711, HERE);
        let words: String = said
            .iter()
            .map(|byte| {
                if byte.is_ascii_graphic() {
                    char::from(*byte)
                } else {
                    ' '
                }
            })
            .collect();
        let mut words: Vec<_> = words.split(' ').filter(|word| word.len() > 3).collect();
        words.dedup();
        let text = id().to_string();
        // Before it stand the lengths of the record, 55, and of the label, 52: "7" and "4" in ASCII.
        let named = format!("74{text}");
        assert_eq!(
            words,
            ["_webx", "_udp", "local", &named, &text[..16], "local"]
        );
    }

    #[test]
    fn the_bytes_of_both_stay_as_they_are() {
        assert_eq!(
            question(),
            b"\0\0\0\0\0\x01\0\0\0\0\0\0\x05_webx\x04_udp\x05local\0\0\x0c\0\x01"
        );
        let said: String = announcement(id(), 4711, HERE)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(said, include_str!("fixtures/announcement.hex").trim());
    }

    #[test]
    fn a_goodbye_a_question_for_others_and_a_port_of_zero_say_nothing() {
        let mut other = question();
        other[14] = b'x';
        assert_eq!(read(&other), None);
        assert_eq!(read(&announcement(id(), 0, HERE)), None);
        let mut goodbye = announcement(id(), 1, HERE);
        for at in 0..goodbye.len() - 4 {
            if goodbye[at..at + 4] == LIFE.to_be_bytes() {
                goodbye[at..at + 4].fill(0);
            }
        }
        assert_eq!(read(&goodbye), None);
        let mut question_that_answers = announcement(id(), 1, HERE);
        question_that_answers[2] = 0;
        assert_eq!(read(&question_that_answers), None);
    }

    #[test]
    fn names_that_go_round_in_circles_and_counts_that_lie_end_at_once() {
        let header = |counts: [u16; 4]| Writer::begin(RESPONSE, counts).0;
        // A name that points at itself, at what follows, and a chain of pointers.
        for pointer in [[0xc0, 12], [0xc0, 14], [0xff, 0xff]] {
            let mut bytes = header([1, 0, 0, 0]);
            bytes.extend(pointer);
            bytes.extend([0; 8]);
            assert_eq!(read(&bytes), None);
        }
        assert_eq!(read(&header([u16::MAX; 4])), None);
        assert_eq!(read(&header([0, 32, 0, 0])), None);
        let mut long = header([1, 0, 0, 0]);
        for _ in 0..10 {
            long.push(63);
            long.extend([b'a'; 63]);
        }
        long.extend([0; 5]);
        assert_eq!(read(&long), None);
        assert_eq!(read(&[0; LONGEST + 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_damaged_announcement_is_read_without_harm(at in 0_usize..180, to in any::<u8>(), cut in 0_usize..180) {
            let mut said = announcement(id(), 4711, HERE);
            let length = said.len();
            said[at % length] = to;
            said.truncate(length - cut % length);
            let _ = read(&said);
        }
    }
}
