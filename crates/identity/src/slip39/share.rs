//! One share: its words, its fields, its checksum.

use std::str::FromStr;

use zeroize::Zeroizing;

use super::wordlist::{number, word};
use super::{HIGHEST_EXPONENT, LONGEST_SECRET, ShareError};

/// Words before the value: 40 bits of fields.
const HEAD: usize = 4;
/// Words of the checksum.
const CHECKSUM: usize = 3;
/// Fewest words: a value of 128 bits.
const FEWEST: usize = HEAD + 13 + CHECKSUM;
/// Most words: a value of [`LONGEST_SECRET`] bytes.
const MOST: usize = HEAD + (LONGEST_SECRET * 8).div_ceil(10) + CHECKSUM;
/// Longest text that is looked at, in bytes: every word has eight letters at most.
const MAX_TEXT: usize = 2048;

/// What all shares of one set have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Set {
    pub(super) identifier: u16,
    pub(super) extendable: bool,
    pub(super) exponent: u8,
}

/// One share of a secret. Its value is wiped on drop and never printed.
///
/// It is read with [`str::parse`]: any case, any white space between the words.
#[derive(Clone)]
pub struct Share {
    pub(super) set: Set,
    /// Place of the group, counted from 0.
    pub(super) group: u8,
    pub(super) group_threshold: u8,
    pub(super) groups: u8,
    /// Place in the group, counted from 0.
    pub(super) member: u8,
    pub(super) threshold: u8,
    pub(super) value: Zeroizing<Vec<u8>>,
}

impl Share {
    /// The random 15-bit number that shares of one set have in common.
    #[must_use]
    pub fn identifier(&self) -> u16 {
        self.set.identifier
    }

    /// How many shares of this share's group are needed.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Which share of its group this is, counted from 1.
    #[must_use]
    pub fn member(&self) -> u8 {
        self.member + 1
    }

    /// Which group it is of, counted from 1.
    #[must_use]
    pub fn group(&self) -> u8 {
        self.group + 1
    }

    /// Of how many groups.
    #[must_use]
    pub fn groups(&self) -> u8 {
        self.groups
    }

    /// Of how many groups shares are needed.
    #[must_use]
    pub fn group_threshold(&self) -> u8 {
        self.group_threshold
    }

    /// How long the secret is, in bytes.
    #[must_use]
    pub fn secret_length(&self) -> usize {
        self.value.len()
    }

    /// The words, with one space between them.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let numbers = self.numbers();
        let mut text = Zeroizing::new(String::with_capacity(numbers.len() * 9));
        for number in numbers.iter() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word(*number));
        }
        text
    }

    /// The words as numbers: fields, value, checksum.
    fn numbers(&self) -> Zeroizing<Vec<u16>> {
        let mut writer = Writer::with_capacity(HEAD + (self.value.len() * 8).div_ceil(10));
        writer.put(u32::from(self.set.identifier), 15);
        writer.put(u32::from(self.set.extendable), 1);
        writer.put(u32::from(self.set.exponent), 4);
        writer.put(u32::from(self.group), 4);
        writer.put(u32::from(self.group_threshold.saturating_sub(1)), 4);
        writer.put(u32::from(self.groups.saturating_sub(1)), 4);
        writer.put(u32::from(self.member), 4);
        writer.put(u32::from(self.threshold.saturating_sub(1)), 4);
        writer.put(0, padding(self.value.len()));
        for byte in self.value.iter() {
            writer.put(u32::from(*byte), 8);
        }
        let mut numbers = writer.words;
        let state = polymod(self.set.extendable, &numbers, &[0; CHECKSUM]) ^ 1;
        for place in (0..CHECKSUM).rev() {
            numbers.push(low_word(state >> (10 * place)));
        }
        numbers
    }

    fn from_numbers(numbers: &[u16]) -> Result<Self, ShareError> {
        let found = numbers.len();
        let data = numbers.len().saturating_sub(CHECKSUM);
        let bits = data.saturating_sub(HEAD) * 10;
        // The padding is what is over when the value is cut into 16 bits.
        if !(FEWEST..=MOST).contains(&found) || bits % 16 > 8 {
            return Err(ShareError::WordCount { found });
        }
        let length = bits / 16 * 2;
        let data = numbers.get(..data).unwrap_or_default();
        let mut reader = Reader::new(data);
        let set = Set {
            identifier: u16::try_from(reader.take(15)).unwrap_or_default(),
            extendable: reader.take(1) == 1,
            exponent: reader.take_byte(4),
        };
        if polymod(set.extendable, numbers, &[]) != 1 {
            return Err(ShareError::Checksum);
        }
        let group = reader.take_byte(4);
        let group_threshold = reader.take_byte(4) + 1;
        let groups = reader.take_byte(4) + 1;
        let member = reader.take_byte(4);
        let threshold = reader.take_byte(4) + 1;
        if reader.take(padding(length)) != 0 {
            return Err(ShareError::Padding);
        }
        if group_threshold > groups {
            return Err(ShareError::GroupCount {
                needed: group_threshold,
                groups,
            });
        }
        if set.exponent > HIGHEST_EXPONENT {
            return Err(ShareError::Exponent {
                exponent: set.exponent,
            });
        }
        let mut value = Zeroizing::new(Vec::with_capacity(length));
        for _ in 0..length {
            value.push(reader.take_byte(8));
        }
        Ok(Self {
            set,
            group,
            group_threshold,
            groups,
            member,
            threshold,
            value,
        })
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let found = text.split_whitespace().take(MOST + 1).count();
        if text.len() > MAX_TEXT || !(FEWEST..=MOST).contains(&found) {
            return Err(ShareError::WordCount { found });
        }
        let text = Zeroizing::new(text.to_lowercase());
        let mut numbers = Zeroizing::new(Vec::with_capacity(found));
        for (place, word) in text.split_whitespace().enumerate() {
            let position = place + 1;
            numbers.push(number(word).ok_or(ShareError::UnknownWord { position })?);
        }
        Self::from_numbers(&numbers)
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share")
            .field("identifier", &self.set.identifier)
            .field("group", &self.group())
            .field("member", &self.member())
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}

/// Zero bits before a value of so many bytes, so that it ends with a word.
fn padding(length: usize) -> u32 {
    let over = length * 8 % 10;
    u32::try_from((10 - over) % 10).unwrap_or_default()
}

fn low_word(bits: u32) -> u16 {
    u16::try_from(bits & 0x3ff).unwrap_or_default()
}

/// RS1024 over the customization string, `words` and `more`.
fn polymod(extendable: bool, words: &[u16], more: &[u16]) -> u32 {
    const GENERATOR: [u32; 10] = [
        0x00e0_e040,
        0x01c1_c080,
        0x0383_8100,
        0x0707_0200,
        0x0e0e_0009,
        0x1c0c_2412,
        0x3808_6c24,
        0x3090_fc48,
        0x21b1_f890,
        0x03f3_f120,
    ];
    let custom: &[u8] = match extendable {
        true => b"shamir_extendable",
        false => b"shamir",
    };
    let custom = custom.iter().map(|byte| u32::from(*byte));
    let words = words.iter().chain(more).map(|word| u32::from(*word));
    custom.chain(words).fold(1, |state, value| {
        let top = state >> 20;
        let mut state = (state & 0xf_ffff) << 10 ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            state ^= generator & 0_u32.wrapping_sub(top >> bit & 1);
        }
        state
    })
}

/// Bits into words of ten.
struct Writer {
    words: Zeroizing<Vec<u16>>,
    bits: u32,
    count: u32,
}

impl Writer {
    fn with_capacity(words: usize) -> Self {
        Self {
            words: Zeroizing::new(Vec::with_capacity(words + CHECKSUM)),
            bits: 0,
            count: 0,
        }
    }

    /// At most 16 bits.
    fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | value;
        self.count += count;
        while self.count >= 10 {
            self.count -= 10;
            self.words.push(low_word(self.bits >> self.count));
            self.bits &= (1 << self.count) - 1;
        }
    }
}

/// Bits out of words of ten; zeros after the end.
struct Reader<'a> {
    words: std::slice::Iter<'a, u16>,
    bits: u32,
    count: u32,
}

impl<'a> Reader<'a> {
    fn new(words: &'a [u16]) -> Self {
        Self {
            words: words.iter(),
            bits: 0,
            count: 0,
        }
    }

    /// At most 16 bits.
    fn take(&mut self, count: u32) -> u32 {
        while self.count < count {
            let word = self.words.next().copied().unwrap_or_default();
            self.bits = self.bits << 10 | u32::from(word);
            self.count += 10;
        }
        self.count -= count;
        let value = self.bits >> self.count;
        self.bits &= (1 << self.count) - 1;
        value
    }

    /// At most 8 bits.
    fn take_byte(&mut self, count: u32) -> u8 {
        u8::try_from(self.take(count)).unwrap_or_default()
    }
}
