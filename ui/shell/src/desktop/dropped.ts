/** A file or folder from the operating system, with its place in what was dropped. A folder has no file. */
export interface Dropped {
  path: string;
  file?: File;
}

async function walk(entry: FileSystemEntry, out: Dropped[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    out.push({ path, file });
    return;
  }
  out.push({ path });
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (batch.length === 0) return;
    for (const child of batch) await walk(child, out);
  }
}

/** Everything in a drop, folders walked through. */
export async function droppedFrom(data: DataTransfer): Promise<Dropped[]> {
  // The list is only readable during the event, so the entries are taken before anything waits.
  const entries = Array.from(data.items).flatMap(item => {
    if (item.kind !== "file") return [];
    return [item.webkitGetAsEntry() ?? item.getAsFile()];
  });
  const out: Dropped[] = [];
  for (const entry of entries) {
    if (entry instanceof File) out.push({ path: entry.name, file: entry });
    else if (entry) await walk(entry, out);
  }
  return out;
}
