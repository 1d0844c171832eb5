//! Quads, and how they are written.

use std::{fmt::Write as _, sync::Arc};

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The namespace of RDF's own terms.
pub(super) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// An IRI or a blank node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Iri(Arc<str>),
    Blank(u32),
}

/// What a statement says of its subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Object {
    Node(Node),
    Literal {
        text: String,
        /// `None` is `xsd:string`.
        datatype: Option<Arc<str>>,
        language: Option<Arc<str>>,
    },
}

/// A statement, in the default graph or a named one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Quad {
    pub(crate) subject: Node,
    pub(crate) predicate: Arc<str>,
    pub(crate) object: Object,
    pub(crate) graph: Option<Node>,
}

impl Quad {
    /// The blank nodes of this statement with their positions: subject, object, graph.
    pub(crate) fn blanks(&self) -> impl Iterator<Item = (char, u32)> + '_ {
        let of = |position, node: Option<&Node>| match node {
            Some(Node::Blank(id)) => Some((position, *id)),
            _ => None,
        };
        let object = match &self.object {
            Object::Node(node) => Some(node),
            Object::Literal { .. } => None,
        };
        [
            of('s', Some(&self.subject)),
            of('o', object),
            of('g', self.graph.as_ref()),
        ]
        .into_iter()
        .flatten()
    }

    /// The canonical N-Quads line (RDF Dataset Canonicalization §5), with the blank nodes named by `name`.
    pub(crate) fn line(&self, name: &impl Fn(u32) -> String) -> String {
        let mut out = String::new();
        node(&mut out, &self.subject, name);
        let _ = write!(out, " <{}> ", self.predicate);
        match &self.object {
            Object::Node(object) => node(&mut out, object, name),
            Object::Literal {
                text,
                datatype,
                language,
            } => {
                out.push('"');
                text.chars().for_each(|c| escaped(&mut out, c));
                out.push('"');
                if let Some(language) = language {
                    let _ = write!(out, "@{language}");
                } else if let Some(datatype) = datatype {
                    let _ = write!(out, "^^<{datatype}>");
                }
            }
        }
        if let Some(graph) = &self.graph {
            out.push(' ');
            node(&mut out, graph, name);
        }
        out.push_str(" .\n");
        out
    }
}

fn node(out: &mut String, node: &Node, name: &impl Fn(u32) -> String) {
    let _ = match node {
        Node::Iri(iri) => write!(out, "<{iri}>"),
        Node::Blank(id) => write!(out, "_:{}", name(*id)),
    };
}

fn escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..='\u{1f}' | '\u{7f}' => {
            let _ = write!(out, "\\u{:04X}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// The hash of a cryptosuite; the ordering of its graphs uses the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    pub(crate) fn hex(self, bytes: &[u8]) -> String {
        hex(&self.of(bytes))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
