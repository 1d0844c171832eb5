//! Reading passphrases and recovery words: from a file, from standard input, or from the person.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::Context as _;
use zeroize::{Zeroize, Zeroizing};

use crate::args::SecretArgs;
use crate::failure::Failure;

/// No passphrase and no list of 24 words is longer than this, in bytes.
const LIMIT: usize = 4096;
/// No file of shares is longer, in bytes: 16 of them have less than 9 kB, and a remark.
const SHARES_LIMIT: usize = 32 * 1024;

/// What opens a vault.
pub(crate) enum Secret {
    Passphrase(Zeroizing<String>),
    Words(Zeroizing<String>),
}

impl Secret {
    /// Reads what the flags name, or asks the person for the passphrase.
    pub(crate) fn read(args: &SecretArgs) -> anyhow::Result<Self> {
        match (&args.words_file, &args.passphrase_file) {
            (Some(file), _) => Ok(Self::Words(words(file)?)),
            (None, file) => Ok(Self::Passphrase(passphrase(file.as_deref(), "Passphrase")?)),
        }
    }

    /// Whether the flags name a secret, so that nobody needs to be asked.
    pub(crate) fn is_given(args: &SecretArgs) -> bool {
        args.words_file.is_some() || args.passphrase_file.is_some()
    }
}

/// A passphrase: the first line of `file`, or asked for at the terminal.
pub(crate) fn passphrase(file: Option<&Path>, prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let Some(file) = file else {
        return ask(prompt, "--passphrase-file FILE");
    };
    let text = read_limited(file, LIMIT)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(
            Failure::usage(format!("the first line of {} is empty", file.display()))
                .todo("write the passphrase on the first line")
                .into(),
        );
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// A new passphrase: from `file`, or asked for twice.
pub(crate) fn new_passphrase(
    file: Option<&Path>,
    prompt: &str,
) -> anyhow::Result<Zeroizing<String>> {
    let first = passphrase(file, prompt)?;
    if file.is_none() && *ask("The same again", "--passphrase-file FILE")? != *first {
        return Err(Failure::refused("passphrase-differs", "the two passphrases differ").into());
    }
    Ok(first)
}

/// The 24 words: from `file`, or asked for at the terminal.
pub(crate) fn recovery_words(file: Option<&Path>) -> anyhow::Result<Zeroizing<String>> {
    match file {
        Some(file) => words(file),
        None => ask("The 24 words", "--words-file FILE"),
    }
}

/// The 24 words in a file, in any layout of spaces and lines.
fn words(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = read_limited(file, LIMIT)?;
    let mut words = Zeroizing::new(String::with_capacity(text.len()));
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    Ok(words)
}

/// The shares in a file: one a line, or a single one over several lines. Lines that begin with `#` are remarks.
pub(crate) fn shares(file: &Path) -> anyhow::Result<Vec<Zeroizing<String>>> {
    let text = read_limited(file, SHARES_LIMIT)?;
    let lines = || {
        text.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
    };
    let words = |line: &str| line.split_whitespace().count();
    if lines().all(|line| matches!(words(line), 0 | 20..)) {
        let whole = lines().filter(|line| words(line) > 0);
        return Ok(whole.map(|line| Zeroizing::new(line.to_owned())).collect());
    }
    let mut one = Zeroizing::new(String::with_capacity(text.len() + 1));
    for line in lines() {
        one.push_str(line);
        one.push(' ');
    }
    Ok(vec![one])
}

fn read_limited(file: &Path, most: usize) -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let limit = most as u64 + 1;
    if file == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .take(limit)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    if bytes.len() > most {
        return Err(
            Failure::usage(format!("{} is longer than {most} bytes", file.display())).into(),
        );
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(Failure::usage(format!("{} is not UTF-8 text", file.display())).into())
        }
    }
}

fn ask(prompt: &str, instead: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::usage("a secret is needed and nobody can be asked here")
                .todo(format!("give {instead}"))
                .into(),
        );
    }
    Ok(Zeroizing::new(rpassword::prompt_password(format!(
        "{prompt}: "
    ))?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        use std::io::Write as _;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn only_the_first_line_is_the_passphrase() {
        let file = file(b"correct horse\nbattery\n");
        let read = passphrase(Some(file.path()), "").unwrap();
        assert_eq!(*read, "correct horse");
    }

    #[test]
    fn words_may_stand_in_lines() {
        let file = file(b"  abandon\n ability   able \n");
        assert_eq!(*words(file.path()).unwrap(), "abandon ability able");
    }

    #[test]
    fn shares_stand_one_a_line_or_alone_over_several() {
        let share = vec!["academic"; 33].join(" ");
        let two = file(format!("# a remark\n{share}\n\n {share}\n").as_bytes());
        assert_eq!(shares(two.path()).unwrap().len(), 2);
        let broken = file(share.replacen(' ', "\n", 10).as_bytes());
        let read = shares(broken.path()).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].split_whitespace().count(), 33);
        assert!(shares(file(&[b'a'; 40_000]).path()).is_err());
    }

    #[test]
    fn an_endless_or_binary_file_is_refused() {
        assert!(passphrase(Some(file(&[b'x'; 5000]).path()), "").is_err());
        assert!(passphrase(Some(file(&[0xff, 0xfe]).path()), "").is_err());
        assert!(passphrase(Some(file(b"\nx").path()), "").is_err());
    }
}
