//! Reading everything back.
use super::core::Core;
use super::record::Place;
use super::{Mh, PackStore};
use crate::error::{Damage, Error, Result};

/// Blocks read between two looks at whether to stop.
const SLICE: usize = 64;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyProgress {
    /// Blocks read so far.
    pub blocks: u64,
    /// Blocks to read.
    pub total_blocks: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// Bytes to read.
    pub total_bytes: u64,
}

/// A block that does not hold what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DamagedBlock {
    /// Its address.
    pub mh: Mh,
    /// Where it lies and what is wrong.
    pub damage: Damage,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Blocks read.
    pub blocks: u64,
    /// Bytes read.
    pub bytes: u64,
    /// The damaged ones among them.
    pub damaged: Vec<DamagedBlock>,
    /// The index did not fit the segments and was rebuilt.
    pub index_rebuilt: bool,
}

impl PackStore {
    /// Reads every block and checks its hash, beside readers and writers. `progress` returns `false` to stop.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Locked`]. Damaged blocks are no error: they are in the report.
    pub fn verify(&self, mut progress: impl FnMut(VerifyProgress) -> bool) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        let total = self.with(|core| {
            core.sync_to_end()?;
            core.checkpoint()?;
            Ok(core.layers.read().total())
        })?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let slice = self.with(|core| core.slice(after.as_deref(), SLICE))?;
            let Some((last, _)) = slice.last() else { break };
            let last = last.to_bytes();
            if after.as_ref().is_some_and(|after| *after >= last)
                || !self.with(|core| core.is_reachable(&slice))?
            {
                if report.index_rebuilt {
                    return Err(Error::Stopped);
                }
                self.with(|core| {
                    let index = core.index()?;
                    core.rebuild(&index, "its order is wrong")
                })?;
                report = VerifyReport {
                    index_rebuilt: true,
                    ..VerifyReport::default()
                };
                after = None;
                continue;
            }
            after = Some(last);
            for (mh, _) in slice {
                match self.with(|core| core.get(&mh)) {
                    Ok(Some(block)) => report.bytes += block.len() as u64,
                    // Removed since the slice was taken.
                    Ok(None) => continue,
                    Err(Error::Damaged(damage)) => report.damaged.push(DamagedBlock { mh, damage }),
                    Err(e) => return Err(e),
                }
                report.blocks += 1;
            }
            let now = VerifyProgress {
                blocks: report.blocks,
                total_blocks: total.blocks.max(report.blocks),
                bytes: report.bytes,
                total_bytes: total.bytes.max(report.bytes),
            };
            if !progress(now) {
                return Err(Error::Stopped);
            }
        }
        Ok(report)
    }
}

impl Core {
    /// Whether looking each entry up leads where listing it led: not so when a branch of the index is damaged.
    fn is_reachable(&self, slice: &[(Mh, Place)]) -> Result<bool> {
        for (mh, place) in slice {
            if self.layers.read().get(mh).is_some() {
                continue;
            }
            match self.find(mh)? {
                Some(found) if found == *place => {}
                _ if self.layers.read().get(mh).is_some() => {}
                // It may have moved and been committed in between; then listing it again shows the same as finding it.
                now => {
                    let before = previous(&mh.to_bytes());
                    let listed = self.slice(Some(&before), 1)?.first().copied();
                    if listed
                        .filter(|(name, _)| name == mh)
                        .map(|(_, place)| place)
                        != now
                    {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// A name that comes just before all names from `name` on.
fn previous(name: &[u8]) -> Vec<u8> {
    let mut before = name.to_vec();
    match before.pop() {
        Some(0) | None => {}
        Some(byte) => before.extend([byte - 1, 0xff, 0xff]),
    }
    before
}
