//! Which blocks somebody needs to check a path and what is at its end: the trustless gateway's `dag-scope`,
//! `entity-bytes` and `dups`, depth first.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;

use crate::ipld::{Blocks, Cid, DAG_PB, Error, RAW, Result, Sink, fetch, inline, links, resolve};
use crate::unixfs::{File, Flow, Stat, list_block, stat_of};

/// Most blocks that are written a second time, when they are wanted as often as they are linked.
const MAX_REPEATS: u64 = 1 << 20;
/// How deep links are followed.
const MAX_DEPTH: usize = 1024;

/// How much of what a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The block at the end of the path.
    Block,
    /// The file there, or the folder without what is in it.
    Entity,
    /// Everything below.
    #[default]
    All,
}

/// Bytes of a file, the last one included. Negative numbers count from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub from: i64,
    /// The last byte; `None` is the end.
    pub to: Option<i64>,
}

impl ByteRange {
    fn of(self, size: u64) -> Range<u64> {
        let place = |at: i64| {
            if at < 0 {
                size.saturating_sub(at.unsigned_abs())
            } else {
                at.unsigned_abs()
            }
        };
        let end = match self.to {
            Some(to) if to < 0 && to.unsigned_abs() > size => 0,
            Some(to) => place(to).saturating_add(1),
            None => size,
        };
        place(self.from)..end
    }
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// How much.
    pub scope: Scope,
    /// Which bytes, when it is a file and the scope is [`Scope::Entity`].
    pub bytes: Option<ByteRange>,
    /// Whether a block comes as often as it is linked.
    pub duplicates: bool,
}

/// Gives `out` the blocks of a path and of what it leads to, in the order in which a reader meets them. Blocks that a CID
/// holds itself are left out.
///
/// # Errors
/// As [`resolve`], as the store says; [`Error::Limit`] for more than 1,048,576 repetitions.
pub fn export(
    blocks: &dyn Blocks,
    root: &Cid,
    steps: &[&str],
    selection: Selection,
    out: &mut dyn Sink,
) -> Result<()> {
    let recorder = Recorder {
        blocks,
        duplicates: selection.duplicates,
        state: RefCell::new(State {
            out,
            seen: HashSet::new(),
            repeats: 0,
        }),
    };
    let end = resolve(&recorder, root, steps)?;
    // A path that ends within a block has this block as its end, and the way there has it already.
    if !end.within.is_empty() {
        return Ok(());
    }
    let block = fetch(&recorder, &end.cid)?;
    match selection.scope {
        Scope::Block => Ok(()),
        Scope::Entity => entity(&recorder, &end.cid, block, selection.bytes),
        Scope::All => all(&recorder, &end.cid, &block),
    }
}

fn entity(
    recorder: &Recorder<'_>,
    cid: &Cid,
    block: Bytes,
    bytes: Option<ByteRange>,
) -> Result<()> {
    if !matches!(cid.codec(), RAW | DAG_PB) {
        return Ok(());
    }
    match stat_of(cid, &block)? {
        Stat::File(size) => {
            let range = bytes.map_or(0..size, |bytes| bytes.of(size));
            File::from_block(*cid, block)?
                .read(recorder, range)
                .try_for_each(|piece| piece.map(drop))
        }
        Stat::Folder => list_block(recorder, cid, &block, &mut |_| Ok(Flow::Continue(()))),
        _ => Ok(()),
    }
}

fn all(recorder: &Recorder<'_>, cid: &Cid, block: &Bytes) -> Result<()> {
    let mut open = vec![links(cid, block)?.into_iter()];
    while let Some(below) = open.last_mut() {
        let Some(cid) = below.next() else {
            open.pop();
            continue;
        };
        if !recorder.duplicates && recorder.has(&cid) {
            continue;
        }
        let block = fetch(recorder, &cid)?;
        if inline(&cid).is_some() && cid.codec() == RAW {
            continue;
        }
        let below = links(&cid, &block)?;
        if below.is_empty() {
            continue;
        }
        if open.len() >= MAX_DEPTH {
            return Err(Error::Limit {
                what: "the depth of a DAG",
                limit: MAX_DEPTH as u64,
            });
        }
        open.push(below.into_iter());
    }
    Ok(())
}

/// Blocks that go out as they are read.
struct Recorder<'a> {
    blocks: &'a dyn Blocks,
    duplicates: bool,
    state: RefCell<State<'a>>,
}

struct State<'a> {
    out: &'a mut dyn Sink,
    seen: HashSet<Cid>,
    repeats: u64,
}

impl Recorder<'_> {
    fn has(&self, cid: &Cid) -> bool {
        self.state.borrow().seen.contains(cid)
    }
}

impl Blocks for Recorder<'_> {
    fn get(&self, cid: &Cid) -> Result<Bytes> {
        let block = self.blocks.get(cid)?;
        let mut state = self.state.borrow_mut();
        if state.seen.insert(*cid) {
            state.out.put(cid, block.clone())?;
        } else if self.duplicates {
            state.repeats += 1;
            if state.repeats > MAX_REPEATS {
                return Err(Error::Limit {
                    what: "the number of repeated blocks",
                    limit: MAX_REPEATS,
                });
            }
            state.out.put(cid, block.clone())?;
        }
        Ok(block)
    }
}
