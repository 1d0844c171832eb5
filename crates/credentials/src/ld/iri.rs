//! What an IRI may look like here.

/// Whether `text` is an absolute IRI without characters that RDF forbids (RFC 3987, RDF 1.1 §3.2).
pub(crate) fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
        && !rest.is_empty()
        && !rest
            .chars()
            .any(|c| c <= ' ' || "<>\"{}|\\^`\u{7f}".contains(c))
}

/// Whether `text` looks like a keyword (JSON-LD 1.1 §1.7): such a name is reserved, and readers drop it.
pub(crate) fn is_keyword_form(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphabetic()))
}

/// A well-formed language tag (BCP 47, the shape alone).
pub(crate) fn is_language(text: &str) -> bool {
    text.len() <= 64
        && text.split('-').enumerate().all(|(place, part)| {
            (1..=8).contains(&part.len())
                && part
                    .bytes()
                    .all(|c| c.is_ascii_alphabetic() || (place > 0 && c.is_ascii_digit()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iri_has_a_scheme_and_no_character_that_rdf_forbids() {
        for good in [
            "https://a.example/ü?b#c",
            "did:key:z6Mk",
            "urn:uuid:1",
            "x:y",
        ] {
            assert!(is_absolute(good), "{good}");
        }
        for bad in [
            "", "a", "/a", ":a", "1a:b", "a:", "a:b c", "a:<b>", "a:\"", "a b:c", "a:\n",
        ] {
            assert!(!is_absolute(bad), "{bad}");
        }
        assert!(is_keyword_form("@id") && is_keyword_form("@admin"));
        assert!(!is_keyword_form("@") && !is_keyword_form("a@b") && !is_keyword_form("@a1"));
        assert!(
            is_language("en")
                && is_language("de-CH-1996")
                && !is_language("1en")
                && !is_language("en_GB")
        );
    }
}
