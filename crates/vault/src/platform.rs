//! The few things that differ between operating systems.
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// One system call for many pieces.
#[cfg(target_os = "linux")]
pub(crate) fn write_at(file: &File, mut offset: u64, pieces: &[&[u8]]) -> io::Result<()> {
    /// `IOV_MAX` of Linux.
    const MOST: usize = 1024;
    let mut first = 0;
    let mut skip = 0;
    while first < pieces.len() {
        let batch: Vec<io::IoSlice<'_>> = pieces[first..pieces.len().min(first + MOST)]
            .iter()
            .enumerate()
            .map(|(i, piece)| io::IoSlice::new(if i == 0 { &piece[skip..] } else { piece }))
            .collect();
        if batch.iter().all(|piece| piece.is_empty()) {
            first += batch.len();
            skip = 0;
            continue;
        }
        let mut written = match rustix::io::pwritev(file, &batch, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => n,
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => return Err(e.into()),
        };
        offset += written as u64;
        while first < pieces.len() && written >= pieces[first].len() - skip {
            written -= pieces[first].len() - skip;
            first += 1;
            skip = 0;
        }
        skip += written;
    }
    Ok(())
}

#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn write_at(file: &File, mut offset: u64, pieces: &[&[u8]]) -> io::Result<()> {
    for piece in pieces {
        std::os::unix::fs::FileExt::write_all_at(file, piece, offset)?;
        offset += piece.len() as u64;
    }
    Ok(())
}

#[cfg(windows)]
pub(crate) fn write_at(file: &File, mut offset: u64, pieces: &[&[u8]]) -> io::Result<()> {
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() {
            match std::os::windows::fs::FileExt::seek_write(file, rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    rest = &rest[n..];
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(())
}

/// New files are readable by their owner only.
pub(crate) fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Creates a folder that only its owner can enter.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the names in a folder durable. Windows does that by itself when a handle is closed.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
