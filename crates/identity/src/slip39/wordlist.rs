//! The 1024 words. `english.txt` is that of `trezor/python-shamir-mnemonic` (MIT), one word a line, sorted.

use std::sync::LazyLock;

static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("english.txt").lines().collect());

/// The word of a number below 1024.
pub(super) fn word(number: u16) -> &'static str {
    WORDS.get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of a word in small letters.
pub(super) fn number(word: &str) -> Option<u16> {
    let place = WORDS.binary_search(&word).ok()?;
    u16::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::{WORDS, number, word};

    #[test]
    fn there_are_1024_words_and_four_letters_tell_them_apart() {
        assert_eq!(WORDS.len(), 1024);
        assert!(WORDS.is_sorted());
        assert!(WORDS.iter().all(|word| word.len() <= 8));
        let mut short: Vec<_> = WORDS.iter().map(|word| &word[..4]).collect();
        short.dedup();
        assert_eq!(short.len(), 1024);
        assert_eq!(
            (word(0), word(1023), number("zero")),
            ("academic", "zero", Some(1023))
        );
    }
}
