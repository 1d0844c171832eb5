//! DAG-PB: some bytes and links with names. Strict: no unknown field, no repeated one, each in its place. Both orders of
//! a node's two fields are read; links first is written.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::protobuf::{Fields, bytes_len, put_bytes, put_number, varint_len};
use super::{Cid, Error, Ipld, Result, check_size, cid_from_bytes};

const WHAT: &str = "DAG-PB node";

/// A link of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it leads to.
    pub cid: Cid,
    /// Its name.
    pub name: Option<String>,
    /// Bytes of everything below, as whoever wrote the node says.
    pub size: Option<u64>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Its bytes.
    pub data: Option<Bytes>,
    /// Its links.
    pub links: Vec<Link>,
}

impl Node {
    /// Reads a node.
    ///
    /// # Errors
    /// [`Error::Malformed`]; [`Error::Limit`] for more than a block.
    pub fn decode(block: &Bytes) -> Result<Self> {
        check_size(block.len())?;
        let mut node = Self::default();
        let mut links_ended = false;
        for field in Fields::new(WHAT, block) {
            match field? {
                (1, value) if node.data.is_none() => {
                    node.data = Some(block.slice_ref(value.bytes(WHAT)?));
                    links_ended = !node.links.is_empty();
                }
                (2, value) if !links_ended => node.links.push(link(value.bytes(WHAT)?)?),
                (1, _) => return Err(Error::malformed(WHAT, "its data stand there twice")),
                (2, _) => return Err(Error::malformed(WHAT, "its data stand between its links")),
                _ => return Err(Error::malformed(WHAT, "an unknown field")),
            }
        }
        Ok(node)
    }

    /// Writes the node, links first. The caller has brought the links into order.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.encoded_len());
        for link in &self.links {
            let mut inner = Vec::with_capacity(link.encoded_len());
            put_bytes(&mut inner, 1, &link.cid.to_bytes());
            if let Some(name) = &link.name {
                put_bytes(&mut inner, 2, name.as_bytes());
            }
            if let Some(size) = link.size {
                put_number(&mut inner, 3, size);
            }
            put_bytes(&mut out, 2, &inner);
        }
        if let Some(data) = &self.data {
            put_bytes(&mut out, 1, data);
        }
        out.into()
    }

    /// Bytes of the encoded node.
    pub fn encoded_len(&self) -> usize {
        let links = self.links.iter().map(|link| bytes_len(link.encoded_len()));
        let data = self.data.as_ref().map_or(0, |data| bytes_len(data.len()));
        links.sum::<usize>() + data
    }

    /// The node as a value.
    pub fn into_ipld(self) -> Ipld {
        let mut map = BTreeMap::new();
        if let Some(data) = self.data {
            map.insert("Data".to_owned(), Ipld::Bytes(data.to_vec()));
        }
        let links = self.links.into_iter().map(|link| {
            let mut map = BTreeMap::from([("Hash".to_owned(), Ipld::Link(link.cid))]);
            if let Some(name) = link.name {
                map.insert("Name".to_owned(), Ipld::String(name));
            }
            if let Some(size) = link.size {
                map.insert("Tsize".to_owned(), Ipld::Integer(size.into()));
            }
            Ipld::Map(map)
        });
        map.insert("Links".to_owned(), Ipld::List(links.collect()));
        Ipld::Map(map)
    }

    /// The node that a value describes, when it is one: links in the order of their names, nothing else in it.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_ipld(value: &Ipld) -> Result<Self> {
        let form = |why: &str| Error::malformed(WHAT, why);
        let Ipld::Map(map) = value else {
            return Err(form("it is no map"));
        };
        let data = match map.get("Data") {
            None => None,
            Some(Ipld::Bytes(bytes)) => Some(Bytes::copy_from_slice(bytes)),
            Some(_) => return Err(form("its data are no bytes")),
        };
        let Some(Ipld::List(links)) = map.get("Links") else {
            return Err(form("it has no list of links"));
        };
        if map.len() != 1 + usize::from(data.is_some()) {
            return Err(form("an unknown field"));
        }
        let links = links
            .iter()
            .map(link_from_ipld)
            .collect::<Result<Vec<_>>>()?;
        let name = |link: &Link| link.name.clone().unwrap_or_default().into_bytes();
        if !links.is_sorted_by_key(name) {
            return Err(form("its links are not in the order of their names"));
        }
        Ok(Self { data, links })
    }
}

impl Link {
    pub(crate) fn encoded_len(&self) -> usize {
        bytes_len(self.cid.encoded_len())
            + self.name.as_ref().map_or(0, |name| bytes_len(name.len()))
            + self.size.map_or(0, |size| 1 + varint_len(size))
    }
}

fn link(bytes: &[u8]) -> Result<Link> {
    let (mut cid, mut name, mut size) = (None, None, None);
    for field in Fields::new(WHAT, bytes) {
        match field? {
            (1, value) if cid.is_none() && name.is_none() && size.is_none() => {
                cid = Some(cid_from_bytes(value.bytes(WHAT)?)?);
            }
            (2, value) if name.is_none() && size.is_none() => {
                let text = std::str::from_utf8(value.bytes(WHAT)?)
                    .map_err(|_| Error::malformed(WHAT, "a name is no UTF-8"))?;
                name = Some(text.to_owned());
            }
            (3, value) if size.is_none() => size = Some(value.number(WHAT)?),
            (1..=3, _) => {
                return Err(Error::malformed(WHAT, "a link's fields are not in order"));
            }
            _ => return Err(Error::malformed(WHAT, "a link with an unknown field")),
        }
    }
    let cid = cid.ok_or_else(|| Error::malformed(WHAT, "a link leads nowhere"))?;
    Ok(Link { cid, name, size })
}

fn link_from_ipld(value: &Ipld) -> Result<Link> {
    let form = |why: &str| Error::malformed(WHAT, why);
    let Ipld::Map(map) = value else {
        return Err(form("a link is no map"));
    };
    let Some(Ipld::Link(cid)) = map.get("Hash") else {
        return Err(form("a link leads nowhere"));
    };
    let name = match map.get("Name") {
        None => None,
        Some(Ipld::String(name)) => Some(name.clone()),
        Some(_) => return Err(form("a link's name is no text")),
    };
    let size = match map.get("Tsize") {
        None => None,
        Some(Ipld::Integer(size)) => {
            Some(u64::try_from(*size).map_err(|_| form("a link's size is out of range"))?)
        }
        Some(_) => return Err(form("a link's size is no number")),
    };
    if map.len() != 1 + usize::from(name.is_some()) + usize::from(size.is_some()) {
        return Err(form("a link with an unknown field"));
    }
    Ok(Link {
        cid: *cid,
        name,
        size,
    })
}
