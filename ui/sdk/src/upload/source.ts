/** A file on its way in, or an empty folder when the path ends in `/`. */
export interface UploadSource {
  /** Relative to the target folder, with `/`. */
  path: string;
  body: Blob;
  modified?: string;
}

const NOTHING = new Blob([]);

function sourceOf(path: string, file: File): UploadSource {
  const source: UploadSource = { path, body: file };
  if (file.lastModified > 0) source.modified = new Date(file.lastModified).toISOString();
  return source;
}

/** Files from an `<input type="file">`, with or without `webkitdirectory`. */
export function sourcesFromFiles(files: Iterable<File>): UploadSource[] {
  const sources: UploadSource[] = [];
  for (const file of files) sources.push(sourceOf(file.webkitRelativePath || file.name, file));
  return sources;
}

type Root = { entry: FileSystemEntry | null; file: File | null };

/** A frame without an origin of its own may read dropped files but no folders; trying ends its process in Chromium. */
const readsFolders = (): boolean => globalThis.origin !== "null";

/**
 * Everything a drop holds, whole folders included where the browser lets them be read. The transfer is only readable during the drop event, so its
 * items are taken at once; walking the folders happens while the sources are consumed.
 */
export function sourcesFromDrop(transfer: DataTransfer): AsyncIterable<UploadSource> {
  const roots: Root[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    roots.push({ entry: (readsFolders() && item.webkitGetAsEntry?.()) || null, file: item.getAsFile() });
  }
  return walkRoots(roots);
}

async function* walkRoots(roots: Root[]): AsyncGenerator<UploadSource> {
  for (const root of roots) {
    if (root.entry === null) {
      if (root.file !== null) yield sourceOf(root.file.name, root.file);
      continue;
    }
    yield* walk(root.entry, "");
  }
}

async function* walk(entry: FileSystemEntry, prefix: string): AsyncGenerator<UploadSource> {
  const path = prefix + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File | null>(done => (entry as FileSystemFileEntry).file(done, () => done(null)));
    // A file that went away between the drop and now is reported, not skipped: reading its body fails.
    yield file === null ? { path, body: unreadable(entry.name) } : sourceOf(path, file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  let empty = true;
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail)).catch(
      () => [] as FileSystemEntry[],
    );
    if (some.length === 0) break;
    empty = false;
    for (const child of some) yield* walk(child, `${path}/`);
  }
  if (empty) yield { path: `${path}/`, body: NOTHING };
}

/** Bodies that are known to be unreadable before anybody tried. */
const broken = new WeakSet<Blob>();

function unreadable(name: string): Blob {
  const body = new File([], name);
  broken.add(body);
  return body;
}

/** Whether the browser can still read the file: it may have been removed or changed since it was chosen. */
export async function isReadable(body: Blob): Promise<boolean> {
  if (broken.has(body)) return false;
  if (body.size === 0) return true;
  try {
    await body.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
