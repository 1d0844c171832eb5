//! Finding nodes by their names. An index of all three-character pieces of names is filled in the background; rows that
//! are not in it yet are looked through one by one, so an answer is exact at any moment.
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, params};
use webx_vault::Db;

use crate::{
    Drive, Error, Hit, NodeId, Result,
    counters::Counters,
    name::fold,
    schema::TRASH,
    tree::{self, Entry},
};

/// Names that one transaction of the background work adds.
const SLICE: i64 = 2_000;
/// The background work waits until nothing was written for this long.
const QUIET: Duration = Duration::from_millis(400);
/// Bytes of a query at most.
const MAX_QUERY: usize = 512;
/// Hits at most.
const MAX_HITS: usize = 1_000;

/// Adds a name to the index.
pub(crate) fn index(conn: &Connection, n: i64, name: &str) -> Result<()> {
    conn.prepare_cached("INSERT INTO drive_name (rowid, name) VALUES (?1, ?2)")?
        .execute(params![n, fold(name)])?;
    Ok(())
}

impl Drive {
    /// Finds nodes whose names contain all words of the query, in any order, case and accents aside. The best come
    /// first: the name itself, names that begin with the query, then by length. The trash is not searched.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a query of more than 512 bytes.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>> {
        if query.len() > MAX_QUERY {
            return Err(Error::TooLarge {
                what: "a query",
                max: MAX_QUERY as u64,
            });
        }
        let query = Query::new(query);
        let limit = limit.min(MAX_HITS);
        if query.words.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        self.0.read(|conn| {
            let indexed = Counters::load(conn)?.indexed;
            let mut best = Best { limit, heap: BinaryHeap::new(), query: &query };
            match query.pattern() {
                Some(pattern) => {
                    // Rows behind the index are read one by one, rows in it only where all pieces match.
                    let mut statement = conn.prepare_cached(
                        "SELECT f.rowid, d.name, d.parent FROM drive_name f CROSS JOIN drive_node d ON d.n = f.rowid \
                         WHERE drive_name MATCH ?1 AND d.n <= ?2",
                    )?;
                    best.look(conn, statement.query(params![pattern, indexed])?)?;
                    let mut statement =
                        conn.prepare_cached("SELECT n, name, parent FROM drive_node WHERE n > ?1 AND n > ?2")?;
                    best.look(conn, statement.query([indexed, TRASH])?)?;
                }
                None => {
                    let mut statement = conn.prepare_cached("SELECT n, name, parent FROM drive_node WHERE n > ?1")?;
                    best.look(conn, statement.query([TRASH])?)?;
                }
            }
            let mut hits = Vec::new();
            for (_, n) in best.heap.into_sorted_vec() {
                let Some(entry) = tree::entry(conn, n)? else { continue };
                let (node, path) = placed(conn, &entry)?;
                hits.push(Hit { node, path });
            }
            Ok(hits)
        })
    }
}

impl Drive {
    /// Indexes all names now instead of some time later. A search is exact either way.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn index_names(&self) -> Result<()> {
        while index_some(self.0.db())? {}
        Ok(())
    }
}

fn placed(conn: &Connection, entry: &Entry) -> Result<(crate::Node, String)> {
    let lineage = tree::lineage(conn, entry.n)?;
    let parent = match lineage.steps.as_slice() {
        [.., parent, _] => parent.id,
        _ => NodeId::ROOT,
    };
    Ok((entry.node(Some(parent), None), lineage.path()))
}

struct Query {
    whole: String,
    words: Vec<String>,
}

impl Query {
    fn new(text: &str) -> Query {
        let whole = fold(text.trim());
        let words = whole.split_whitespace().map(str::to_owned).collect();
        Query { whole, words }
    }

    /// All three-character pieces of the words, for the index; `None` when no word is long enough to have one.
    fn pattern(&self) -> Option<String> {
        let mut pieces = Vec::new();
        for word in &self.words {
            let chars: Vec<char> = word.chars().collect();
            for piece in chars.windows(3) {
                pieces.push(format!(
                    "\"{}\"",
                    piece.iter().collect::<String>().replace('"', "\"\"")
                ));
            }
        }
        pieces.sort();
        pieces.dedup();
        pieces.truncate(24);
        (!pieces.is_empty()).then(|| pieces.join(" AND "))
    }

    /// How well a name fits, small is good; `None` when it does not.
    fn rank(&self, name: &str) -> Option<(u8, usize)> {
        let folded = fold(name);
        if !self.words.iter().all(|word| folded.contains(word)) {
            return None;
        }
        let class = if folded == self.whole {
            0
        } else if folded.starts_with(&self.whole) {
            1
        } else if folded.contains(&self.whole) {
            2
        } else {
            3
        };
        Some((class, folded.len()))
    }
}

type Rank = (u8, usize);

/// Keeps the best hits. The heap has the worst on top; equals are ordered by row, the newest first.
struct Best<'q> {
    limit: usize,
    heap: BinaryHeap<((Rank, Reverse<i64>), i64)>,
    query: &'q Query,
}

impl Best<'_> {
    fn look(&mut self, conn: &Connection, mut rows: rusqlite::Rows<'_>) -> Result<()> {
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            let Some(rank) = self.query.rank(name) else {
                continue;
            };
            let n: i64 = row.get(0)?;
            let key = (rank, Reverse(n));
            if self.heap.len() == self.limit
                && self.heap.peek().is_some_and(|(worst, _)| *worst <= key)
            {
                continue;
            }
            let parent: i64 = row.get(2)?;
            if parent == TRASH || tree::lineage(conn, n)?.trashed {
                continue;
            }
            self.heap.push((key, n));
            if self.heap.len() > self.limit {
                self.heap.pop();
            }
        }
        Ok(())
    }
}

/// Fills the index in the background.
pub(crate) struct Indexer {
    shared: Arc<(Mutex<State>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct State {
    /// Names wait to be indexed.
    work: bool,
    /// Something was written since the worker looked last.
    busy: bool,
    stop: bool,
}

impl Indexer {
    pub(crate) fn start(db: Db) -> Result<Indexer> {
        let shared = Arc::new((
            Mutex::new(State {
                work: true,
                busy: false,
                stop: false,
            }),
            Condvar::new(),
        ));
        let thread = thread::Builder::new().name("drive-index".into()).spawn({
            let shared = Arc::clone(&shared);
            move || run(&shared, &db)
        })?;
        Ok(Indexer {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// New names were written.
    pub(crate) fn wake(&self) {
        let mut state = self.shared.0.lock();
        state.work = true;
        state.busy = true;
        self.shared.1.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.shared.0.lock().stop = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn run(shared: &(Mutex<State>, Condvar), db: &Db) {
    let mut state = shared.0.lock();
    loop {
        while !state.work && !state.stop {
            shared.1.wait(&mut state);
        }
        while !state.stop && shared.1.wait_for(&mut state, QUIET).timed_out() {
            if !std::mem::take(&mut state.busy) {
                break;
            }
        }
        if state.stop {
            return;
        }
        if state.busy {
            continue;
        }
        state.work = false;
        drop(state);
        let more = index_some(db);
        state = shared.0.lock();
        match more {
            Ok(true) => state.work = true,
            Ok(false) => {}
            // The vault is locked or fails: a later write tries again, and until then the search looks row by row.
            Err(error) => tracing::debug!(code = error.code(), "names are not indexed now"),
        }
    }
}

/// Indexes a slice; true when there is more.
fn index_some(db: &Db) -> Result<bool> {
    let counters = db.read(Counters::load)?;
    if counters.indexed >= counters.node {
        return Ok(false);
    }
    db.write(|conn| {
        let indexed = Counters::load(conn)?.indexed;
        let mut statement = conn.prepare_cached(
            "SELECT n, name FROM drive_node WHERE n > ?1 AND n > ?2 ORDER BY n LIMIT ?3",
        )?;
        let mut rows = statement.query([indexed, TRASH, SLICE])?;
        let (mut last, mut count) = (indexed, 0);
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            count += 1;
            index(
                conn,
                last,
                row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
            )?;
        }
        if count < SLICE {
            last = Counters::load(conn)?.node;
        }
        conn.prepare_cached(
            "INSERT OR REPLACE INTO drive_counter (name, value) VALUES ('indexed', ?1)",
        )?
        .execute([last])?;
        Ok::<_, Error>(count == SLICE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_its_words_without_case_and_accents() {
        let query = Query::new("  Café  BILL ");
        assert_eq!(query.words, ["cafe", "bill"]);
        assert!(query.rank("bill from the CAFÉ.pdf").is_some());
        assert!(query.rank("bill.pdf").is_none());
        assert_eq!(
            query.pattern().unwrap_or_default(),
            r#""afe" AND "bil" AND "caf" AND "ill""#
        );
        assert_eq!(Query::new("ab c").pattern(), None);
        assert_eq!(
            Query::new("a\"b").pattern().unwrap_or_default(),
            "\"a\"\"b\""
        );
    }

    #[test]
    fn the_name_itself_is_better_than_a_part_of_one() {
        let query = Query::new("notes");
        let rank = |name| query.rank(name);
        assert!(rank("notes") < rank("notes.txt"));
        assert!(rank("notes.txt") < rank("my notes.txt"));
    }
}
