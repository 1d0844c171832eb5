//! The files of a project as the bundler sees them: a tree that begins at one folder and has nothing outside.
//!
//! The bundler asks for paths below a virtual root that is the same on every machine, so nothing of where a project lies reaches the
//! bundle. A path that climbs out of the tree does not exist, and a symbolic link anywhere on the way is refused: what is packed must be
//! plain files that a stranger can read again. Every file that was read is remembered with the bytes that were read; those, and no others,
//! go into the package.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use elsa::sync::FrozenMap;
use oxc_resolver::{FileMetadata, ResolveError};
use rolldown_fs::{FileSystem, OxcResolverFileSystem};

use crate::failure::{Failure, Result};
use crate::pages::Pages;

/// Where the tree begins for the bundler, on every machine.
pub(crate) const ROOT: &str = "/app";

/// The largest file that is read (the package format allows no larger one).
pub(crate) const MAX_FILE: u64 = 64 << 20;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A plain file and its size in bytes.
    File(u64),
    /// A folder.
    Folder,
}

/// A tree of files; clones share what was read.
#[derive(Clone)]
pub(crate) struct Tree(Arc<Inner>);

struct Inner {
    origin: Origin,
    read: FrozenMap<String, Arc<[u8]>>,
    pages: Pages,
    /// Folders of the disk that were looked at: is each a real folder, reached without a link?
    folders: Mutex<HashMap<String, bool>>,
    links: Mutex<BTreeSet<String>>,
}

enum Origin {
    Disk(PathBuf),
    Memory {
        files: BTreeMap<String, Arc<[u8]>>,
        folders: BTreeSet<String>,
    },
}

impl Tree {
    /// The files below a folder of this machine. The folder itself may be reached through links.
    pub(crate) fn on_disk(folder: &Path) -> Result<Self> {
        let root = folder
            .canonicalize()
            .map_err(|error| Failure::io("open", folder, &error))?;
        Ok(Self::new(Origin::Disk(root)))
    }

    /// Files that are in memory already, by their path below the root.
    pub(crate) fn in_memory(files: BTreeMap<String, Arc<[u8]>>) -> Self {
        let mut folders = BTreeSet::from([String::new()]);
        for path in files.keys() {
            for (at, _) in path.match_indices('/') {
                folders.insert(path[..at].to_owned());
            }
        }
        Self::new(Origin::Memory { files, folders })
    }

    fn new(origin: Origin) -> Self {
        Self(Arc::new(Inner {
            origin,
            read: FrozenMap::new(),
            pages: Pages::small(),
            folders: Mutex::default(),
            links: Mutex::default(),
        }))
    }

    /// The bundler's path of `path`.
    pub(crate) fn absolute(path: &str) -> String {
        format!("{ROOT}/{path}")
    }

    /// The path below the root, with `/`; `None` for everything outside.
    pub(crate) fn relative(path: &Path) -> Option<String> {
        let mut parts: Vec<&str> = Vec::new();
        let mut outside = 0usize;
        for component in path.strip_prefix(ROOT).ok()?.components() {
            match component {
                Component::Normal(part) => parts.push(part.to_str()?),
                Component::CurDir => {}
                Component::ParentDir => {
                    if parts.pop().is_none() {
                        outside += 1;
                    }
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        (outside == 0).then(|| parts.join("/"))
    }

    /// What lies at a path below the root. A link, or a path through one, is an error of kind `PermissionDenied`.
    pub(crate) fn kind(&self, path: &str) -> io::Result<Kind> {
        match &self.0.origin {
            Origin::Memory { files, folders } => {
                if let Some(bytes) = files.get(path) {
                    Ok(Kind::File(bytes.len() as u64))
                } else if folders.contains(path) {
                    Ok(Kind::Folder)
                } else {
                    Err(io::ErrorKind::NotFound.into())
                }
            }
            Origin::Disk(root) => {
                let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
                if !self.is_folder(root, parent)? {
                    return Err(io::ErrorKind::NotFound.into());
                }
                self.look(root, path)
            }
        }
    }

    /// The bytes of a file; read once and kept.
    pub(crate) fn bytes(&self, path: &str) -> io::Result<&[u8]> {
        if let Some(bytes) = self.0.read.get(path) {
            return Ok(bytes);
        }
        let Kind::File(size) = self.kind(path)? else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        if size > MAX_FILE {
            return Err(too_large(path));
        }
        let bytes: Arc<[u8]> = match &self.0.origin {
            Origin::Memory { files, .. } => files
                .get(path)
                .cloned()
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?,
            Origin::Disk(root) => {
                let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
                // One byte more than allowed: the file may grow while it is read.
                std::fs::File::open(root.join(path))?
                    .take(MAX_FILE + 1)
                    .read_to_end(&mut bytes)?;
                if bytes.len() as u64 > MAX_FILE {
                    return Err(too_large(path));
                }
                bytes.into()
            }
        };
        self.0.pages.count();
        Ok(self.0.read.insert(path.to_owned(), bytes))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> io::Result<&str> {
        std::str::from_utf8(self.bytes(path)?).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{path} is not UTF-8 text"),
            )
        })
    }

    /// All plain files below a folder of the root, sorted; links are errors. Folders whose name `skip` accepts are left out.
    pub(crate) fn walk(
        &self,
        folder: &str,
        skip: &dyn Fn(&str) -> bool,
    ) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        match &self.0.origin {
            Origin::Memory { files, .. } => {
                let prefix = format!("{folder}/");
                found.extend(
                    files
                        .keys()
                        .filter(|path| path.starts_with(&prefix))
                        .cloned(),
                );
            }
            Origin::Disk(root) => {
                let mut open = vec![folder.to_owned()];
                while let Some(folder) = open.pop() {
                    for entry in std::fs::read_dir(root.join(&folder))? {
                        let name = entry?.file_name();
                        let Some(name) = name.to_str() else {
                            return Err(io::Error::new(
                                io::ErrorKind::InvalidData,
                                format!("a name in {folder}/ is not UTF-8"),
                            ));
                        };
                        let path = format!("{folder}/{name}");
                        match self.kind(&path)? {
                            Kind::Folder if skip(name) => {}
                            Kind::Folder => open.push(path),
                            Kind::File(_) => found.push(path),
                        }
                    }
                }
                found.sort();
            }
        }
        Ok(found)
    }

    /// Every file that was read, with the bytes that were read.
    pub(crate) fn files_read(&self) -> BTreeMap<String, Arc<[u8]>> {
        let keys = self.0.read.keys_cloned();
        keys.into_iter()
            .filter_map(|path| {
                self.0
                    .read
                    .get(&path)
                    .map(|bytes| (path.clone(), Arc::from(bytes)))
            })
            .collect()
    }

    /// The links that were met and refused.
    pub(crate) fn links(&self) -> Vec<String> {
        lock(&self.0.links).iter().cloned().collect()
    }

    fn is_folder(&self, root: &Path, path: &str) -> io::Result<bool> {
        if path.is_empty() {
            return Ok(true);
        }
        if let Some(known) = lock(&self.0.folders).get(path) {
            return Ok(*known);
        }
        let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
        let is = self.is_folder(root, parent)?
            && match self.look(root, path) {
                Ok(kind) => kind == Kind::Folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
        lock(&self.0.folders).insert(path.to_owned(), is);
        Ok(is)
    }

    fn look(&self, root: &Path, path: &str) -> io::Result<Kind> {
        let metadata = root.join(path).symlink_metadata()?;
        if metadata.is_file() {
            Ok(Kind::File(metadata.len()))
        } else if metadata.is_dir() {
            Ok(Kind::Folder)
        } else if metadata.is_symlink() {
            lock(&self.0.links).insert(path.to_owned());
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{path} is a link; a package holds plain files only"),
            ))
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{path} is neither a file nor a folder"),
            ))
        }
    }
}

fn too_large(path: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!(
            "{path} is larger than {} MiB, the most a file of a package may have",
            MAX_FILE >> 20
        ),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn inside(path: &Path) -> io::Result<String> {
    Tree::relative(path).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn read_only() -> io::Error {
    io::ErrorKind::ReadOnlyFilesystem.into()
}

impl OxcResolverFileSystem for Tree {
    fn new(_yarn_pnp: bool) -> Self {
        Self::in_memory(BTreeMap::new())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.bytes(&inside(path)?).map(<[u8]>::to_vec)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        self.text(&inside(path)?).map(str::to_owned)
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let kind = self.kind(&inside(path)?)?;
        Ok(FileMetadata::new(
            matches!(kind, Kind::File(_)),
            kind == Kind::Folder,
            false,
        ))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, _path: &Path) -> std::result::Result<PathBuf, ResolveError> {
        Err(io::Error::from(io::ErrorKind::InvalidInput).into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let path = inside(path)?;
        self.kind(&path)?;
        Ok(PathBuf::from(Self::absolute(&path)))
    }
}

impl FileSystem for Tree {
    fn remove_dir_all(&self, _path: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn create_dir_all(&self, _path: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn write(&self, _path: &Path, _content: &[u8]) -> io::Result<()> {
        Err(read_only())
    }

    fn exists(&self, path: &Path) -> bool {
        inside(path).is_ok_and(|path| self.kind(&path).is_ok())
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = inside(path)?;
        let depth = if folder.is_empty() {
            0
        } else {
            folder.len() + 1
        };
        let mut names: Vec<PathBuf> = self
            .walk(&folder, &|_| true)?
            .iter()
            .filter_map(|file| {
                file.get(depth..)?
                    .split('/')
                    .next()
                    .map(|name| path.join(name))
            })
            .collect();
        names.dedup();
        Ok(names)
    }

    fn remove_file(&self, _path: &Path) -> io::Result<()> {
        Err(read_only())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("app/src")).unwrap();
        std::fs::write(folder.path().join("app/src/a.ts"), "export {}").unwrap();
        std::fs::write(folder.path().join("secret.ts"), "export {}").unwrap();
        folder
    }

    #[test]
    fn nothing_outside_the_folder_exists() {
        let folder = project();
        let tree = Tree::on_disk(&folder.path().join("app")).unwrap();
        assert!(tree.read(Path::new("/app/src/a.ts")).is_ok());
        assert!(tree.read(Path::new("/app/src/../src/./a.ts")).is_ok());
        for path in [
            "/app/../secret.ts",
            "/app/src/../../secret.ts",
            "/etc/passwd",
            "/app/../app/src/a.ts",
        ] {
            assert!(tree.read(Path::new(path)).is_err(), "{path}");
            assert!(tree.metadata(Path::new(path)).is_err(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused_wherever_it_stands_and_wherever_it_leads() {
        use std::os::unix::fs::symlink;
        let folder = project();
        let app = folder.path().join("app");
        symlink("../../secret.ts", app.join("src/out.ts")).unwrap();
        symlink("a.ts", app.join("src/in.ts")).unwrap();
        symlink("/etc", app.join("src/etc")).unwrap();
        let tree = Tree::on_disk(&app).unwrap();
        for path in ["src/out.ts", "src/in.ts", "src/etc/passwd"] {
            let error = tree.bytes(path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{path}");
        }
        assert_eq!(tree.links(), ["src/etc", "src/in.ts", "src/out.ts"]);
        assert!(tree.walk("src", &|_| false).is_err());
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_before_it_is_read() {
        let folder = project();
        let path = folder.path().join("app/src/huge.bin");
        std::fs::File::create(&path)
            .unwrap()
            .set_len(MAX_FILE + 1)
            .unwrap();
        let tree = Tree::on_disk(&folder.path().join("app")).unwrap();
        assert_eq!(
            tree.bytes("src/huge.bin").unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }

    #[test]
    fn a_tree_in_memory_answers_like_the_disk() {
        let tree = Tree::in_memory(BTreeMap::from([(
            "src/a/b.ts".to_owned(),
            Arc::from(&b"x"[..]),
        )]));
        assert_eq!(tree.kind("src/a").unwrap(), Kind::Folder);
        assert_eq!(tree.kind("src/a/b.ts").unwrap(), Kind::File(1));
        assert!(tree.kind("src/c").is_err());
        assert_eq!(tree.walk("src", &|_| false).unwrap(), ["src/a/b.ts"]);
    }
}
