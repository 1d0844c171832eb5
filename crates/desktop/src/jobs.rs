//! Long work: what runs, how far it is, and how it is stopped.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::live::{LiveEvent, LiveHub};

/// How many jobs are remembered; the oldest finished one goes first.
const KEPT: usize = 64;
/// How many may run at once.
const RUNNING: usize = 8;
/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum JobKind {
    /// Every block is read and compared with its hash.
    Verify,
    /// A folder goes out as a zip file.
    Archive,
    /// Many files come in.
    Import,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum JobState {
    /// It runs.
    Running,
    /// It ended well.
    Done,
    /// It ended with the error in `detail`.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// A long piece of work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    /// Names the job.
    pub(crate) id: Uuid,
    /// What it does.
    pub(crate) kind: JobKind,
    /// Bytes done so far.
    pub(crate) done: u64,
    /// Bytes in all; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// The mean rate so far.
    pub(crate) bytes_per_second: u64,
    /// How it stands.
    pub(crate) state: JobState,
    /// What came out, or what went wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    /// What came out, for programs (the damaged files of a verification, for example).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) result: Option<serde_json::Value>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) started_at: OffsetDateTime,
}

struct Entry {
    job: Job,
    began: Instant,
    cancel: CancellationToken,
}

/// The jobs of a node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct JobBoard {
    entries: Arc<Mutex<VecDeque<Entry>>>,
    hub: LiveHub,
}

/// One's own job: tells progress, hears of a cancel. Dropped without [`Ticket::end`] it counts as cancelled.
pub(crate) struct Ticket {
    board: JobBoard,
    id: Uuid,
    cancel: CancellationToken,
    told: Instant,
    ended: bool,
}

impl JobBoard {
    pub(crate) fn new(hub: LiveHub) -> Self {
        Self {
            entries: Arc::default(),
            hub,
        }
    }

    /// Begins a job; `None` when too many run already.
    pub(crate) fn begin(&self, kind: JobKind, total: Option<u64>) -> Option<Ticket> {
        let mut entries = self.entries.lock();
        if entries
            .iter()
            .filter(|e| e.job.state == JobState::Running)
            .count()
            >= RUNNING
        {
            return None;
        }
        while entries.len() >= KEPT {
            let oldest = entries
                .iter()
                .position(|e| e.job.state != JobState::Running)?;
            entries.remove(oldest);
        }
        let id = Uuid::now_v7();
        let started_at = OffsetDateTime::now_utc();
        let job = Job {
            id,
            kind,
            done: 0,
            total,
            bytes_per_second: 0,
            state: JobState::Running,
            detail: None,
            result: None,
            started_at,
        };
        let cancel = CancellationToken::new();
        self.hub.send(LiveEvent::Job(job.clone()));
        entries.push_back(Entry {
            job,
            began: Instant::now(),
            cancel: cancel.clone(),
        });
        Some(Ticket {
            board: self.clone(),
            id,
            cancel,
            told: Instant::now(),
            ended: false,
        })
    }

    /// All jobs, the newest first.
    pub(crate) fn list(&self) -> Vec<Job> {
        self.entries
            .lock()
            .iter()
            .rev()
            .map(|e| e.job.clone())
            .collect()
    }

    /// Asks a job to stop, or forgets one that ended; whether there is such a job.
    pub(crate) fn cancel(&self, id: Uuid) -> bool {
        let mut entries = self.entries.lock();
        let Some(at) = entries.iter().position(|e| e.job.id == id) else {
            return false;
        };
        if entries
            .get(at)
            .is_some_and(|e| e.job.state == JobState::Running)
        {
            if let Some(entry) = entries.get(at) {
                entry.cancel.cancel();
            }
        } else {
            entries.remove(at);
        }
        true
    }

    /// Asks every job to stop and forgets them.
    pub(crate) fn clear(&self) {
        for entry in self.entries.lock().drain(..) {
            entry.cancel.cancel();
        }
    }

    fn change(&self, id: Uuid, change: impl FnOnce(&mut Job)) {
        let mut entries = self.entries.lock();
        let Some(entry) = entries.iter_mut().find(|e| e.job.id == id) else {
            return;
        };
        change(&mut entry.job);
        let seconds = entry.began.elapsed().as_secs_f64().max(0.001);
        entry.job.bytes_per_second = (entry.job.done as f64 / seconds) as u64;
        self.hub.send(LiveEvent::Job(entry.job.clone()));
    }
}

impl Ticket {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Tells how far the job is, a few times a second at most.
    pub(crate) fn progress(&mut self, done: u64, total: Option<u64>) {
        if self.told.elapsed() < TOLD_EVERY {
            return;
        }
        self.told = Instant::now();
        self.board.change(self.id, |job| {
            job.done = done;
            job.total = total.or(job.total);
        });
    }

    /// The job ended.
    pub(crate) fn end(
        mut self,
        done: u64,
        state: JobState,
        detail: Option<String>,
        result: Option<serde_json::Value>,
    ) {
        self.ended = true;
        self.board.change(self.id, |job| {
            job.done = done;
            job.state = state;
            job.detail = detail;
            job.result = result;
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.ended {
            self.board
                .change(self.id, |job| job.state = JobState::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn board() -> JobBoard {
        JobBoard::new(LiveHub::new())
    }

    #[test]
    fn a_job_hears_of_its_cancel_and_says_how_it_ended() {
        let board = board();
        let ticket = board.begin(JobKind::Verify, Some(10)).unwrap();
        assert!(!ticket.cancelled());
        assert!(board.cancel(ticket.id()));
        assert!(ticket.cancelled());
        ticket.end(5, JobState::Cancelled, None, None);
        let job = board.list().remove(0);
        assert_eq!((job.state, job.done), (JobState::Cancelled, 5));
        assert!(board.cancel(job.id), "an ended job is forgotten");
        assert!(!board.cancel(job.id));
    }

    #[test]
    fn a_job_whose_worker_vanished_is_not_shown_as_running() {
        let board = board();
        drop(board.begin(JobKind::Archive, None).unwrap());
        assert_eq!(board.list()[0].state, JobState::Cancelled);
    }

    #[test]
    fn the_number_of_jobs_is_bounded() {
        let board = board();
        let running: Vec<_> = (0..RUNNING)
            .map(|_| board.begin(JobKind::Verify, None).unwrap())
            .collect();
        assert!(board.begin(JobKind::Verify, None).is_none());
        drop(running);
        for _ in 0..2 * KEPT {
            board
                .begin(JobKind::Archive, None)
                .unwrap()
                .end(0, JobState::Done, None, None);
        }
        assert_eq!(board.list().len(), KEPT);
    }
}
