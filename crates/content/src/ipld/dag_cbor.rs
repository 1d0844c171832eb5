//! DAG-CBOR. Written in its one encoding: definite lengths, shortest integers, keys by length and then by bytes, CIDs under
//! tag 42.

use super::{Error, Ipld, MAX_NESTING, Result, check_nesting, check_size};

const WHAT: &str = "DAG-CBOR";

/// Reads a value.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Limit`].
pub fn decode(block: &[u8]) -> Result<Ipld> {
    check_size(block.len())?;
    let value: Ipld = serde_ipld_dagcbor::from_slice(block)
        .map_err(|error| Error::malformed(WHAT, error.to_string()))?;
    check_nesting(&value, MAX_NESTING)?;
    Ok(value)
}

/// Writes a value.
///
/// # Errors
/// [`Error::Malformed`] for what CBOR has no form for (a number that is infinite, an integer over 64 bits).
pub fn encode(value: &Ipld) -> Result<Vec<u8>> {
    check_nesting(value, MAX_NESTING)?;
    serde_ipld_dagcbor::to_vec(value).map_err(|error| Error::malformed(WHAT, error.to_string()))
}
