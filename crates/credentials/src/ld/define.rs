//! Term definitions (JSON-LD 1.1 API §4.2): what a name means and what it does to its values.

use std::{collections::HashSet, sync::Arc};

use serde_json::{Map, Value};

use super::{
    context::{Active, Origin, checked},
    iri::is_language,
};
use crate::{Error, limits::MAX_CONTEXTS};

/// What a term stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Iri(Arc<str>),
    Id,
    Type,
}

/// What a term does to its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coercion {
    None,
    Id,
    Vocab,
    Json,
    Datatype(Arc<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    One,
    Set,
    List,
    Graph,
}

/// A context inside a term definition.
#[derive(Debug, PartialEq)]
pub(super) struct Scoped {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) meaning: Meaning,
    pub(super) coercion: Coercion,
    pub(super) container: Container,
    /// `Some(None)`: no language, whatever the default is.
    pub(super) language: Option<Option<Arc<str>>>,
    pub(super) context: Option<Arc<Scoped>>,
    pub(super) prefix: bool,
    pub(super) protected: bool,
}

impl Term {
    fn same_but_for_protection(&self, other: &Self) -> bool {
        self.meaning == other.meaning
            && self.coercion == other.coercion
            && self.container == other.container
            && self.language == other.language
            && self.prefix == other.prefix
            && self.context == other.context
    }
}

/// The term definitions of one context object (§4.2).
pub(super) struct Definitions<'a> {
    active: Active,
    members: &'a Map<String, Value>,
    origin: Origin,
    overriding: bool,
    protected: bool,
    done: HashSet<&'a str>,
    open: HashSet<&'a str>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(
        active: Active,
        members: &'a Map<String, Value>,
        origin: Origin,
        overriding: bool,
        protected: bool,
    ) -> Self {
        Self {
            active,
            members,
            origin,
            overriding,
            protected,
            done: HashSet::new(),
            open: HashSet::new(),
        }
    }

    pub(super) fn done(self) -> Active {
        self.active
    }

    pub(super) fn define(&mut self, name: &'a str) -> Result<(), Error> {
        if self.done.contains(name) {
            return Ok(());
        }
        if !self.open.insert(name) || self.open.len() > MAX_CONTEXTS {
            return Err(Error::ld("a term that is defined by itself", name));
        }
        if name.is_empty() || name.starts_with('@') {
            return Err(Error::ld("a name that no term may have", name));
        }
        let value = self.members.get(name).unwrap_or(&Value::Null);
        let term = match value {
            Value::String(id) => self.simple(name, id)?,
            Value::Object(definition) => self.full(name, definition)?,
            _ => return Err(Error::ld("a term without a meaning", name)),
        };
        let term = match self.active.terms.get(name) {
            Some(old) if old.protected && !self.overriding => {
                if !old.same_but_for_protection(&term) {
                    return Err(Error::ld("a protected term may not be redefined", name));
                }
                old.clone()
            }
            _ => Arc::new(term),
        };
        self.active.terms.insert(name.into(), term);
        self.open.remove(name);
        self.done.insert(name);
        Ok(())
    }

    fn simple(&mut self, name: &'a str, id: &'a str) -> Result<Term, Error> {
        let meaning = self.meaning(name, Some(id))?;
        let prefix = match &meaning {
            Meaning::Iri(iri) => iri.ends_with([':', '/', '?', '#', '[', ']', '@']),
            _ => false,
        };
        Ok(Term {
            meaning,
            coercion: Coercion::None,
            container: Container::One,
            language: None,
            context: None,
            prefix: prefix && !name.contains([':', '/']),
            protected: self.protected,
        })
    }

    fn full(&mut self, name: &'a str, definition: &'a Map<String, Value>) -> Result<Term, Error> {
        let mut term = Term {
            meaning: Meaning::Id,
            coercion: Coercion::None,
            container: Container::One,
            language: None,
            context: None,
            prefix: false,
            protected: self.protected,
        };
        let mut id = None;
        for (member, value) in definition {
            match (member.as_str(), value) {
                ("@id", Value::String(text)) => id = Some(text.as_str()),
                ("@type", Value::String(text)) => term.coercion = self.coercion(text)?,
                ("@container", Value::String(text)) => {
                    term.container = match text.as_str() {
                        "@set" => Container::Set,
                        "@list" => Container::List,
                        "@graph" => Container::Graph,
                        _ => return Err(Error::ld("a container that is not read here", text)),
                    };
                }
                ("@protected", Value::Bool(flag)) => term.protected = *flag,
                ("@prefix", Value::Bool(flag)) => term.prefix = *flag && !name.contains([':', '/']),
                ("@language", Value::Null) => term.language = Some(None),
                ("@language", Value::String(tag)) if is_language(tag) => {
                    term.language = Some(Some(tag.as_str().into()));
                }
                ("@context", context) => {
                    if context.is_null() && self.origin == Origin::Document {
                        return Err(Error::ld("a context that forgets the others", name));
                    }
                    term.context = Some(Arc::new(Scoped {
                        value: context.clone(),
                        origin: self.origin,
                    }));
                }
                _ => {
                    return Err(Error::ld(
                        "a part of a term definition that is not read here",
                        member,
                    ));
                }
            }
        }
        term.meaning = self.meaning(name, id)?;
        let plain = definition
            .keys()
            .all(|key| matches!(key.as_str(), "@id" | "@protected"));
        if !plain && matches!(term.meaning, Meaning::Id | Meaning::Type) {
            return Err(Error::ld(
                "an alias of a keyword with more than a name",
                name,
            ));
        }
        Ok(term)
    }

    fn meaning(&mut self, name: &'a str, id: Option<&'a str>) -> Result<Meaning, Error> {
        let meaning = match id {
            Some(id) if id != name => self.expand(id)?,
            _ if name.contains(':') => self.expand(name)?,
            _ => match &self.active.vocabulary {
                Some(vocabulary) => Meaning::Iri(checked(format!("{vocabulary}{name}"))?),
                None => return Err(Error::ld("a term without a meaning", name)),
            },
        };
        // A name that looks like an IRI has to mean that IRI, or it would mean two things.
        if name.contains([':', '/'])
            && id.is_some_and(|id| id != name)
            && self.expand(name)? != meaning
        {
            return Err(Error::ld("an IRI that is defined to mean another", name));
        }
        Ok(meaning)
    }

    fn coercion(&mut self, text: &'a str) -> Result<Coercion, Error> {
        Ok(match text {
            "@id" => Coercion::Id,
            "@vocab" => Coercion::Vocab,
            "@json" => Coercion::Json,
            "@none" => Coercion::None,
            _ => match self.expand(text)? {
                Meaning::Iri(iri) => Coercion::Datatype(iri),
                _ => return Err(Error::ld("a type that is a keyword", text)),
            },
        })
    }

    /// Expands with the definitions of this context, made on demand.
    fn expand(&mut self, text: &'a str) -> Result<Meaning, Error> {
        if self.members.contains_key(text) && !text.starts_with('@') {
            self.define(text)?;
        } else if let Some((prefix, suffix)) = text.split_once(':')
            && !suffix.starts_with("//")
            && let Some((prefix, _)) = self.members.get_key_value(prefix)
        {
            self.define(prefix)?;
        }
        self.active.expand(text)
    }
}
