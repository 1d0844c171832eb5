//! HTTP as such: who may ask, what every answer carries, how bodies and errors look.

pub(crate) mod bytes;
pub(crate) mod extract;
pub(crate) mod headers;
pub(crate) mod hidden;
pub(crate) mod linger;
pub(crate) mod media;
pub(crate) mod origin;
pub(crate) mod policy;
pub(crate) mod problem;
pub(crate) mod range;
