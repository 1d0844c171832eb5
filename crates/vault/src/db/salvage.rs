//! Saving what can be read of a damaged database.
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{FILE, READER_CACHE_KIB, SNAPSHOT, connect, key_text};
use crate::disk::Disk;
use crate::error::{Damage, Error, Result};
use crate::secret::Secret32;

/// Failed reads after which the rest of a table is given up.
const PATIENCE: u32 = 4096;

/// What a repair saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvage {
    /// Tables that were copied row by row; empty when the snapshot took the database's place.
    pub tables: Vec<SalvagedTable>,
    /// The whole database was beyond reading, and the last snapshot was put in its place.
    pub from_snapshot: bool,
    /// Where the damaged file was kept.
    pub kept: PathBuf,
}

/// A table of a damaged database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SalvagedTable {
    /// Its name.
    pub name: String,
    /// Rows saved.
    pub rows: u64,
    /// Whether some of its rows could not be read.
    pub incomplete: bool,
}

/// Puts a whole database in the place of a damaged one and keeps the damaged one beside it.
pub(crate) fn repair(disk: &dyn Disk, dir: &Path, key: &Secret32) -> Result<Salvage> {
    let key = key_text(key);
    let path = dir.join(FILE);
    let fresh = dir.join("store.repaired.db");
    let clear = |path: &Path| match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    };
    let beside = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["", "-wal", "-shm", "-journal"] {
        clear(&beside(&fresh, suffix))?;
    }
    crate::locked::create_private(disk, &fresh)?;
    let (tables, from_snapshot) = match copy_all(&path, &fresh, &key) {
        Ok(tables) => (tables, false),
        Err(_) => {
            let snapshot = dir.join(SNAPSHOT);
            let beyond = |_| {
                Error::Damaged(Damage::new(
                    &path,
                    "no table of it can be read, and there is no whole snapshot",
                    "put a backup of the folder back",
                ))
            };
            std::fs::metadata(&snapshot).map_err(|_| beyond(()))?;
            clear(&fresh)?;
            crate::locked::create_private(disk, &fresh)?;
            copy_all(&snapshot, &fresh, &key).map_err(|_| beyond(()))?;
            (Vec::new(), true)
        }
    };
    let file = disk
        .open(&fresh, crate::disk::Access::Write)
        .and_then(|file| file.sync());
    file.map_err(|e| Error::io("sync", &fresh, e))?;
    let stamp = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let kept = dir.join(format!("store.damaged-{stamp}.db"));
    let moved = |e| Error::io("replace", &path, e);
    disk.rename(&path, &kept).map_err(moved)?;
    for suffix in ["-wal", "-shm"] {
        let log = beside(&path, suffix);
        if log.exists() {
            disk.rename(&log, &beside(&kept, suffix)).map_err(moved)?;
        }
    }
    disk.rename(&fresh, &path)
        .and_then(|()| disk.sync_dir(dir))
        .map_err(moved)?;
    Ok(Salvage {
        tables,
        from_snapshot,
        kept,
    })
}

struct Object {
    kind: String,
    name: String,
    sql: String,
}

fn copy_all(from: &Path, to: &Path, key: &str) -> Result<Vec<SalvagedTable>> {
    let source = connect(from, key, READER_CACHE_KIB)?;
    let target = connect(to, key, READER_CACHE_KIB)?;
    target.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE; BEGIN")?;
    let objects = read_schema(&source)?;
    let is_virtual = |o: &Object| {
        o.sql
            .trim_start()
            .to_ascii_uppercase()
            .starts_with("CREATE VIRTUAL")
    };
    // Virtual tables make their own shadow tables, whose rows are copied like any others.
    let tables = || objects.iter().filter(|o| o.kind == "table");
    for object in tables().filter(|o| is_virtual(o)) {
        target.execute_batch(&object.sql)?;
    }
    let mut saved = Vec::new();
    for object in tables().filter(|o| !is_virtual(o)) {
        let present: bool = target.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = ?1",
            [&object.name],
            |row| Ok(row.get::<_, i64>(0)? > 0),
        )?;
        if present {
            target.execute_batch(&format!("DELETE FROM {}", quoted(&object.name)))?;
        } else {
            target.execute_batch(&object.sql)?;
        }
        saved.push(copy_table(&source, &target, &object.name)?);
    }
    for object in tables().filter(|o| is_virtual(o)) {
        let shadows = format!("{}_", object.name);
        if saved
            .iter()
            .any(|t| t.incomplete && t.name.starts_with(&shadows))
        {
            let name = quoted(&object.name);
            if target
                .execute_batch(&format!("INSERT INTO {name}({name}) VALUES ('rebuild')"))
                .is_err()
            {
                tracing::warn!("a search index could not be rebuilt from what was saved");
            }
        }
    }
    for object in objects.iter().filter(|o| o.kind != "table") {
        if target.execute_batch(&object.sql).is_err() {
            tracing::warn!("an index, view or trigger could not be made again");
        }
    }
    target.execute_batch("COMMIT")?;
    target.close().map_err(|(_, e)| Error::from(e))?;
    Ok(saved)
}

fn read_schema(source: &Connection) -> Result<Vec<Object>> {
    let mut statement = source.prepare(
        "SELECT type, name, sql FROM sqlite_schema
         WHERE sql IS NOT NULL AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\') ORDER BY rowid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            sql: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A stretch of row numbers that was not read yet; the widest comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    width: u128,
    from: i64,
    to: i64,
}

impl Stretch {
    fn new(from: i64, to: i64) -> Option<Self> {
        let width = u128::try_from(i128::from(to) - i128::from(from) + 1)
            .ok()
            .filter(|w| *w > 0)?;
        Some(Self { width, from, to })
    }
}

fn copy_table(source: &Connection, target: &Connection, name: &str) -> Result<SalvagedTable> {
    let mut table = SalvagedTable {
        name: name.to_owned(),
        rows: 0,
        incomplete: false,
    };
    let columns = columns(target, name)?;
    let list = columns
        .iter()
        .map(|c| quoted(c))
        .collect::<Vec<_>>()
        .join(", ");
    let name = quoted(name);
    let has_rowid = target
        .prepare(&format!("SELECT _rowid_ FROM {name}"))
        .is_ok();
    if !has_rowid {
        let marks = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT OR IGNORE INTO {name} ({list}) VALUES ({marks})");
        let key = primary_key(target, &name)?;
        for order in ["ASC", "DESC"] {
            let by = key
                .iter()
                .map(|c| format!("{} {order}", quoted(c)))
                .collect::<Vec<_>>()
                .join(", ");
            let select = format!("SELECT {list} FROM {name} ORDER BY {by}");
            let read = copy_rows(
                source,
                target,
                &select,
                &insert,
                columns.len(),
                &[],
                &mut table.rows,
            )?;
            if read.whole {
                break;
            }
            table.incomplete = true;
        }
        return Ok(table);
    }
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {name} (_rowid_, {list}) VALUES ({marks})");
    let select = |order: &str| {
        format!(
            "SELECT _rowid_, {list} FROM {name} WHERE _rowid_ BETWEEN ?1 AND ?2 ORDER BY _rowid_ {order}"
        )
    };
    let (forward, backward) = (select("ASC"), select("DESC"));
    let mut patience = PATIENCE;
    let mut stretches = BinaryHeap::from_iter(Stretch::new(i64::MIN, i64::MAX));
    while let Some(stretch) = stretches.pop() {
        let bounds = [stretch.from, stretch.to];
        let up = copy_rows(
            source,
            target,
            &forward,
            &insert,
            columns.len() + 1,
            &bounds,
            &mut table.rows,
        )?;
        if up.whole {
            continue;
        }
        table.incomplete = true;
        let down = copy_rows(
            source,
            target,
            &backward,
            &insert,
            columns.len() + 1,
            &bounds,
            &mut table.rows,
        )?;
        patience = patience.saturating_sub(1);
        if down.whole || patience == 0 {
            continue;
        }
        // Between the last row read from below and the last one read from above lies what is damaged.
        let from = up
            .last
            .map_or(Some(stretch.from), |last| last.checked_add(1));
        let to = down
            .last
            .map_or(Some(stretch.to), |last| last.checked_sub(1));
        let Some(gap) = from
            .zip(to)
            .and_then(|(from, to)| Stretch::new(from, to))
            .filter(|gap| gap.width > 1)
        else {
            continue;
        };
        let middle = i64::midpoint(gap.from, gap.to);
        stretches.extend(Stretch::new(gap.from, middle));
        stretches.extend(
            middle
                .checked_add(1)
                .and_then(|next| Stretch::new(next, gap.to)),
        );
    }
    Ok(table)
}

struct Read {
    whole: bool,
    last: Option<i64>,
}

fn copy_rows(
    source: &Connection,
    target: &Connection,
    select: &str,
    insert: &str,
    columns: usize,
    bounds: &[i64],
    saved: &mut u64,
) -> Result<Read> {
    let mut insert = target.prepare_cached(insert)?;
    let mut read = Read {
        whole: false,
        last: None,
    };
    let Ok(mut statement) = source.prepare_cached(select) else {
        return Ok(read);
    };
    let Ok(mut rows) = statement.query(params_from_iter(bounds)) else {
        return Ok(read);
    };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => {
                read.whole = true;
                return Ok(read);
            }
            Err(_) => return Ok(read),
        };
        let values: Result<Vec<Value>, _> = (0..columns).map(|i| row.get(i)).collect();
        let Ok(values) = values else { return Ok(read) };
        if let Some(Value::Integer(rowid)) = values.first() {
            read.last = Some(*rowid);
        }
        *saved += insert.execute(params_from_iter(values))? as u64;
    }
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn primary_key(connection: &Connection, quoted_table: &str) -> Result<Vec<String>> {
    let table = quoted_table.trim_matches('"').replace("\"\"", "\"");
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
