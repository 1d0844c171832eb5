//! Every bound of a backend.

use std::time::Duration;

/// The bounds of one backend. [`Limits::default`] is what every app gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one instance, in bytes.
    pub memory: u64,
    /// Requests served at the same time; each takes an instance.
    pub concurrency: usize,
    /// Requests that may wait for a place; one more is refused with [`CallError::Busy`](crate::CallError::Busy).
    pub queue: usize,
    /// From the request to the end of the answer's body.
    pub request_time: Duration,
    /// Processor time of one request.
    pub cpu_time: Duration,
    /// The longest pause between two pieces of a request's or an answer's body.
    pub stall: Duration,
    /// Without a request for so long, a backend gives its memory back.
    pub idle: Duration,
    /// Bytes of a request's body.
    pub request_body: u64,
    /// Bytes of an answer's body.
    pub response_body: u64,
    /// Bytes of all header names and values, on the way in and on the way out.
    pub headers: usize,
    /// Lines of log that are kept.
    pub log_lines: usize,
    /// Bytes of log that a backend may write in a second; what is more is dropped and counted.
    pub log_rate: u64,
    /// Bytes of all files under `/data`.
    pub data_bytes: u64,
    /// Files and folders under `/data`.
    pub data_files: usize,
    /// Requests to other machines in a minute.
    pub outgoing_requests: u32,
    /// Bytes to and from other machines in a minute.
    pub outgoing_bytes: u64,
    /// Requests to other machines at the same time.
    pub outgoing_at_once: usize,
    /// Requests that a kept instance serves before it is replaced.
    pub instance_requests: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            concurrency: 4,
            queue: 64,
            request_time: Duration::from_secs(30),
            cpu_time: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            request_body: 32 << 20,
            response_body: 64 << 20,
            headers: 64 << 10,
            log_lines: 500,
            log_rate: 64 << 10,
            data_bytes: 64 << 20,
            data_files: 4096,
            outgoing_requests: 600,
            outgoing_bytes: 256 << 20,
            outgoing_at_once: 8,
            instance_requests: 50_000,
        }
    }
}
