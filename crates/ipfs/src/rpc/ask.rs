//! The arguments and options of a command, from the query.

use percent_encoding::percent_decode_str;

use super::answer::{Done, Failure};

/// Longest query in bytes.
const MAX_QUERY: usize = 64 * 1024;
/// Most arguments and options.
const MAX_PAIRS: usize = 1024;

/// What a request asks for. Options that a command does not know are not looked at.
#[derive(Debug, Default)]
pub(super) struct Ask {
    args: Vec<String>,
    options: Vec<(String, String)>,
}

impl Ask {
    pub(super) fn read(query: Option<&str>) -> Done<Self> {
        let query = query.unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(Failure::bad("the query is too long"));
        }
        let mut ask = Self::default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (at, pair) in pairs.enumerate() {
            if at >= MAX_PAIRS {
                return Err(Failure::bad("the query has too many parts"));
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decode(key)?, decode(value)?);
            if key == "arg" {
                ask.args.push(value);
            } else {
                ask.options.push((key, value));
            }
        }
        Ok(ask)
    }

    pub(super) fn args(&self) -> &[String] {
        &self.args
    }

    /// An argument by its place.
    pub(super) fn arg(&self, at: usize, name: &str) -> Done<&str> {
        self.args
            .get(at)
            .map(String::as_str)
            .ok_or_else(|| missing(name))
    }

    /// The value of an option as it came.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut found = self.options.iter().filter(|(key, _)| key == name);
        // The last one counts.
        found.next_back().map(|(_, value)| value.as_str())
    }

    /// An option that is on or off; `None` when it is not there.
    pub(super) fn maybe(&self, name: &str) -> Done<Option<bool>> {
        self.text(name)
            .map(|value| match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                _ => Err(unfit(name, value, "bool")),
            })
            .transpose()
    }

    pub(super) fn flag(&self, name: &str, otherwise: bool) -> Done<bool> {
        Ok(self.maybe(name)?.unwrap_or(otherwise))
    }

    /// An option that is a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Done<Option<T>> {
        self.text(name)
            .map(|value| value.parse().map_err(|_| unfit(name, value, "int")))
            .transpose()
    }
}

/// An argument that should be there.
pub(super) fn missing(name: &str) -> Failure {
    Failure::bad(format!("argument {name:?} is required"))
}

fn unfit(name: &str, value: &str, kind: &str) -> Failure {
    let shown = if value.is_empty() {
        "empty value".to_owned()
    } else {
        format!("value {:?}", value.chars().take(64).collect::<String>())
    };
    Failure::bad(format!(
        "could not convert {shown} to type {kind:?} (for option \"-{name}\")"
    ))
}

fn decode(text: &str) -> Done<String> {
    let bytes = text.bytes();
    let mut left = 0;
    for byte in bytes.clone().rev() {
        // A percent sign that two digits do not follow would be read as itself by some and as nothing by others.
        if byte == b'%' && left < 2 {
            return Err(Failure::bad("the query has a broken escape"));
        }
        left = if byte.is_ascii_hexdigit() {
            left + 1
        } else {
            0
        };
    }
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Failure::bad("the query is no UTF-8"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn arguments_keep_their_order_and_the_last_option_counts() {
        let ask = Ask::read(Some("arg=%2Fa+b&pin=false&arg=c&pin=true&x=1")).unwrap();
        assert_eq!(ask.args(), ["/a b", "c"]);
        assert!(ask.flag("pin", false).unwrap() && !ask.flag("y", false).unwrap());
        assert_eq!(ask.number::<u64>("x").unwrap(), Some(1));
        assert_eq!(
            ask.arg(2, "path").unwrap_err().what(),
            "argument \"path\" is required"
        );
    }

    #[test]
    fn what_is_no_value_of_an_option_is_named() {
        let ask = Ask::read(Some("pin=maybe&offset=-&raw=")).unwrap();
        let said = ask.maybe("pin").unwrap_err();
        assert!(
            said.what().contains("\"maybe\" to type \"bool\""),
            "{}",
            said.what()
        );
        assert!(ask.number::<u64>("offset").is_err() && ask.maybe("raw").is_err());
    }

    #[test]
    fn queries_that_are_no_text_or_too_much_are_refused() {
        for query in ["arg=%", "arg=%4", "arg=%zz", "arg=%ff", "%=1"] {
            assert!(Ask::read(Some(query)).is_err(), "{query}");
        }
        assert!(Ask::read(Some(&"a&".repeat(MAX_PAIRS + 1))).is_err());
        assert!(Ask::read(Some(&"a".repeat(MAX_QUERY + 1))).is_err());
        assert!(Ask::read(None).unwrap().args().is_empty());
    }
}
