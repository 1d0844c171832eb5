//! Which characters a person may be shown.

use unicode_normalization::is_nfc;

/// Whether `c` shows as itself: no control, no line break, nothing invisible, nothing that turns
/// the direction of the text around it (Unicode TR 36, bidi spoofing).
pub(crate) fn plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// Checks a line of text for people, of at most `most` characters: not empty, nothing unprintable or
/// invisible, nothing that turns the direction of the text around it, normal form C.
///
/// # Errors
/// What is wrong with it.
pub fn check_line(text: &str, most: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("is empty".into());
    }
    if text.trim() != text {
        return Err("begins or ends with a space".into());
    }
    let count = text.chars().count();
    if count > most {
        return Err(format!("has {count} characters, {most} are allowed"));
    }
    if let Some(c) = text.chars().find(|c| !plain(*c)) {
        return Err(format!(
            "has a character that cannot be shown ({})",
            c.escape_unicode()
        ));
    }
    if !is_nfc(text) {
        return Err("is not in Unicode normal form C".into());
    }
    Ok(())
}
