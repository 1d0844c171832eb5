//! A file of the drive under WebDAV's hands: read by seeking, written from the beginning to the end.

use std::{
    fmt,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
};

use bytes::{Buf, Bytes};
use dav_server::fs::{DavFile, DavMetaData, FsError, FsFuture, FsResult};
use webx_drive::{FileReader, FileWriter, Node};

use super::fs::{Meta, failed};

/// Bytes that are gathered before they are written.
const CHUNK: usize = 256 * 1024;

/// Runs blocking work on a thing and gives it back.
async fn with<T: Send + 'static, R: Send + 'static>(
    place: &mut Option<T>,
    work: impl FnOnce(&mut T) -> FsResult<R> + Send + 'static,
) -> FsResult<R> {
    let mut thing = place.take().ok_or(FsError::GeneralFailure)?;
    let (thing, result) = tokio::task::spawn_blocking(move || {
        let result = work(&mut thing);
        (thing, result)
    })
    .await
    .map_err(|_| FsError::GeneralFailure)?;
    *place = Some(thing);
    result
}

fn io_failed(error: std::io::Error) -> FsError {
    error
        .downcast::<webx_drive::Error>()
        .map_or(FsError::GeneralFailure, failed)
}

/// A file that is read.
pub(super) struct Reading {
    node: Node,
    reader: Option<FileReader>,
}

impl Reading {
    pub(super) fn new(node: Node, reader: FileReader) -> Self {
        Self {
            node,
            reader: Some(reader),
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl DavFile for Reading {
    fn metadata(&'_ mut self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        let meta = Meta(self.node.clone());
        Box::pin(async move { Ok(Box::new(meta) as Box<dyn DavMetaData>) })
    }

    fn write_buf(&'_ mut self, _: Box<dyn Buf + Send>) -> FsFuture<'_, ()> {
        Box::pin(std::future::ready(Err(FsError::Forbidden)))
    }

    fn write_bytes(&'_ mut self, _: Bytes) -> FsFuture<'_, ()> {
        Box::pin(std::future::ready(Err(FsError::Forbidden)))
    }

    fn read_bytes(&'_ mut self, count: usize) -> FsFuture<'_, Bytes> {
        Box::pin(with(&mut self.reader, move |reader| {
            let mut bytes = vec![0; count.min(CHUNK)];
            let read = reader.read(&mut bytes).map_err(io_failed)?;
            bytes.truncate(read);
            Ok(bytes.into())
        }))
    }

    fn seek(&'_ mut self, to: SeekFrom) -> FsFuture<'_, u64> {
        Box::pin(with(&mut self.reader, move |reader| {
            reader.seek(to).map_err(io_failed)
        }))
    }

    fn flush(&'_ mut self) -> FsFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A file that is written. Dropped before [`DavFile::flush`], nothing of it stays.
pub(super) struct Writing {
    writer: Option<FileWriter>,
    gathered: Vec<u8>,
    written: Option<Node>,
}

impl Writing {
    pub(super) fn begun(writer: FileWriter) -> Self {
        Self {
            writer: Some(writer),
            gathered: Vec::new(),
            written: None,
        }
    }

    /// An empty file that stands already.
    pub(super) fn done(node: Node) -> Self {
        Self {
            writer: None,
            gathered: Vec::new(),
            written: Some(node),
        }
    }

    async fn write_out(&mut self) -> FsResult<()> {
        let full = std::mem::take(&mut self.gathered);
        with(&mut self.writer, move |writer| {
            writer.write_all(&full).map_err(io_failed)
        })
        .await
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").finish_non_exhaustive()
    }
}

impl DavFile for Writing {
    fn metadata(&'_ mut self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        let node = self.written.clone();
        Box::pin(async move {
            Ok(Box::new(Meta(node.ok_or(FsError::GeneralFailure)?)) as Box<dyn DavMetaData>)
        })
    }

    fn write_buf(&'_ mut self, mut bytes: Box<dyn Buf + Send>) -> FsFuture<'_, ()> {
        let bytes = bytes.copy_to_bytes(bytes.remaining());
        self.write_bytes(bytes)
    }

    fn write_bytes(&'_ mut self, bytes: Bytes) -> FsFuture<'_, ()> {
        Box::pin(async move {
            self.gathered.extend_from_slice(&bytes);
            if self.gathered.len() >= CHUNK {
                self.write_out().await
            } else {
                Ok(())
            }
        })
    }

    fn read_bytes(&'_ mut self, _: usize) -> FsFuture<'_, Bytes> {
        Box::pin(std::future::ready(Err(FsError::Forbidden)))
    }

    fn seek(&'_ mut self, _: SeekFrom) -> FsFuture<'_, u64> {
        Box::pin(std::future::ready(Err(FsError::NotImplemented)))
    }

    fn flush(&'_ mut self) -> FsFuture<'_, ()> {
        Box::pin(async move {
            if self.writer.is_none() {
                return if self.written.is_some() {
                    Ok(())
                } else {
                    Err(FsError::GeneralFailure)
                };
            }
            self.write_out().await?;
            let Some(writer) = self.writer.take() else {
                return Err(FsError::GeneralFailure);
            };
            let node = tokio::task::spawn_blocking(move || writer.finish().map_err(failed))
                .await
                .map_err(|_| FsError::GeneralFailure)??;
            self.written = Some(node);
            Ok(())
        })
    }
}
