//! How much a document may ask of a reader. Everything is checked before it is done.

/// Bytes of a credential or presentation.
pub const MAX_DOCUMENT: usize = 1024 * 1024;
/// Levels of nesting.
pub const MAX_DEPTH: usize = 48;
/// Values (objects, arrays, strings, numbers) in a document.
pub const MAX_VALUES: usize = 16_384;
/// Contexts written out in a document.
pub const MAX_INLINE_CONTEXTS: usize = 32;
/// Contexts in one list.
pub const MAX_CONTEXTS: usize = 32;
/// Units of work for the contexts of one document: a term taken over is one, a term defined eight.
pub const MAX_CONTEXT_WORK: usize = 400_000;
/// Statements of a graph.
pub const MAX_QUADS: usize = 4096;
/// Bytes hashed while a graph is put in order.
pub const MAX_HASHED: usize = 4 * 1024 * 1024;
/// How deep the ordering of indistinguishable nodes may go.
pub const MAX_ORDER_DEPTH: usize = 48;
/// Proofs of a document.
pub const MAX_PROOFS: usize = 8;
/// Credentials in a presentation.
pub const MAX_CREDENTIALS: usize = 16;
/// Bytes of a status list before compression: two million entries of four bits.
pub const MAX_STATUS_LIST: usize = 1024 * 1024;
/// Steps in the judgement by a JSON schema.
pub const MAX_SCHEMA_WORK: usize = 200_000;
/// Disclosures of an SD-JWT.
pub const MAX_DISCLOSURES: usize = 512;
