//! Opening a package.

use std::{borrow::Cow, collections::HashMap, io::Read};

use time::OffsetDateTime;

use crate::{
    AppId, CONTENT, Digest, EntryFault, LOG, MANIFEST, Manifest, Publisher, Refusal, SIGNATURE,
    content::{self, Content},
    dsse::{self, Envelope, Statement},
    limits::{MAX_CONTENT, MAX_LOG, MAX_MANIFEST, MAX_SIGNATURE},
    manifest::{Backend, Runtime},
    publisher::Keys,
    zip::{self, Inflate, Record},
};

/// A package whose every byte has been checked.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    bytes: Cow<'a, [u8]>,
    records: HashMap<String, Record>,
    content: Content,
    manifest: Manifest,
    publisher: Publisher,
    digest: Digest,
    system: bool,
}

/// One file of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'p> {
    /// Its path.
    pub path: &'p str,
    /// Size of its content, in bytes.
    pub size: u64,
    /// Digest of its content.
    pub sha256: Digest,
}

impl<'a> Package<'a> {
    /// Opens a package that came from anywhere: checks its form, limits, manifest, publisher and
    /// signature, and the checksum of every file. `now` is the time at which the publisher's log
    /// is judged.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong; nothing of the package has been used then.
    pub fn open(bytes: impl Into<Cow<'a, [u8]>>, now: OffsetDateTime) -> Result<Self, Refusal> {
        let package = Self::check(bytes.into(), now, false)?;
        let manifest = &package.manifest;
        for (name, requests) in [
            ("required", &manifest.permissions.required),
            ("optional", &manifest.permissions.optional),
        ] {
            let system = requests
                .iter()
                .position(|one| one.permission.kind() == "system");
            if let Some(index) = system {
                let at = format!("permissions.{name}[{index}]");
                return Err(Refusal::SystemOnly { at });
            }
        }
        Ok(package)
    }

    /// Opens a package that is embedded in the program: it may ask for `system`, and its app id is
    /// `webx.<id>`. Everything else is checked as in [`Package::open`].
    ///
    /// # Errors
    /// As [`Package::open`].
    pub fn open_system(
        bytes: impl Into<Cow<'a, [u8]>>,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        Self::check(bytes.into(), now, true)
    }

    fn check(bytes: Cow<'a, [u8]>, now: OffsetDateTime, system: bool) -> Result<Self, Refusal> {
        let listed = zip::read(&bytes)?;
        let signature = listed.iter().find(|record| record.name == SIGNATURE);
        // No signature covers how the signature itself lies in the file: there is one way.
        if signature.is_some_and(|record| record.method != zip::Method::Stored) {
            return Err(Refusal::entry(SIGNATURE.as_bytes(), EntryFault::Method));
        }
        let signature_at = signature.map(|record| record.offset as usize);
        let records: HashMap<String, Record> = listed
            .into_iter()
            .map(|record| (record.name.clone(), record))
            .collect();
        let files = Files {
            bytes: &bytes,
            records: &records,
        };
        let meta = [CONTENT, LOG, SIGNATURE];
        let mut names = records.keys().map(String::as_str);
        if let Some(stray) = names.find(|name| crate::path::is_meta(name) && !meta.contains(name)) {
            return Err(Refusal::entry(stray.as_bytes(), EntryFault::UnknownMeta));
        }
        let manifest_bytes = files.small(MANIFEST, MAX_MANIFEST)?;
        let manifest = Manifest::parse(&manifest_bytes)?;
        let content_bytes = files.small(CONTENT, MAX_CONTENT)?;
        let content = content::read(&content_bytes)?;
        let Some(signature_at) = signature_at else {
            return Err(Refusal::Unsigned);
        };
        let envelope = Envelope::parse(&files.small(SIGNATURE, MAX_SIGNATURE)?)?;
        let log = match records.get(LOG) {
            Some(_) => Some(files.small(LOG, MAX_LOG)?),
            None => None,
        };
        let keys = Keys::resolve(&Keys::did(&envelope.key_id)?, log.as_deref(), now)?;
        let pae = dsse::pae(dsse::PAYLOAD_TYPE, &envelope.payload);
        keys.verify(&envelope.key_id, &pae, &envelope.signature)?;
        let before = bytes.get(..signature_at).unwrap_or_default();
        let statement = Statement {
            content: Digest::of(&content_bytes),
            manifest: Digest::of(&manifest_bytes),
            log: log.as_deref().map(Digest::of),
            archive: (before.len(), Digest::of(before)),
            id: &manifest.id,
            version: &manifest.version,
            root: &keys.publisher.root,
        };
        if statement.payload() != envelope.payload {
            return Err(Refusal::signature("it belongs to other content"));
        }
        files.check_content(&content)?;
        check_references(&manifest, &content)?;
        Ok(Self {
            digest: Digest::of(&bytes),
            records,
            content,
            manifest,
            publisher: keys.publisher,
            system,
            bytes,
        })
    }

    /// What the app says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the whole file: the name of this very package.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Who signed it.
    #[must_use]
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// The app that this is a version of.
    #[must_use]
    pub fn app_id(&self) -> AppId {
        if self.system {
            AppId::of_system(&self.manifest.id)
        } else {
            AppId::of(&self.publisher.hash, &self.manifest.id)
        }
    }

    /// Every file, by path; what lies in `META/` belongs to the format and is not listed.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.content.iter().map(|(path, item)| Entry {
            path,
            size: item.size,
            sha256: item.sha256,
        })
    }

    /// One file, if the package has it.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<Entry<'_>> {
        let (path, item) = self.content.get_key_value(path)?;
        Some(Entry {
            path,
            size: item.size,
            sha256: item.sha256,
        })
    }

    /// The content of a file as a stream. It ends in an error instead of at its end, should the
    /// content not fit its checksum.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`].
    pub fn read(&self, path: &str) -> Result<impl Read + '_, Refusal> {
        self.inflate(path)
    }

    /// The content of a file, at most 64 MiB.
    ///
    /// # Errors
    /// [`Refusal::NoSuchFile`].
    pub fn read_all(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        self.inflate(path)?.all()
    }

    fn inflate(&self, path: &str) -> Result<Inflate<'_>, Refusal> {
        match (self.records.get(path), self.content.get(path)) {
            (Some(record), Some(item)) => Ok(Inflate::new(&self.bytes, record, Some(item.sha256))),
            _ => Err(Refusal::NoSuchFile(crate::refusal::shown(path.as_bytes()))),
        }
    }

    /// The bytes of the package itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The entries of a package that is being opened.
struct Files<'b> {
    bytes: &'b [u8],
    records: &'b HashMap<String, Record>,
}

impl Files<'_> {
    /// The content of a file that must be there and be small.
    fn small(&self, name: &str, most: u64) -> Result<Vec<u8>, Refusal> {
        let Some(record) = self.records.get(name) else {
            if name == SIGNATURE {
                return Err(Refusal::Unsigned);
            }
            return Err(Refusal::entry(name.as_bytes(), EntryFault::Missing));
        };
        if u64::from(record.size) > most {
            return Err(Refusal::Limit {
                what: name.to_owned(),
                found: u64::from(record.size),
                limit: most,
            });
        }
        Inflate::new(self.bytes, record, None).all()
    }

    /// Checks that the list names every file, and that every file has the content it promises.
    fn check_content(&self, content: &Content) -> Result<(), Refusal> {
        for (path, item) in content {
            let Some(record) = self
                .records
                .get(path)
                .filter(|_| !crate::path::is_meta(path))
            else {
                return Err(Refusal::entry(path.as_bytes(), EntryFault::Missing));
            };
            if u64::from(record.size) != item.size {
                return Err(Refusal::entry(path.as_bytes(), EntryFault::Checksum));
            }
        }
        for (name, record) in self.records {
            if crate::path::is_meta(name) {
                continue;
            }
            let Some(item) = content.get(name) else {
                let name = crate::refusal::shown(name.as_bytes());
                return Err(Refusal::content(format!("“{name}” is not in it")));
            };
            Inflate::new(self.bytes, record, Some(item.sha256)).digest()?;
        }
        Ok(())
    }
}

/// Checks that what the manifest names is there.
pub(crate) fn check_references(manifest: &Manifest, content: &Content) -> Result<(), Refusal> {
    for (at, path) in manifest.files() {
        if !content.contains_key(path) {
            return Err(Refusal::manifest(
                at,
                format!("the package has no file “{path}”"),
            ));
        }
    }
    for (at, folder) in manifest.folders() {
        if !content.keys().any(|path| path.starts_with(folder)) {
            return Err(Refusal::manifest(
                at,
                format!("the package has no file in “{folder}”"),
            ));
        }
    }
    if let Some(Backend::Wsgi {
        runtime: Runtime::Native { wheels },
        ..
    }) = &manifest.backend
    {
        for (index, wheel) in wheels.iter().enumerate() {
            let found = content.get(&wheel.path).map(|item| item.sha256);
            if found != Some(wheel.sha256) {
                let at = format!("backend.wsgi.native.wheels[{index}].sha256");
                return Err(Refusal::manifest(
                    at,
                    format!("“{}” has another digest", wheel.path),
                ));
            }
        }
    }
    Ok(())
}
