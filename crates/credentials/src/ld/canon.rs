//! RDF Dataset Canonicalization (RDFC-1.0), with a budget.
//!
//! Naming indistinguishable blank nodes is exponential in the worst case, and a graph can be made
//! to be that case. Every byte hashed counts against [`MAX_HASHED`]; a graph that needs more is
//! refused.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::rdf::{Hash, Quad};
use crate::{
    Error,
    limits::{MAX_HASHED, MAX_ORDER_DEPTH},
};

/// The canonical N-Quads of `quads`.
pub(crate) fn canonicalize(quads: &[Quad], hash: Hash) -> Result<String, Error> {
    let mut mentions: BTreeMap<u32, Vec<&Quad>> = BTreeMap::new();
    for quad in quads {
        let mut seen = HashSet::new();
        for (_, id) in quad.blanks() {
            if seen.insert(id) {
                mentions.entry(id).or_default().push(quad);
            }
        }
    }
    let mut canon = Canon {
        hash,
        mentions,
        first: HashMap::new(),
        issued: Issuer::new("c14n"),
        budget: Cell::new(MAX_HASHED),
    };
    canon.name()?;
    let mut lines: Vec<String> = quads
        .iter()
        .map(|quad| quad.line(&|id| canon.issued.get(id).unwrap_or_default()))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.concat())
}

struct Canon<'a> {
    hash: Hash,
    mentions: BTreeMap<u32, Vec<&'a Quad>>,
    first: HashMap<u32, String>,
    issued: Issuer,
    budget: Cell<usize>,
}

impl Canon<'_> {
    /// §4.4.3: names for all blank nodes.
    fn name(&mut self) -> Result<(), Error> {
        let mut by_hash: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let ids: Vec<u32> = self.mentions.keys().copied().collect();
        for id in ids {
            let hash = self.first_degree(id)?;
            self.first.insert(id, hash.clone());
            by_hash.entry(hash).or_default().push(id);
        }
        let mut alike = Vec::new();
        for ids in by_hash.into_values() {
            match ids.as_slice() {
                [id] => drop(self.issued.issue(*id)),
                _ => alike.push(ids),
            }
        }
        for ids in alike {
            let mut paths = Vec::new();
            for id in ids {
                if self.issued.get(id).is_some() {
                    continue;
                }
                let mut issuer = Issuer::new("b");
                issuer.issue(id);
                paths.push(self.n_degree(id, issuer, 0)?);
            }
            paths.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, issuer) in paths {
                for id in issuer.order {
                    self.issued.issue(id);
                }
            }
        }
        Ok(())
    }

    fn digest(&self, text: &str) -> Result<String, Error> {
        // A hash costs something even of nothing.
        let cost = text.len().saturating_add(64);
        let left = self.budget.get().checked_sub(cost).ok_or(Error::Poison)?;
        self.budget.set(left);
        Ok(self.hash.hex(text.as_bytes()))
    }

    /// §4.6: what can be said of a blank node by its own statements.
    fn first_degree(&self, id: u32) -> Result<String, Error> {
        let mut lines: Vec<String> = self
            .mentions
            .get(&id)
            .into_iter()
            .flatten()
            .map(|quad| quad.line(&|other| if other == id { "a" } else { "z" }.to_owned()))
            .collect();
        lines.sort_unstable();
        self.digest(&lines.concat())
    }

    /// §4.7: the hash of a neighbour.
    fn related(
        &self,
        id: u32,
        quad: &Quad,
        issuer: &Issuer,
        position: char,
    ) -> Result<String, Error> {
        let mut input = String::from(position);
        if position != 'g' {
            input.push('<');
            input.push_str(&quad.predicate);
            input.push('>');
        }
        if let Some(name) = self.issued.get(id).or_else(|| issuer.get(id)) {
            input.push_str("_:");
            input.push_str(&name);
        } else {
            input.push_str(self.first.get(&id).map_or("", String::as_str));
        }
        self.digest(&input)
    }

    /// §4.8: what can be said of a blank node by its neighbours.
    fn n_degree(
        &self,
        id: u32,
        mut issuer: Issuer,
        depth: usize,
    ) -> Result<(String, Issuer), Error> {
        if depth > MAX_ORDER_DEPTH {
            return Err(Error::Poison);
        }
        let mut neighbours: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for quad in self.mentions.get(&id).into_iter().flatten() {
            for (position, other) in quad.blanks() {
                if other != id {
                    let hash = self.related(other, quad, &issuer, position)?;
                    neighbours.entry(hash).or_default().push(other);
                }
            }
        }
        let mut data = String::new();
        for (hash, mut group) in neighbours {
            data.push_str(&hash);
            let mut chosen: Option<(String, Issuer)> = None;
            group.sort_unstable();
            let mut order: Vec<usize> = (0..group.len()).collect();
            loop {
                let members: Vec<u32> = order
                    .iter()
                    .filter_map(|place| group.get(*place).copied())
                    .collect();
                // Walking a path costs at least what is written of it.
                self.spend(members.len() * 16 + issuer.order.len() * 8)?;
                if let Some((path, made)) = self.path(
                    &members,
                    &issuer,
                    chosen.as_ref().map(|(path, _)| path.as_str()),
                    depth,
                )? && chosen.as_ref().is_none_or(|(best, _)| path < *best)
                {
                    chosen = Some((path, made));
                }
                if !next_permutation(&mut order) {
                    break;
                }
            }
            if let Some((path, made)) = chosen {
                data.push_str(&path);
                issuer = made;
            }
        }
        Ok((self.digest(&data)?, issuer))
    }

    fn spend(&self, cost: usize) -> Result<(), Error> {
        let left = self.budget.get().checked_sub(cost).ok_or(Error::Poison)?;
        self.budget.set(left);
        Ok(())
    }

    /// One order of a group of neighbours; `None` when it is already worse than `best`.
    fn path(
        &self,
        members: &[u32],
        issuer: &Issuer,
        best: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, Error> {
        let worse = |path: &str| {
            best.is_some_and(|best| !best.is_empty() && path.len() >= best.len() && path > best)
        };
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut deeper = Vec::new();
        for member in members {
            path.push_str("_:");
            if let Some(name) = self.issued.get(*member) {
                path.push_str(&name);
            } else {
                if issuer.get(*member).is_none() {
                    deeper.push(*member);
                }
                path.push_str(&issuer.issue(*member));
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for member in deeper {
            let (hash, made) = self.n_degree(member, issuer.clone(), depth + 1)?;
            path.push_str("_:");
            path.push_str(&issuer.issue(member));
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = made;
            if worse(&path) {
                return Ok(None);
            }
        }
        Ok(Some((path, issuer)))
    }
}

/// §4.5: hands out names in order.
#[derive(Clone)]
struct Issuer {
    prefix: &'static str,
    order: Vec<u32>,
    names: HashMap<u32, usize>,
}

impl Issuer {
    fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            order: Vec::new(),
            names: HashMap::new(),
        }
    }

    fn get(&self, id: u32) -> Option<String> {
        self.names
            .get(&id)
            .map(|number| format!("{}{number}", self.prefix))
    }

    fn issue(&mut self, id: u32) -> String {
        let next = self.order.len();
        let number = *self.names.entry(id).or_insert(next);
        if number == next {
            self.order.push(id);
        }
        format!("{}{number}", self.prefix)
    }
}

/// The next order of places, lexicographically; `false` after the last.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(pivot) = (1..order.len())
        .rev()
        .find(|i| order.get(i - 1) < order.get(*i))
    else {
        return false;
    };
    let last = (pivot..order.len())
        .rev()
        .find(|i| order.get(*i) > order.get(pivot - 1))
        .unwrap_or(pivot);
    order.swap(pivot - 1, last);
    if let Some(tail) = order.get_mut(pivot..) {
        tail.reverse();
    }
    true
}
