//! Context processing (JSON-LD 1.1 API §4), the part that credentials use.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    Contexts,
    define::{Definitions, Meaning, Term},
    iri::{is_absolute, is_keyword_form, is_language},
};
use crate::{
    Error,
    limits::{MAX_CONTEXT_WORK, MAX_CONTEXTS, MAX_INLINE_CONTEXTS},
};

/// Scoped contexts that are kept compiled beside one list of contexts.
const MAX_SCOPED: usize = 512;

/// Who wrote a context: the pinned library or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Pinned,
    Document,
}

/// An active context.
#[derive(Clone, Default)]
pub(crate) struct Active {
    pub(super) terms: HashMap<Arc<str>, Arc<Term>>,
    pub(super) vocabulary: Option<Arc<str>>,
    pub(super) language: Option<Arc<str>>,
    /// What holds again for nodes below a type-scoped context.
    pub(super) previous: Option<Arc<Active>>,
    /// Whether the library keeps it; then the library also keeps what is compiled on top of it.
    pub(super) kept: bool,
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("terms", &self.terms.len())
            .finish_non_exhaustive()
    }
}

/// Compiled scoped contexts, by the context below, the term and whether a type brought it. What a key
/// points to is held beside it, so that no address comes to mean another.
#[derive(Debug, Default)]
pub(super) struct Memo(
    HashMap<(usize, usize, bool), [Arc<Active>; 2]>,
    Vec<Arc<Term>>,
);

impl Memo {
    fn key(active: &Arc<Active>, term: &Arc<Term>, for_type: bool) -> (usize, usize, bool) {
        (
            Arc::as_ptr(active) as usize,
            Arc::as_ptr(term) as usize,
            for_type,
        )
    }

    fn get(&self, active: &Arc<Active>, term: &Arc<Term>, for_type: bool) -> Option<Arc<Active>> {
        let [_, made] = self.0.get(&Self::key(active, term, for_type))?;
        Some(made.clone())
    }

    fn has_room(&self) -> bool {
        self.0.len() < MAX_SCOPED
    }

    fn keep(&mut self, active: &Arc<Active>, term: &Arc<Term>, for_type: bool, made: &Arc<Active>) {
        if self.has_room() {
            self.1.push(term.clone());
            self.0.insert(
                Self::key(active, term, for_type),
                [active.clone(), made.clone()],
            );
        }
    }
}

impl Active {
    pub(super) fn term(&self, name: &str) -> Option<&Arc<Term>> {
        self.terms.get(name)
    }

    /// What a member's name, a type or an `@vocab` value stands for (§5.2). `Err` when it is undefined.
    pub(super) fn expand(&self, text: &str) -> Result<Meaning, Error> {
        match text {
            "@id" => return Ok(Meaning::Id),
            "@type" => return Ok(Meaning::Type),
            _ => {}
        }
        if is_keyword_form(text) {
            return Err(Error::ld("a keyword that is not read here", text));
        }
        if let Some(term) = self.terms.get(text) {
            return Ok(term.meaning.clone());
        }
        if let Some(iri) = self.absolute(text)? {
            return Ok(Meaning::Iri(iri));
        }
        match &self.vocabulary {
            Some(vocabulary) => checked(format!("{vocabulary}{text}")).map(Meaning::Iri),
            None => Err(Error::ld("a term that no context defines", text)),
        }
    }

    /// An IRI in a place where terms do not count: `@id` and values of `@type: @id`.
    pub(super) fn iri(&self, text: &str) -> Result<Arc<str>, Error> {
        if is_keyword_form(text) {
            return Err(Error::ld("a keyword where an IRI is wanted", text));
        }
        self.absolute(text)?
            .ok_or_else(|| Error::ld("a relative IRI", text))
    }

    fn absolute(&self, text: &str) -> Result<Option<Arc<str>>, Error> {
        let Some((prefix, suffix)) = text.split_once(':') else {
            return Ok(None);
        };
        if prefix != "_"
            && !suffix.starts_with("//")
            && let Some(term) = self.terms.get(prefix)
            && term.prefix
            && let Meaning::Iri(iri) = &term.meaning
        {
            return checked(format!("{iri}{suffix}")).map(Some);
        }
        if prefix == "_" {
            return Err(Error::ld("a blank node where an IRI is wanted", text));
        }
        checked(text.to_owned()).map(Some)
    }
}

pub(super) fn checked(iri: String) -> Result<Arc<str>, Error> {
    if is_absolute(&iri) {
        Ok(iri.into())
    } else {
        Err(Error::ld("not a well-formed IRI", &iri))
    }
}

/// A context written out as the document it would be at an address, `{"@context": {…}}`: what is meant is the inner one.
/// Issuers write this because the common JavaScript processor reads it.
fn unwrapped(members: &Map<String, Value>) -> &Map<String, Value> {
    match members.get("@context") {
        Some(Value::Object(inner)) if members.len() == 1 => inner,
        _ => members,
    }
}

/// Processes the contexts of one document, within the limits.
pub(super) struct Processor<'a> {
    library: &'a Contexts,
    work: Cell<usize>,
    inline: Cell<usize>,
    memo: RefCell<Memo>,
}

impl<'a> Processor<'a> {
    pub(super) fn new(library: &'a Contexts) -> Self {
        Self {
            library,
            work: Cell::new(MAX_CONTEXT_WORK),
            inline: Cell::new(MAX_INLINE_CONTEXTS),
            memo: RefCell::default(),
        }
    }

    /// An `@context` of the document on top of `active`.
    pub(super) fn document(
        &self,
        active: &Arc<Active>,
        local: &Value,
    ) -> Result<Arc<Active>, Error> {
        let items = match local {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        if items.len() > MAX_CONTEXTS {
            return Err(Error::TooLarge {
                what: "contexts in a list",
                limit: MAX_CONTEXTS,
            });
        }
        let addresses: Vec<&str> = items.iter().map_while(Value::as_str).collect();
        let fresh =
            active.terms.is_empty() && active.vocabulary.is_none() && active.previous.is_none();
        let (mut result, rest) = if fresh && !addresses.is_empty() {
            let made = self.library.compiled(&addresses, || {
                let mut made = Active::default();
                for address in &addresses {
                    made = self.address(made, address, false)?;
                }
                Ok(made)
            })?;
            (made, items.get(addresses.len()..).unwrap_or_default())
        } else {
            (active.clone(), items)
        };
        for item in rest {
            let copy = self.copy(&result)?;
            result = Arc::new(match item {
                Value::String(address) => self.address(copy, address, false)?,
                Value::Object(members) => {
                    let left = self.inline.get().checked_sub(1).ok_or(Error::TooLarge {
                        what: "contexts written out in the document",
                        limit: MAX_INLINE_CONTEXTS,
                    })?;
                    self.inline.set(left);
                    self.definitions(copy, unwrapped(members), Origin::Document, false)?
                }
                _ => {
                    return Err(Error::ld(
                        "a context that is neither address nor object",
                        "@context",
                    ));
                }
            });
        }
        Ok(result)
    }

    /// The context of `term` on top of `active`: below a property, or for a node of a type.
    pub(super) fn scoped(
        &self,
        active: &Arc<Active>,
        term: &Arc<Term>,
        for_type: bool,
    ) -> Result<Arc<Active>, Error> {
        let Some(scoped) = &term.context else {
            return Ok(active.clone());
        };
        let known = if active.kept {
            self.library.memo().get(active, term, for_type)
        } else {
            self.memo.borrow().get(active, term, for_type)
        };
        if let Some(made) = known {
            return Ok(made);
        }
        let mut result = self.copy(active)?;
        if for_type && result.previous.is_none() {
            result.previous = Some(active.clone());
        }
        let mut made = self.value(result, &scoped.value, scoped.origin, !for_type)?;
        let mut library = active.kept.then(|| self.library.memo());
        if let Some(library) = library.as_mut().filter(|memo| memo.has_room()) {
            made.kept = true;
            let made = Arc::new(made);
            library.keep(active, term, for_type, &made);
            return Ok(made);
        }
        let made = Arc::new(made);
        self.memo.borrow_mut().keep(active, term, for_type, &made);
        Ok(made)
    }

    fn spend(&self, cost: usize) -> Result<(), Error> {
        let left = self.work.get().checked_sub(cost).ok_or(Error::TooLarge {
            what: "work for contexts",
            limit: MAX_CONTEXT_WORK,
        })?;
        self.work.set(left);
        Ok(())
    }

    fn copy(&self, active: &Active) -> Result<Active, Error> {
        self.spend(active.terms.len().saturating_add(8))?;
        Ok(Active {
            kept: false,
            ..active.clone()
        })
    }

    fn address(&self, active: Active, address: &str, overriding: bool) -> Result<Active, Error> {
        let value = self.library.get(address)?.clone();
        self.value(active, &value, Origin::Pinned, overriding)
    }

    fn value(
        &self,
        mut active: Active,
        value: &Value,
        origin: Origin,
        overriding: bool,
    ) -> Result<Active, Error> {
        match value {
            // Only in pinned contexts: it forgets definitions, which a document must not do.
            Value::Null if origin == Origin::Pinned && overriding => Ok(Active::default()),
            Value::Object(members) => self.definitions(active, members, origin, overriding),
            Value::String(address) => self.address(active, address, overriding),
            Value::Array(items) if items.len() <= MAX_CONTEXTS => {
                for item in items {
                    if item.is_array() {
                        return Err(Error::ld(
                            "a list of contexts in a list of contexts",
                            "@context",
                        ));
                    }
                    active = self.value(active, item, origin, overriding)?;
                }
                Ok(active)
            }
            _ => Err(Error::ld(
                "a context that is neither address nor object",
                "@context",
            )),
        }
    }

    fn definitions(
        &self,
        mut active: Active,
        members: &Map<String, Value>,
        origin: Origin,
        overriding: bool,
    ) -> Result<Active, Error> {
        self.spend(members.len().saturating_mul(8).saturating_add(8))?;
        let mut protected = false;
        for (name, value) in members.iter().filter(|(name, _)| name.starts_with('@')) {
            match (name.as_str(), value) {
                ("@version", Value::Number(n)) if n.as_f64() == Some(1.1) => {}
                ("@protected", Value::Bool(flag)) => protected = *flag,
                ("@vocab", Value::String(iri)) => active.vocabulary = Some(checked(iri.clone())?),
                ("@language", Value::String(tag)) if is_language(tag) => {
                    active.language = Some(tag.as_str().into());
                }
                _ => return Err(Error::ld("a context member that is not read here", name)),
            }
        }
        let mut work = Definitions::new(active, members, origin, overriding, protected);
        for name in members.keys().filter(|name| !name.starts_with('@')) {
            work.define(name)?;
        }
        Ok(work.done())
    }
}
