//! Worker threads for sealing, hashing and opening, shared by everything a drive does.
use std::{
    collections::VecDeque,
    sync::Arc,
    thread::{self, JoinHandle},
};

use parking_lot::{Condvar, Mutex};

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Segments that may still be taken into memory.
    permits: usize,
    stop: bool,
}

/// A fixed number of threads and a bounded number of segments in memory.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(crate) fn start() -> std::io::Result<Pool> {
        let workers = thread::available_parallelism()
            .map_or(2, usize::from)
            .clamp(2, 16);
        let shared = Arc::new(Shared::default());
        shared.state.lock().permits = workers * 8;
        let threads = (0..workers)
            .map(|i| {
                let shared = Arc::clone(&shared);
                thread::Builder::new()
                    .name(format!("drive-{i}"))
                    .spawn(move || work(&shared))
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Pool { shared, threads })
    }

    /// How many jobs run at once.
    pub(crate) fn width(&self) -> usize {
        self.threads.len()
    }

    /// Runs a job on a worker. A job must not wait for another job.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.shared.state.lock().jobs.push_back(Box::new(job));
        self.shared.work.notify_one();
    }

    /// Waits until a segment may be taken into memory for a job.
    pub(crate) fn permit(&self) -> Permit {
        let mut state = self.shared.state.lock();
        while state.permits == 0 {
            self.shared.room.wait(&mut state);
        }
        state.permits -= 1;
        Permit(Arc::clone(&self.shared))
    }

    /// As [`Pool::permit`], without waiting.
    pub(crate) fn try_permit(&self) -> Option<Permit> {
        let mut state = self.shared.state.lock();
        state.permits = state.permits.checked_sub(1)?;
        Some(Permit(Arc::clone(&self.shared)))
    }
}

/// The right to hold one segment in memory; a job that takes it with it gives it back when it ends.
pub(crate) struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.state.lock().permits += 1;
        self.0.room.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.state.lock().stop = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // The last handle of a drive may be dropped by a job itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn work(shared: &Shared) {
    let mut state = shared.state.lock();
    loop {
        if let Some(job) = state.jobs.pop_front() {
            drop(state);
            // A job that panics loses its own result, which its receiver notices; the worker goes on.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            state = shared.state.lock();
        } else if state.stop {
            return;
        } else {
            shared.work.wait(&mut state);
        }
    }
}

/// The place where the result of one job arrives.
pub(crate) struct Pending<T>(Arc<(Mutex<Answer<T>>, Condvar)>);

enum Answer<T> {
    Waiting,
    Ready(T),
    /// The job ended without an answer.
    Lost,
}

/// Fills a [`Pending`].
pub(crate) struct Promise<T>(Arc<(Mutex<Answer<T>>, Condvar)>);

pub(crate) fn pending<T>() -> (Promise<T>, Pending<T>) {
    let shared = Arc::new((Mutex::new(Answer::Waiting), Condvar::new()));
    (Promise(Arc::clone(&shared)), Pending(shared))
}

impl<T> Promise<T> {
    pub(crate) fn fulfil(self, value: T) {
        *self.0.0.lock() = Answer::Ready(value);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut answer = self.0.0.lock();
        if matches!(*answer, Answer::Waiting) {
            *answer = Answer::Lost;
        }
        self.0.1.notify_all();
    }
}

impl<T> Pending<T> {
    /// Waits for the answer; `None` when the job died.
    pub(crate) fn wait(self) -> Option<T> {
        let mut answer = self.0.0.lock();
        while matches!(*answer, Answer::Waiting) {
            self.0.1.wait(&mut answer);
        }
        match std::mem::replace(&mut *answer, Answer::Lost) {
            Answer::Ready(value) => Some(value),
            Answer::Waiting | Answer::Lost => None,
        }
    }

    /// Whether [`Pending::wait`] returns at once.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(*self.0.0.lock(), Answer::Waiting)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn jobs_run_and_a_dying_job_is_noticed() {
        let pool = Pool::start().unwrap();
        let (promise, answer) = pending();
        pool.run(move || promise.fulfil(7));
        assert_eq!(answer.wait(), Some(7));
        let (promise, answer) = pending::<u8>();
        let permit = pool.permit();
        pool.run(move || {
            let (_promise, _permit) = (promise, permit);
            panic!("a job dies (this line belongs to the test)");
        });
        assert_eq!(answer.wait(), None);
        let (promise, answer) = pending();
        pool.run(move || promise.fulfil(8));
        assert_eq!(answer.wait(), Some(8));
    }
}
