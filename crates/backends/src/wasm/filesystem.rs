//! `wasi:filesystem` over the [`Tree`]: the only files that a guest can name.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use time::OffsetDateTime;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::guest::Guest;
use super::tree::{Create, NodeId, ROOT, Refusal, Stat, Tree};

mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "webx:backend/files",
        imports: { default: trappable },
        require_store_data_send: true,
        trappable_error_type: { "wasi:filesystem/types.error-code" => super::FsError },
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:filesystem/types.descriptor": super::Descriptor,
            "wasi:filesystem/types.directory-entry-stream": super::Entries,
        },
    });
}

use generated::wasi::filesystem::{preopens, types};
use types::{DescriptorFlags, DescriptorType, ErrorCode, NewTimestamp};

/// A guest's error, or the end of the guest.
pub(crate) type FsError = TrappableError<ErrorCode>;
type FsResult<T> = Result<T, FsError>;
type Fd = Resource<Descriptor>;

/// The longest read or write of one call.
const CHUNK: usize = 1 << 20;

/// An open file or folder.
#[allow(unreachable_pub, reason = "the generated bindings name it as public")]
pub struct Descriptor {
    tree: Arc<Mutex<Tree>>,
    id: NodeId,
    flags: DescriptorFlags,
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        self.tree.lock().close(self.id);
    }
}

/// What is left of a folder's list.
#[allow(unreachable_pub, reason = "the generated bindings name it as public")]
pub struct Entries(std::vec::IntoIter<(String, bool)>);

/// What the functions work on.
pub(crate) struct View<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) tree: &'a Arc<Mutex<Tree>>,
}

struct HasFiles;
impl HasData for HasFiles {
    type Data<'a> = View<'a>;
}

/// Adds the two interfaces.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    types::add_to_linker::<Guest, HasFiles>(linker, Guest::files)?;
    preopens::add_to_linker::<Guest, HasFiles>(linker, Guest::files)
}

impl From<Refusal> for FsError {
    fn from(refusal: Refusal) -> Self {
        code(refusal).into()
    }
}

fn code(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::NoEntry => ErrorCode::NoEntry,
        Refusal::Exists => ErrorCode::Exist,
        Refusal::NotFolder => ErrorCode::NotDirectory,
        Refusal::IsFolder => ErrorCode::IsDirectory,
        Refusal::NotEmpty => ErrorCode::NotEmpty,
        Refusal::NotPermitted => ErrorCode::NotPermitted,
        Refusal::BadName => ErrorCode::IllegalByteSequence,
        Refusal::NameTooLong => ErrorCode::NameTooLong,
        Refusal::Quota => ErrorCode::Quota,
        Refusal::Invalid => ErrorCode::Invalid,
        Refusal::Loop => ErrorCode::Loop,
    }
}

impl View<'_> {
    fn fd(&self, fd: &Fd) -> FsResult<&Descriptor> {
        self.table.get(fd).map_err(FsError::trap)
    }

    fn folder(&self, fd: &Fd) -> FsResult<NodeId> {
        Ok(self.fd(fd)?.id)
    }

    fn writable(&self, fd: &Fd) -> FsResult<NodeId> {
        let fd = self.fd(fd)?;
        match fd.flags.contains(DescriptorFlags::WRITE) {
            true => Ok(fd.id),
            false => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    fn stat_of(&self, id: NodeId) -> FsResult<types::DescriptorStat> {
        let Stat {
            folder,
            size,
            modified,
        } = self.tree.lock().stat(id)?;
        let at = wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime {
            seconds: u64::try_from(modified.unix_timestamp()).unwrap_or_default(),
            nanoseconds: modified.nanosecond(),
        };
        Ok(types::DescriptorStat {
            type_: kind(folder),
            link_count: 1,
            size,
            data_access_timestamp: Some(at),
            data_modification_timestamp: Some(at),
            status_change_timestamp: Some(at),
        })
    }

    fn set_time(&self, id: NodeId, to: NewTimestamp) -> FsResult<()> {
        let at = match to {
            NewTimestamp::NoChange => return Ok(()),
            NewTimestamp::Now => OffsetDateTime::now_utc(),
            NewTimestamp::Timestamp(at) => i64::try_from(at.seconds)
                .ok()
                .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
                .ok_or(ErrorCode::Invalid)?,
        };
        Ok(self.tree.lock().set_modified(id, at)?)
    }

    fn hash_of(&self, id: NodeId) -> FsResult<types::MetadataHashValue> {
        let stat = self.tree.lock().stat(id)?;
        let lower =
            stat.size ^ u64::try_from(stat.modified.unix_timestamp_nanos()).unwrap_or_default();
        Ok(types::MetadataHashValue { lower, upper: id })
    }
}

fn kind(folder: bool) -> DescriptorType {
    if folder {
        DescriptorType::Directory
    } else {
        DescriptorType::RegularFile
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        // The same folder twice: a program whose working folder is the root, as that of WASI's C library is, finds its
        // relative paths in it too.
        let mut folder = |name: &str| -> wasmtime::Result<(Fd, String)> {
            let fd = self.table.push(Descriptor {
                tree: Arc::clone(self.tree),
                id: ROOT,
                flags,
            })?;
            Ok((fd, name.to_owned()))
        };
        Ok(vec![folder("/data")?, folder("/")?])
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self
            .table
            .get(&error)?
            .downcast_ref::<Said>()
            .map(|said| code(said.0)))
    }
}

impl types::HostDescriptor for View<'_> {
    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<Box<dyn InputStream>>> {
        let (tree, id) = (Arc::clone(self.tree), self.fd(&fd)?.id);
        if self.tree.lock().stat(id)?.folder {
            return Err(ErrorCode::IsDirectory.into());
        }
        let stream: Box<dyn InputStream> = Box::new(Reader {
            tree: hold(&tree, id),
            id,
            offset,
        });
        self.table.push(stream).map_err(FsError::trap)
    }

    fn write_via_stream(
        &mut self,
        fd: Fd,
        offset: u64,
    ) -> FsResult<Resource<Box<dyn OutputStream>>> {
        let id = self.writable(&fd)?;
        let stream: Box<dyn OutputStream> = Box::new(Writer {
            tree: hold(self.tree, id),
            id,
            offset: Some(offset),
            failed: None,
        });
        self.table.push(stream).map_err(FsError::trap)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<Box<dyn OutputStream>>> {
        let id = self.writable(&fd)?;
        let stream: Box<dyn OutputStream> = Box::new(Writer {
            tree: hold(self.tree, id),
            id,
            offset: None,
            failed: None,
        });
        self.table.push(stream).map_err(FsError::trap)
    }

    fn advise(&mut self, _: Fd, _: u64, _: u64, _: types::Advice) -> FsResult<()> {
        Ok(())
    }

    fn sync_data(&mut self, _: Fd) -> FsResult<()> {
        // Kept before the answer goes out; there is nothing earlier to wait for.
        Ok(())
    }

    fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        Ok(self.fd(&fd)?.flags)
    }

    fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        let id = self.fd(&fd)?.id;
        Ok(kind(self.tree.lock().stat(id)?.folder))
    }

    fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let id = self.writable(&fd)?;
        Ok(self.tree.lock().resize(id, size)?)
    }

    fn set_times(&mut self, fd: Fd, _: NewTimestamp, modified: NewTimestamp) -> FsResult<()> {
        let id = self.fd(&fd)?.id;
        self.set_time(id, modified)
    }

    fn read(&mut self, fd: Fd, length: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let id = self.fd(&fd)?.id;
        let length = usize::try_from(length).unwrap_or(CHUNK).min(CHUNK);
        let bytes = self.tree.lock().read(id, offset, length)?.to_vec();
        let end = bytes.is_empty() && length > 0;
        Ok((bytes, end))
    }

    fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        let id = self.writable(&fd)?;
        self.tree.lock().write(id, offset, &bytes)?;
        Ok(bytes.len() as u64)
    }

    fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<Entries>> {
        let id = self.folder(&fd)?;
        let entries = self.tree.lock().list(id)?;
        self.table
            .push(Entries(entries.into_iter()))
            .map_err(FsError::trap)
    }

    fn sync(&mut self, _: Fd) -> FsResult<()> {
        Ok(())
    }

    fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let base = self.folder(&fd)?;
        Ok(self.tree.lock().make_folder(base, &path)?)
    }

    fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        let id = self.fd(&fd)?.id;
        self.stat_of(id)
    }

    fn stat_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        let base = self.folder(&fd)?;
        let id = self.tree.lock().lookup(base, &path)?;
        self.stat_of(id)
    }

    fn set_times_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
        _: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let base = self.folder(&fd)?;
        let id = self.tree.lock().lookup(base, &path)?;
        self.set_time(id, modified)
    }

    fn link_at(&mut self, _: Fd, _: types::PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        Err(ErrorCode::Unsupported.into())
    }

    fn open_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
        open: types::OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        use types::OpenFlags;
        let base = self.folder(&fd)?;
        let how = Create {
            create: open.contains(OpenFlags::CREATE),
            exclusive: open.contains(OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            folder: open.contains(OpenFlags::DIRECTORY),
        };
        let id = {
            let mut tree = self.tree.lock();
            let id = tree.open(base, &path, how)?;
            if flags.contains(DescriptorFlags::WRITE) && tree.stat(id)?.folder {
                tree.close(id);
                return Err(ErrorCode::IsDirectory.into());
            }
            id
        };
        let descriptor = Descriptor {
            tree: Arc::clone(self.tree),
            id,
            flags,
        };
        self.table.push(descriptor).map_err(FsError::trap)
    }

    fn readlink_at(&mut self, _: Fd, _: String) -> FsResult<String> {
        Err(ErrorCode::Invalid.into())
    }

    fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let base = self.folder(&fd)?;
        Ok(self.tree.lock().remove(base, &path, true)?)
    }

    fn rename_at(&mut self, fd: Fd, path: String, to: Fd, to_path: String) -> FsResult<()> {
        let (from, to) = (self.folder(&fd)?, self.folder(&to)?);
        Ok(self.tree.lock().rename((from, &path), (to, &to_path))?)
    }

    fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let base = self.folder(&fd)?;
        Ok(self.tree.lock().remove(base, &path, false)?)
    }

    fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        Ok(self.table.get(&one)?.id == self.table.get(&other)?.id)
    }

    fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        let id = self.fd(&fd)?.id;
        self.hash_of(id)
    }

    fn metadata_hash_at(
        &mut self,
        fd: Fd,
        _: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        let base = self.folder(&fd)?;
        let id = self.tree.lock().lookup(base, &path)?;
        self.hash_of(id)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for View<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<Entries>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        let entry = self.table.get_mut(&stream).map_err(FsError::trap)?.0.next();
        Ok(entry.map(|(name, folder)| types::DirectoryEntry {
            type_: kind(folder),
            name,
        }))
    }

    fn drop(&mut self, stream: Resource<Entries>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

/// A stream's own hold on a file, so that it outlives the descriptor.
fn hold(tree: &Arc<Mutex<Tree>>, id: NodeId) -> Descriptor {
    tree.lock().hold(id);
    Descriptor {
        tree: Arc::clone(tree),
        id,
        flags: DescriptorFlags::empty(),
    }
}

/// Why a stream failed, for `filesystem-error-code`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{0:?}")]
struct Said(Refusal);

struct Reader {
    tree: Descriptor,
    id: NodeId,
    offset: u64,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {}
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let tree = self.tree.tree.lock();
        let bytes = tree
            .read(self.id, self.offset, size.min(CHUNK))
            .map_err(|refusal| StreamError::LastOperationFailed(Said(refusal).into()))?;
        if bytes.is_empty() && size > 0 {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(Bytes::copy_from_slice(bytes))
    }
}

struct Writer {
    tree: Descriptor,
    id: NodeId,
    /// Where the next byte goes; none for the end.
    offset: Option<u64>,
    failed: Option<Said>,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut tree = self.tree.tree.lock();
        let written = tree.stat(self.id).and_then(|stat| {
            let at = self.offset.unwrap_or(stat.size);
            tree.write(self.id, at, &bytes)
        });
        match written {
            Ok(()) => {
                self.offset = self.offset.map(|offset| offset + bytes.len() as u64);
                Ok(())
            }
            Err(refusal) => {
                self.failed = Some(Said(refusal));
                Err(StreamError::LastOperationFailed(Said(refusal).into()))
            }
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match self.failed {
            Some(_) => Err(StreamError::Closed),
            None => Ok(CHUNK),
        }
    }
}
