//! What a driver says: one line of JSON for each thing, written with one call.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::model::{Model, Op};

/// A line of the driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Line {
    /// The vault was made and acknowledged.
    Created,
    /// The store opened and was as it must be; the load begins. The model has no uncertain operations any more.
    Ready(Model),
    /// The store opened and was not as it must be.
    Wrong(Vec<String>),
    /// The index of the blocks was found unusable and was built anew.
    Rebuilt(String),
    /// The store did not open.
    Closed(String),
    /// A worker begins an operation.
    Start { worker: usize, op: Op },
    /// So many bytes of the upload that is under way were acknowledged.
    Uploaded { worker: usize, offset: u64 },
    /// It was acknowledged.
    Done { worker: usize },
    /// It was refused with an error.
    Failed { worker: usize, why: String },
    /// The load is over.
    End,
}

/// Says a line.
///
/// # Errors
/// When nobody reads any more.
pub fn say(line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
    text.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    out.flush()
}

/// Reads what was said; a last line that is not whole was not said.
#[must_use]
pub fn listen(output: &[u8]) -> Vec<Line> {
    let whole = output
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    output[..whole]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

impl Model {
    /// Takes in what a driver said.
    pub fn hear(&mut self, lines: &[Line]) {
        let mut begun: Vec<Option<Op>> = vec![None; self.workers.len()];
        for line in lines {
            match line {
                Line::Created => self.created = true,
                Line::Ready(model) => *self = model.clone(),
                Line::Start { worker, op } => begun[*worker] = Some(op.clone()),
                Line::Uploaded { worker, offset } => {
                    if let Some(Op::Upload { safe, .. }) = &mut begun[*worker] {
                        *safe = *offset;
                    }
                }
                Line::Done { worker } => {
                    if let Some(op) = begun[*worker].take() {
                        self.workers[*worker].apply(&op);
                    }
                }
                Line::Failed { worker, .. } => {
                    let op = begun[*worker].take();
                    self.workers[*worker].maybe.extend(op);
                }
                Line::Wrong(_) | Line::Rebuilt(_) | Line::Closed(_) | Line::End => {}
            }
        }
        for (worker, op) in self.workers.iter_mut().zip(begun) {
            worker.maybe.extend(op);
        }
        self.run += 1;
    }
}
