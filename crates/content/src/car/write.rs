//! Writing CAR version 1.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;

use crate::ipld::{Cid, Ipld, Result, Sink, dag_cbor, protobuf::put_varint};

/// Writes blocks into a CAR.
#[derive(Debug)]
pub struct Writer<W>(W);

impl<W: Write> Writer<W> {
    /// Begins a CAR.
    ///
    /// # Errors
    /// What `to` says.
    pub fn new(mut to: W, roots: &[Cid]) -> Result<Self> {
        let roots = roots.iter().map(|cid| Ipld::Link(*cid)).collect();
        let header = dag_cbor::encode(&Ipld::Map(BTreeMap::from([
            ("roots".to_owned(), Ipld::List(roots)),
            ("version".to_owned(), Ipld::Integer(1)),
        ])))?;
        let mut head = Vec::new();
        put_varint(&mut head, header.len() as u64);
        to.write_all(&head)?;
        to.write_all(&header)?;
        Ok(Self(to))
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.0
    }
}

impl<W: Write> Sink for Writer<W> {
    fn put(&mut self, cid: &Cid, block: Bytes) -> Result<()> {
        let cid = cid.to_bytes();
        let mut head = Vec::with_capacity(cid.len() + 5);
        put_varint(&mut head, (cid.len() + block.len()) as u64);
        head.extend_from_slice(&cid);
        self.0.write_all(&head)?;
        self.0.write_all(&block)?;
        Ok(())
    }
}
