//! Making a package.

use std::collections::BTreeMap;

use ed25519_dalek::Signature;
use time::OffsetDateTime;

use crate::{
    CONTENT, Digest, EntryFault, LOG, MANIFEST, Manifest, Package, PublisherRoot, Refusal,
    SIGNATURE, Signer,
    content::{self, Content, Item},
    dsse::{self, Envelope, Statement},
    limits::{MAX_ENTRIES, MAX_ENTRY, MAX_TOTAL},
    path::Paths,
    publisher::Keys,
    zip,
};

/// A package before it is signed. The same manifest, files and key make the same bytes, on every
/// machine.
#[derive(Clone, Debug)]
pub struct Draft {
    manifest: Manifest,
    /// Everything outside `META/`, the manifest included.
    files: BTreeMap<String, Vec<u8>>,
}

impl Draft {
    /// A package of `files`, given by path; the manifest is not among them.
    ///
    /// # Errors
    /// A [`Refusal`] for a bad path, a missing file, or more than a package may hold.
    pub fn new(
        manifest: Manifest,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, Refusal> {
        let mut all = BTreeMap::from([(MANIFEST.to_owned(), manifest.to_bytes())]);
        let mut paths = Paths::default();
        paths.add(MANIFEST)?;
        let mut total = 0_u64;
        for (path, content) in files {
            paths.add(&path)?;
            if crate::path::is_meta(&path) {
                return Err(Refusal::entry(path.as_bytes(), EntryFault::UnknownMeta));
            }
            let size = content.len() as u64;
            total = total.saturating_add(size);
            if size > MAX_ENTRY {
                let what = format!("The entry “{path}”");
                return Err(Refusal::Limit {
                    what,
                    found: size,
                    limit: MAX_ENTRY,
                });
            }
            if total > MAX_TOTAL {
                let what = "The content".to_owned();
                return Err(Refusal::Limit {
                    what,
                    found: total,
                    limit: MAX_TOTAL,
                });
            }
            all.insert(path, content);
        }
        if all.len() + 3 > MAX_ENTRIES {
            let what = "The number of files".to_owned();
            return Err(Refusal::Limit {
                what,
                found: all.len() as u64 + 3,
                limit: MAX_ENTRIES as u64,
            });
        }
        let draft = Self {
            manifest,
            files: all,
        };
        crate::package::check_references(&draft.manifest, &draft.content())?;
        Ok(draft)
    }

    /// What the app says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn content(&self) -> Content {
        let item = |(path, content): (&String, &Vec<u8>)| {
            let item = Item {
                size: content.len() as u64,
                sha256: Digest::of(content),
            };
            (path.clone(), item)
        };
        self.files.iter().map(item).collect()
    }

    /// Signs and writes the package, and opens it to be sure that others will.
    ///
    /// # Errors
    /// [`Refusal::Signature`] when the signer does not sign, or not as it says; whatever
    /// [`Package::open`] refuses.
    pub fn sign(&self, signer: &dyn Signer, now: OffsetDateTime) -> Result<Vec<u8>, Refusal> {
        let bytes = self.write(signer, now)?;
        Package::open(bytes.as_slice(), now)?;
        Ok(bytes)
    }

    /// Like [`Draft::sign`], for a package that is embedded in the program and may ask for
    /// `system`.
    ///
    /// # Errors
    /// As [`Draft::sign`].
    pub fn sign_system(
        &self,
        signer: &dyn Signer,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, Refusal> {
        let bytes = self.write(signer, now)?;
        Package::open_system(bytes.as_slice(), now)?;
        Ok(bytes)
    }

    fn write(&self, signer: &dyn Signer, now: OffsetDateTime) -> Result<Vec<u8>, Refusal> {
        let did = signer.did();
        let log = signer.log();
        let keys = Keys::resolve(&did, log.as_deref().map(str::as_bytes), now)?;
        let content = content::write(&self.content());
        let mut entries: Vec<(&str, &[u8])> = self
            .files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect();
        entries.push((CONTENT, &content));
        entries.extend(log.as_deref().map(|log| (LOG, log.as_bytes())));
        entries.sort_unstable_by_key(|(path, _)| zip::place(path));
        let (mut out, mut records) = (Vec::new(), Vec::new());
        for (path, bytes) in entries {
            zip::write(&mut out, &mut records, &zip::pack(path, bytes));
        }
        let statement = Statement {
            content: Digest::of(&content),
            manifest: Digest::of(
                self.files
                    .get(MANIFEST)
                    .map(Vec::as_slice)
                    .unwrap_or_default(),
            ),
            log: log.as_deref().map(|log| Digest::of(log.as_bytes())),
            archive: (out.len(), Digest::of(&out)),
            id: &self.manifest.id,
            version: &self.manifest.version,
            root: &PublisherRoot::of(&did),
        };
        let envelope = seal(&keys, signer, statement.payload())?;
        zip::write(
            &mut out,
            &mut records,
            &zip::pack(SIGNATURE, &envelope.to_bytes()),
        );
        zip::finish(&mut out, &records);
        Ok(out)
    }
}

fn seal(keys: &Keys, signer: &dyn Signer, payload: Vec<u8>) -> Result<Envelope, Refusal> {
    let pae = dsse::pae(dsse::PAYLOAD_TYPE, &payload);
    let signature = signer.sign(&pae).map_err(Refusal::signature)?;
    let signature = Signature::from_bytes(&signature);
    let key_id = keys.who_signed(&pae, &signature).ok_or_else(|| {
        Refusal::signature("it was made by a key that is not one of the publisher's")
    })?;
    Ok(Envelope {
        payload,
        key_id: key_id.to_owned(),
        signature,
    })
}
