//! From JSON-LD to a graph in one pass (JSON-LD 1.1 API §5 and §8), refusing what would be lost.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    Contexts,
    context::{Active, Processor},
    define::{Coercion, Container, Meaning, Term},
    literal::{json_literal, literal, value_object},
    rdf::{Node, Object, Quad, RDF},
};
use crate::{Error, limits::MAX_QUADS};

/// The graph that `document` stands for. An error names the first member that has no meaning.
pub(crate) fn graph(library: &Contexts, document: &Map<String, Value>) -> Result<Vec<Quad>, Error> {
    expand(library, document, false)
}

/// Whether every member of `document` has a meaning, for documents whose bytes are signed: a text may
/// have a direction, which no graph keeps.
pub(crate) fn meaning(library: &Contexts, document: &Map<String, Value>) -> Result<(), Error> {
    expand(library, document, true).map(drop)
}

fn expand(
    library: &Contexts,
    document: &Map<String, Value>,
    directions: bool,
) -> Result<Vec<Quad>, Error> {
    let mut expansion = Expansion {
        contexts: Processor::new(library),
        directions,
        quads: Vec::new(),
        seen: HashSet::new(),
        labels: HashMap::new(),
        blanks: 0,
    };
    let active = Arc::new(Active::default());
    expansion.node(&active, None, document, None)?;
    if expansion.quads.is_empty() {
        return Err(Error::ld("nothing is said", "the document"));
    }
    Ok(expansion.quads)
}

/// The strings of a member that holds one string or a list of them; `None` for anything else.
pub(crate) fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

struct Expansion<'a> {
    contexts: Processor<'a>,
    directions: bool,
    quads: Vec<Quad>,
    seen: HashSet<Quad>,
    labels: HashMap<String, u32>,
    blanks: u32,
}

impl Expansion<'_> {
    fn blank(&mut self) -> Node {
        self.blanks = self.blanks.saturating_add(1);
        Node::Blank(self.blanks)
    }

    fn say(
        &mut self,
        subject: &Node,
        predicate: &Arc<str>,
        object: Object,
        graph: Option<&Node>,
    ) -> Result<(), Error> {
        let quad = Quad {
            subject: subject.clone(),
            predicate: predicate.clone(),
            object,
            graph: graph.cloned(),
        };
        if self.seen.insert(quad.clone()) {
            if self.quads.len() >= MAX_QUADS {
                return Err(Error::TooLarge {
                    what: "statements of the graph",
                    limit: MAX_QUADS,
                });
            }
            self.quads.push(quad);
        }
        Ok(())
    }

    /// A node object below `property`; returns its name.
    fn node(
        &mut self,
        active: &Arc<Active>,
        property: Option<&Arc<Term>>,
        object: &Map<String, Value>,
        graph: Option<&Node>,
    ) -> Result<Node, Error> {
        let mut active = self.enter(active, property, object)?;
        if let Some(local) = object.get("@context") {
            active = self.contexts.document(&active, local)?;
        }
        let typed = active.clone();
        let mut types = Vec::new();
        for (name, value) in object {
            if name != "@context" && typed.expand(name) == Ok(Meaning::Type) {
                if !types.is_empty() {
                    return Err(Error::ld("two members for the type", name));
                }
                let names = strings(value).filter(|names| !names.is_empty());
                types =
                    names.ok_or_else(|| Error::ld("a type is a string or a list of them", name))?;
            }
        }
        let mut sorted = types.clone();
        sorted.sort_unstable();
        for name in sorted {
            if let Some(term) = typed.term(name)
                && term.context.is_some()
            {
                active = self.contexts.scoped(&active, term, true)?;
            }
        }
        let subject = self.subject(&active, object)?;
        let a: Arc<str> = format!("{RDF}type").into();
        for name in types {
            let object = self.type_name(&typed, name)?;
            self.say(&subject, &a, Object::Node(object), graph)?;
        }
        for (name, value) in object {
            if name == "@context" {
                continue;
            }
            match active.expand(name)? {
                Meaning::Id => {}
                Meaning::Type if typed.expand(name) == Ok(Meaning::Type) => {}
                Meaning::Type => {
                    return Err(Error::ld("a type by a name that the type defines", name));
                }
                Meaning::Iri(predicate) => {
                    if typed.expand(name) == Ok(Meaning::Type) {
                        return Err(Error::ld(
                            "a type that means something else below itself",
                            name,
                        ));
                    }
                    let term = active.term(name).cloned();
                    self.property(
                        &active,
                        term.as_ref(),
                        (&subject, &predicate, graph),
                        name,
                        value,
                    )?;
                }
            }
        }
        Ok(subject)
    }

    /// The context inside an object: type-scoped ones end here, property-scoped ones begin.
    fn enter(
        &self,
        active: &Arc<Active>,
        property: Option<&Arc<Term>>,
        object: &Map<String, Value>,
    ) -> Result<Arc<Active>, Error> {
        let mut inner = active.clone();
        if let Some(previous) = &active.previous
            && !object.contains_key("@value")
            && !(object.len() == 1
                && object
                    .keys()
                    .all(|name| active.expand(name) == Ok(Meaning::Id)))
        {
            inner = previous.clone();
        }
        match property {
            Some(term) => self.contexts.scoped(&inner, term, false),
            None => Ok(inner),
        }
    }

    fn subject(&mut self, active: &Active, object: &Map<String, Value>) -> Result<Node, Error> {
        let mut subject = None;
        for (name, value) in object {
            if name != "@context" && active.expand(name)? == Meaning::Id {
                let text = value
                    .as_str()
                    .ok_or_else(|| Error::ld("an identifier that is no string", name))?;
                if subject.is_some() {
                    return Err(Error::ld("two members for the identifier", name));
                }
                subject = Some(self.name(active, text)?);
            }
        }
        Ok(match subject {
            Some(subject) => subject,
            None => self.blank(),
        })
    }

    /// A node by its name: an IRI, or a blank node of this document.
    fn name(&mut self, active: &Active, text: &str) -> Result<Node, Error> {
        let Some(label) = text.strip_prefix("_:") else {
            return active.iri(text).map(Node::Iri);
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if label.is_empty() || label.len() > 64 || !label.chars().all(plain) {
            return Err(Error::ld("not the name of a blank node", text));
        }
        if let Some(id) = self.labels.get(label) {
            return Ok(Node::Blank(*id));
        }
        self.blanks = self.blanks.saturating_add(1);
        self.labels.insert(label.to_owned(), self.blanks);
        Ok(Node::Blank(self.blanks))
    }

    fn type_name(&mut self, active: &Active, text: &str) -> Result<Node, Error> {
        if text.starts_with("_:") {
            return self.name(active, text);
        }
        match active.expand(text)? {
            Meaning::Iri(iri) => Ok(Node::Iri(iri)),
            _ => Err(Error::ld("a type that is a keyword", text)),
        }
    }

    fn property(
        &mut self,
        active: &Arc<Active>,
        term: Option<&Arc<Term>>,
        (subject, predicate, graph): (&Node, &Arc<str>, Option<&Node>),
        name: &str,
        value: &Value,
    ) -> Result<(), Error> {
        if term.is_some_and(|term| term.coercion == Coercion::Json) {
            return self.say(subject, predicate, json_literal(value)?, graph);
        }
        let container = term.map_or(Container::One, |term| term.container);
        let items = match value {
            Value::Array(items) if items.is_empty() && container != Container::List => {
                return Err(Error::ld("an empty list, which says nothing", name));
            }
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        match container {
            Container::List => {
                let object = self.list(active, term, items, name, graph)?;
                self.say(subject, predicate, Object::Node(object), graph)
            }
            Container::Graph => items.iter().try_for_each(|item| {
                let Value::Object(object) = item else {
                    return Err(Error::ld("a graph that is no object", name));
                };
                let inner = self.blank();
                self.say(subject, predicate, Object::Node(inner.clone()), graph)?;
                let before = self.quads.len();
                self.node(active, term, object, Some(&inner))?;
                if self.quads.len() == before {
                    return Err(Error::ld("a graph that says nothing", name));
                }
                Ok(())
            }),
            Container::One | Container::Set => items.iter().try_for_each(|item| {
                let object = self.value(active, term, item, name, graph)?;
                self.say(subject, predicate, object, graph)
            }),
        }
    }

    /// An ordered list as a chain of nodes.
    fn list(
        &mut self,
        active: &Arc<Active>,
        term: Option<&Arc<Term>>,
        items: &[Value],
        name: &str,
        graph: Option<&Node>,
    ) -> Result<Node, Error> {
        let (first, rest): (Arc<str>, Arc<str>) =
            (format!("{RDF}first").into(), format!("{RDF}rest").into());
        let mut next = Node::Iri(format!("{RDF}nil").into());
        for item in items.iter().rev() {
            let cell = self.blank();
            let object = self.value(active, term, item, name, graph)?;
            self.say(&cell, &first, object, graph)?;
            self.say(&cell, &rest, Object::Node(next), graph)?;
            next = cell;
        }
        Ok(next)
    }

    fn value(
        &mut self,
        active: &Arc<Active>,
        term: Option<&Arc<Term>>,
        value: &Value,
        name: &str,
        graph: Option<&Node>,
    ) -> Result<Object, Error> {
        match value {
            Value::Null => Err(Error::ld("null, which says nothing", name)),
            Value::Array(_) => Err(Error::ld("a list in a list", name)),
            Value::Object(object) if object.contains_key("@value") => {
                let active = self.enter(active, term, object)?;
                value_object(&active, object, self.directions)
            }
            Value::Object(object) if object.contains_key("@list") => {
                let (Some(items), 1) =
                    (object.get("@list").and_then(Value::as_array), object.len())
                else {
                    return Err(Error::ld("a list with more than its items", name));
                };
                self.list(active, term, items, name, graph)
                    .map(Object::Node)
            }
            Value::Object(object) => self.node(active, term, object, graph).map(Object::Node),
            scalar => {
                let active = match term {
                    Some(term) => self.contexts.scoped(active, term, false)?,
                    None => active.clone(),
                };
                self.scalar(&active, term, scalar)
            }
        }
    }

    fn scalar(
        &mut self,
        active: &Active,
        term: Option<&Arc<Term>>,
        value: &Value,
    ) -> Result<Object, Error> {
        let coercion = term.map_or(&Coercion::None, |term| &term.coercion);
        match (coercion, value) {
            (Coercion::Id, Value::String(text)) => self.name(active, text).map(Object::Node),
            (Coercion::Vocab, Value::String(text)) => {
                self.type_name(active, text).map(Object::Node)
            }
            (Coercion::Datatype(datatype), value) => literal(value, Some(datatype.clone())),
            (_, Value::String(text)) => {
                let language = match term.and_then(|term| term.language.clone()) {
                    Some(own) => own,
                    None => active.language.clone(),
                };
                Ok(Object::Literal {
                    text: text.clone(),
                    datatype: None,
                    language,
                })
            }
            (_, value) => literal(value, None),
        }
    }
}
