//! Where in the text of a manifest a member stands.

/// The line and column, both counted from 1, of the member `at` (as in [`crate::Refusal::Manifest`])
/// in the text of a manifest. When it is not there, those of the nearest object around it.
///
/// `None` when `text` is no JSON.
#[must_use]
pub fn locate(text: &str, at: &str) -> Option<(usize, usize)> {
    let mut scan = Scan { text, at: 0 };
    let mut best = scan.skip_space();
    for step in steps(at) {
        match scan.enter(&step)? {
            Some(place) => best = place,
            None => break,
        }
    }
    let before = text.get(..best)?;
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    Some((line, column))
}

enum Step {
    Member(String),
    Item(usize),
}

fn steps(at: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in at.split('.').filter(|part| !part.is_empty()) {
        let mut pieces = part.split('[');
        steps.extend(
            pieces
                .next()
                .filter(|name| !name.is_empty())
                .map(|name| Step::Member(name.to_owned())),
        );
        let numbers = pieces.filter_map(|piece| piece.strip_suffix(']')?.parse().ok());
        steps.extend(numbers.map(Step::Item));
    }
    steps
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) -> usize {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.at
    }

    /// Goes to the value of one step. `Some(None)`: there is no such member or item.
    fn enter(&mut self, step: &Step) -> Option<Option<usize>> {
        self.skip_space();
        let open = self.peek()?;
        let (wanted_open, close) = match step {
            Step::Member(_) => (b'{', b'}'),
            Step::Item(_) => (b'[', b']'),
        };
        if open != wanted_open {
            return Some(None);
        }
        self.at += 1;
        let mut index = 0;
        loop {
            let start = self.skip_space();
            if self.peek()? == close {
                return Some(None);
            }
            let hit = match step {
                Step::Member(name) => {
                    let key = self.string()?;
                    self.skip_space();
                    self.at += 1; // the colon
                    self.skip_space();
                    serde_json::from_str::<String>(key).ok()? == *name
                }
                Step::Item(number) => index == *number,
            };
            if hit {
                return Some(Some(start));
            }
            self.value()?;
            self.skip_space();
            if self.peek()? == b',' {
                self.at += 1;
            }
            index += 1;
        }
    }

    /// Skips a string and gives it with its quotes.
    fn string(&mut self) -> Option<&'t str> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return self.text.get(start..self.at);
                }
                _ => self.at += 1,
            }
        }
    }

    /// Skips a value.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                _ if depth == 0 => {
                    // A number or a word ends where anything structural begins.
                    while !matches!(
                        self.peek()?,
                        b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'
                    ) {
                        self.at += 1;
                    }
                }
                _ => self.at += 1,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    const TEXT: &str = "{\n  \"id\": \"a{]\\\"\",\n  \"permissions\": {\n    \"required\": [\n      {\"kind\": \"notify\"},\n      {\"kind\": \"x\", \"n\": -1.5e3, \"reason\": \"\"}\n    ]\n  }\n}\n";

    #[test]
    fn a_member_is_found_by_line_and_column() {
        assert_eq!(locate(TEXT, ""), Some((1, 1)));
        assert_eq!(locate(TEXT, "id"), Some((2, 3)));
        assert_eq!(locate(TEXT, "permissions.required[1]"), Some((6, 7)));
        assert_eq!(
            locate(TEXT, "permissions.required[1].reason"),
            Some((6, 34))
        );
    }

    #[test]
    fn a_missing_member_points_to_what_should_hold_it() {
        assert_eq!(locate(TEXT, "permissions.required[0].reason"), Some((5, 7)));
        assert_eq!(locate(TEXT, "name"), Some((1, 1)));
        assert_eq!(locate("not json", "name"), Some((1, 1)));
        assert_eq!(locate("{\"a", "name"), None);
    }
}
