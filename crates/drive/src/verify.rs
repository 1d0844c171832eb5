//! Reading everything, to name what is damaged.
use std::{collections::HashSet, ops::Range, sync::Arc};

use webx_content::{
    Manifest, PAGE_SEGMENTS, SEGMENT_LEN, open_page, open_segment_into, open_small,
};

use crate::{
    Drive, Error, NodeId, Result, VersionId,
    content::{Body, content},
    drive::Inner,
    keys::open_file_key,
    reader::named,
    schema::TRASH,
    tree::{self, Entry},
};

/// Nodes looked up at once.
const SLICE: i64 = 512;
/// Damaged files that a report names at most.
const MAX_DAMAGED: usize = 100_000;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyProgress {
    /// Files read, with all versions.
    pub files: u64,
    /// Bytes read, as one reads them.
    pub bytes: u64,
    /// Bytes to be read.
    pub total_bytes: u64,
}

/// A version of a file that cannot be read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// The file.
    pub node: NodeId,
    /// Its path; in the trash from the removed node on.
    pub path: String,
    /// The version.
    pub version: VersionId,
    /// Whether it is the version that is read.
    pub current: bool,
    /// What is wrong.
    pub what: String,
    /// Stretches of bytes that are lost, in order. All others can be read.
    pub lost: Vec<Range<u64>>,
    /// Bytes of the version.
    pub size: u64,
}

impl DamagedFile {
    /// Bytes that can be saved.
    #[must_use]
    pub fn readable(&self) -> u64 {
        self.size
            - self
                .lost
                .iter()
                .map(|range| range.end - range.start)
                .sum::<u64>()
                .min(self.size)
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// Files read, with all versions, the trash included.
    pub files: u64,
    /// Versions read; a content that several share is read once.
    pub versions: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged.
    pub damaged: Vec<DamagedFile>,
    /// What is wrong with the vault's own files, each with what can be done.
    pub vault: Vec<String>,
}

/// A version to be read.
struct Task {
    since: i64,
    content: i64,
    file_key: Option<Vec<u8>>,
    size: u64,
}

impl Drive {
    /// Reads every version of every file and checks every byte. Files that are changed meanwhile may be read in either
    /// state. `progress` ends it by `false`.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Vault`] when the vault itself cannot be read. Damage is no error: it is reported.
    pub fn verify(&self, mut progress: impl FnMut(VerifyProgress) -> bool) -> Result<VerifyReport> {
        let inner = &self.0;
        let usage = self.usage()?;
        let mut now = VerifyProgress {
            total_bytes: usage.logical + usage.versions + usage.trash,
            ..Default::default()
        };
        let mut report = VerifyReport::default();
        let mut seen = HashSet::new();
        let mut after = TRASH;
        loop {
            let slice = inner.files_after(after)?;
            let Some((last, _)) = slice.last() else { break };
            after = last.n;
            for (entry, tasks) in slice {
                report.files += 1;
                for task in tasks {
                    // Shared by a copy, and read already.
                    if task.content != 0
                        && !seen.insert((task.content, entry.shared.then_some(entry.n)))
                    {
                        continue;
                    }
                    report.versions += 1;
                    let (what, lost) = inner.check(&entry, &task, &mut |bytes| {
                        now.bytes += bytes;
                        progress(now)
                    })?;
                    if let Some(what) = what
                        && report.damaged.len() < MAX_DAMAGED
                        && let Some(path) = inner.still_there(&entry)?
                    {
                        report.damaged.push(DamagedFile {
                            node: entry.id,
                            path,
                            version: VersionId(task.since as u64),
                            current: task.since == entry.since,
                            what,
                            lost,
                            size: task.size,
                        });
                    }
                }
                now.files = report.files;
                if !progress(now) {
                    return Err(Error::Stopped);
                }
            }
        }
        report.bytes = now.bytes;
        report.vault = inner
            .vault
            .health()
            .iter()
            .map(ToString::to_string)
            .collect();
        Ok(report)
    }
}

impl Inner {
    /// The next files after a row, with their versions.
    fn files_after(&self, after: i64) -> Result<Vec<(Entry, Vec<Task>)>> {
        self.read(|conn| {
            let sql =
                format!("SELECT {} FROM drive_node WHERE n > ?1 AND kind = 1 ORDER BY n LIMIT ?2", tree::COLUMNS);
            let mut statement = conn.prepare_cached(&sql)?;
            let mut past = conn.prepare_cached(
                "SELECT since, content, file_key, size FROM drive_past \
                 WHERE node = ?1 AND since <> ?2 AND content IS NOT NULL GROUP BY content ORDER BY since DESC",
            )?;
            let mut slice = Vec::new();
            for entry in statement.query_map([after, SLICE], Entry::read)? {
                let entry = entry?;
                let mut tasks = vec![Task {
                    since: entry.since,
                    content: entry.content.unwrap_or(0),
                    file_key: entry.file_key.clone(),
                    size: entry.size,
                }];
                for task in past.query_map([entry.n, entry.since], |row| {
                    Ok(Task {
                        since: row.get(0)?,
                        content: row.get(1)?,
                        file_key: row.get(2)?,
                        size: row.get::<_, i64>(3)? as u64,
                    })
                })? {
                    let task = task?;
                    if tasks.iter().all(|other| other.content != task.content) {
                        tasks.push(task);
                    }
                }
                slice.push((entry, tasks));
            }
            Ok(slice)
        })
    }

    /// The path of a file that was found damaged; `None` when it was purged meanwhile.
    fn still_there(&self, entry: &Entry) -> Result<Option<String>> {
        self.read(|conn| match tree::entry(conn, entry.n)? {
            None => Ok(None),
            Some(_) => Ok(Some(tree::lineage(conn, entry.n)?.path())),
        })
    }

    /// Reads one version. Returns what is wrong and which bytes are lost.
    fn check(
        self: &Arc<Self>,
        entry: &Entry,
        task: &Task,
        read: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(Option<String>, Vec<Range<u64>>)> {
        let all = |error: Error| -> Result<(Option<String>, Vec<Range<u64>>)> {
            Ok((
                Some(damage(error)?),
                std::iter::once(0..task.size).collect(),
            ))
        };
        let opened = self.read(|conn| {
            let node_key = self.node_key(conn, entry, i64::MAX)?;
            let content = content(conn, task.content)?;
            let key = open_file_key(
                &node_key,
                task.file_key.as_deref(),
                entry.id,
                entry.generation,
            )?;
            Ok((content, key))
        });
        let (content, key) = match opened {
            Ok(opened) => opened,
            Err(error) => return all(error),
        };
        if content.size != task.size {
            return all(Error::Damaged {
                path: String::new(),
                what: "two tables disagree on its size".into(),
            });
        }
        let mut lost: Vec<Range<u64>> = Vec::new();
        let mut what = None;
        let mut lose = |error: Error, range: Range<u64>| -> Result<()> {
            let text = damage(error)?;
            match lost.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => lost.push(range),
            }
            what.get_or_insert(text);
            Ok(())
        };
        let pages = match &content.body {
            Body::Empty => Vec::new(),
            Body::Small { digest, place, .. } => {
                let opened = self
                    .bundle(digest)
                    .and_then(|block| Ok(open_small(&key, &block, *place)?));
                match opened {
                    Ok(bytes) if bytes.len() as u64 == task.size => {}
                    Ok(_) => return all(webx_content::Error::Unopened("file").into()),
                    Err(error) => return all(error),
                }
                if !read(task.size) {
                    return Err(Error::Stopped);
                }
                Vec::new()
            }
            body => match self.manifest(body, &key) {
                Ok(Some(manifest)) if manifest.size() != task.size => {
                    return all(webx_content::Error::Unopened("manifest").into());
                }
                Ok(Some(Manifest::Flat { segments, .. })) => vec![(0, Ok(segments))],
                Ok(Some(Manifest::Paged { pages, .. })) => {
                    // One page in memory at a time: the list holds what to open, not what was opened.
                    (0..pages.len())
                        .map(|i| (i, Err(pages.get(i).cloned())))
                        .collect()
                }
                Ok(_) => return all(webx_content::Error::Unopened("manifest").into()),
                Err(error) => return all(error),
            },
        };
        let mut buffer = Vec::new();
        for (number, page) in pages {
            let start = (number * PAGE_SEGMENTS * SEGMENT_LEN) as u64;
            let segments = match page {
                Ok(segments) => segments,
                Err(None) => continue,
                Err(Some(page)) => {
                    match self
                        .block(&page.digest)
                        .and_then(|block| Ok(open_page(&key, &page, &block)?))
                    {
                        Ok(segments) => segments,
                        Err(error) => {
                            lose(error, start..start + page.len)?;
                            continue;
                        }
                    }
                }
            };
            let mut at = start;
            for segment in segments {
                let len = u64::from(segment.len);
                let opened = self
                    .block(&segment.digest)
                    .and_then(|block| Ok(open_segment_into(&key, &segment, &block, &mut buffer)?));
                if let Err(error) = opened {
                    lose(error, at..at + len)?;
                }
                at += len;
                if !read(len) {
                    return Err(Error::Stopped);
                }
            }
        }
        Ok((what, lost))
    }
}

/// The text of an error that means damage; others end the verification.
fn damage(error: Error) -> Result<String> {
    match named(error, "") {
        Error::Damaged { what, .. } => Ok(what),
        Error::NotFound(what) => Ok(format!("{what} is missing")),
        other => Err(other),
    }
}
