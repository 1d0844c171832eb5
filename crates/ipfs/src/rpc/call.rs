//! One command that runs: what it was given, and where its answer goes.
//!
//! A command runs on a thread of its own and says what it has to say as it comes. Until the first word it can still fail
//! with a status; after it, a failure breaks the answer off, so that nobody takes half of it for all.

use std::io::{self, Write};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::answer::{Done, Failure, dress};
use super::ask::{Ask, missing};
use super::guard::PREFIX;
use super::multipart::{Part, Parts, boundary};
use super::path::Naming;
use super::{Host, Rpc, table};
use crate::PublicStore;
use crate::gateway::stream::{self, Pipe};
use crate::upload::{self, Upload};

/// Bytes of lines that wait while files are still coming. More are sent at once.
const WAITING: usize = 1 << 20;
/// Bytes that are read and thrown away so that a client which is still sending hears the answer.
const DRAIN: usize = 64 << 20;

/// A command that runs.
pub(super) struct Call {
    pub(super) store: PublicStore,
    pub(super) ask: Ask,
    pub(super) out: Out,
    pub(super) naming: Naming,
    files: Option<Parts<Upload>>,
    rpc: Rpc,
}

impl Call {
    pub(super) fn now(&self) -> OffsetDateTime {
        (self.rpc.now)()
    }

    pub(super) fn host(&self) -> &dyn Host {
        &*self.rpc.host
    }

    /// The files of the request.
    pub(super) fn files(&mut self, name: &str) -> Done<&mut Parts<Upload>> {
        self.files.as_mut().ok_or_else(|| missing(name))
    }

    /// The files of the request, to be read beside what is said about them.
    pub(super) fn take_files(&mut self, name: &str) -> Done<Parts<Upload>> {
        self.files.take().ok_or_else(|| missing(name))
    }

    /// The one file that a command takes; reads on from it.
    pub(super) fn file(&mut self, name: &str) -> Done<(Part, &mut Parts<Upload>)> {
        let files = self.files(name)?;
        match files.next_part()? {
            Some(part) => Ok((part, files)),
            None => Err(missing(name)),
        }
    }

    /// A small file as a whole.
    pub(super) fn small_file(&mut self, name: &str, limit: usize) -> Done<Vec<u8>> {
        let (_, files) = self.file(name)?;
        whole(files, limit)
    }

    /// A CID in the base that the client asked for.
    pub(super) fn shown(&self, cid: &webx_content::ipld::Cid) -> String {
        self.naming.show(cid)
    }
}

/// All that a reader gives, unless it is too much.
pub(super) fn whole(from: &mut impl io::Read, limit: usize) -> Done<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut limited = io::Read::take(from, limit as u64 + 1);
    io::Read::read_to_end(&mut limited, &mut bytes)?;
    if bytes.len() > limit {
        return Err(Failure::new(format!(
            "it is over the limit of {limit} bytes"
        )));
    }
    Ok(bytes)
}

/// What kind of bytes an answer is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Json,
    Bytes,
    Car,
    Tar,
    Gzip,
}

impl Kind {
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Bytes => "text/plain",
            Self::Car => "application/vnd.ipld.car",
            Self::Tar => "application/x-tar",
            Self::Gzip => "application/gzip",
        }
    }
}

/// Where an answer goes.
pub(super) struct Out {
    head: Option<oneshot::Sender<Result<Kind, Failure>>>,
    pipe: Pipe,
    waiting: Vec<u8>,
    holds: bool,
}

impl Out {
    /// Lines wait until the request has been read: many clients do not listen before they have said all.
    pub(super) fn hold(&mut self) {
        self.holds = true;
    }

    /// Begins an answer.
    pub(super) fn begin(&mut self, kind: Kind) {
        if let Some(head) = self.head.take() {
            let _ = head.send(Ok(kind));
        }
    }

    /// Says a value on a line of its own.
    pub(super) fn line(&mut self, value: &Value) -> Done {
        let line = format!("{value}\n");
        if self.holds && self.waiting.len() < WAITING {
            self.waiting.extend_from_slice(line.as_bytes());
            return Ok(());
        }
        self.release()?;
        self.begin(Kind::Json);
        self.pipe.write_all(line.as_bytes())?;
        Ok(())
    }

    /// Ends a list of lines that may have none.
    pub(super) fn release_all(&mut self) -> Done {
        self.release()?;
        self.begin(Kind::Json);
        Ok(())
    }

    fn release(&mut self) -> io::Result<()> {
        self.holds = false;
        if !self.waiting.is_empty() {
            self.begin(Kind::Json);
            let waiting = std::mem::take(&mut self.waiting);
            self.pipe.write_all(&waiting)?;
        }
        Ok(())
    }

    /// Hands on a piece of a body that was begun.
    pub(super) fn piece(&mut self, piece: Bytes) -> io::Result<()> {
        self.pipe.send(piece)
    }

    /// A body that was begun, to be written.
    pub(super) fn body(&mut self) -> &mut Pipe {
        &mut self.pipe
    }

    fn end(mut self, done: Done) {
        let done = done.and_then(|()| Ok(self.release()?));
        match (done, self.head.take()) {
            (Err(failure), Some(head)) => {
                let _ = head.send(Err(failure));
            }
            (Err(failure), None) => {
                let _ = self.pipe.flush();
                self.pipe
                    .break_off(io::Error::other(failure.what().to_owned()));
            }
            (Ok(()), Some(head)) => {
                let _ = head.send(Ok(Kind::Bytes));
            }
            (Ok(()), None) => {
                if let Err(error) = self.pipe.flush() {
                    self.pipe.break_off(error);
                }
            }
        }
    }
}

/// Finds the command of a request, runs it, and gives its answer as soon as it begins.
pub(super) async fn start(rpc: Rpc, request: Request) -> Done<Response> {
    let path = request.uri().path();
    let name = path
        .strip_prefix(PREFIX)
        .map(|name| name.trim_matches('/'))
        .unwrap_or_default();
    let command = table::find(name)
        .ok_or_else(|| Failure::plain(StatusCode::NOT_FOUND, "404 page not found"))?;
    let ask = Ask::read(request.uri().query())?;
    let given = ask.args().len();
    let (least, most) = command.args;
    if given < least {
        return Err(missing(command.arg));
    }
    if given > most {
        return Err(Failure::bad(format!(
            "expected at most {most} arguments, got {given}"
        )));
    }
    let naming = Naming::of(&ask)?;
    let boundary = match command.files {
        true if request.headers().contains_key(header::CONTENT_TYPE) => {
            Some(boundary(request.headers())?)
        }
        _ => None,
    };
    let permit = rpc.places.clone().acquire_owned().await;
    let permit = permit.map_err(|_| Failure::new("the RPC is closing"))?;
    let (upload, feed) = drained(request.into_body());
    tokio::spawn(feed);
    let (send, head) = oneshot::channel();
    let (pipe, body) = stream::pipe();
    let out = Out {
        head: Some(send),
        pipe,
        waiting: Vec::new(),
        holds: false,
    };
    let call = Call {
        store: rpc.store.clone(),
        ask,
        out,
        naming,
        files: boundary.map(|boundary| Parts::new(upload, &boundary)),
        rpc,
    };
    tokio::task::spawn_blocking(move || run(command.run, call, permit));
    let kind = head
        .await
        .map_err(|_| Failure::new("the command ended unexpectedly"))??;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media()));
    let streams = match kind {
        Kind::Json => "x-chunked-output",
        _ => "x-stream-output",
    };
    headers.insert(streams, HeaderValue::from_static("1"));
    dress(&mut response);
    Ok(response)
}

fn run(command: fn(&mut Call) -> Done, mut call: Call, permit: OwnedSemaphorePermit) {
    let done = command(&mut call);
    // What a client still sends is read before it hears the answer.
    drop(call.files.take());
    call.out.end(done);
    drop(permit);
}

/// As [`upload::of`], but what nobody reads any more is thrown away, so that the client can end what it says.
fn drained(body: Body) -> (Upload, impl Future<Output = ()> + Send + 'static) {
    use futures_util::{StreamExt as _, stream};
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Bytes, axum::Error>>(1);
    let through = stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (piece, receive))
    });
    let (upload, feed) = upload::of(Body::from_stream(through));
    let pump = async move {
        let mut pieces = body.into_data_stream();
        let (mut open, mut thrown) = (true, 0_usize);
        while let Some(piece) = pieces.next().await {
            let size = piece.as_ref().map_or(0, Bytes::len);
            let broken = piece.is_err();
            if open {
                open = send.send(piece).await.is_ok();
            }
            if !open {
                thrown = thrown.saturating_add(size);
            }
            if broken || thrown > DRAIN {
                break;
            }
        }
    };
    (upload, async move {
        tokio::join!(feed, pump);
    })
}
