//! JSON-LD in the strict part that signatures may rest on, and the graphs it stands for.
//!
//! The processor is not a general one. It reads what credentials use, and it refuses every member
//! and value that would not end up in the graph: undefined terms, relative IRIs, `null`, empty
//! arrays, index maps. So whatever a reader sees in the JSON is what was signed. Contexts come
//! from [`Contexts`] and are never fetched.

mod canon;
mod context;
mod define;
mod expand;
mod iri;
mod library;
mod literal;
mod rdf;

pub(crate) use canon::canonicalize;
pub(crate) use expand::{graph, meaning, strings};
pub(crate) use iri::{is_absolute, is_language};
pub use library::Contexts;
pub(crate) use rdf::Hash;

#[cfg(test)]
mod tests;
