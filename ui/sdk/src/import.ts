/** One thing of a batch import; a path ending in `/` makes an empty folder. */
export interface ImportEntry {
  /** Relative, with `/`. */
  path: string;
  body: Blob;
  modified?: string;
}

/**
 * The stream of `POST /api/drive/import`: for each entry a little-endian u32 with the length of the JSON
 * header, the header, the bytes. Nothing is read here: the result only refers to the entries' bodies.
 */
export function encodeImport(entries: readonly ImportEntry[]): Blob {
  const encoder = new TextEncoder();
  const parts: BlobPart[] = [];
  for (const entry of entries) {
    const header = encoder.encode(
      JSON.stringify({
        path: entry.path,
        size: entry.body.size,
        ...(entry.modified === undefined ? {} : { modified: entry.modified }),
      }),
    );
    const frame = new Uint8Array(4 + header.length);
    new DataView(frame.buffer).setUint32(0, header.length, true);
    frame.set(header, 4);
    parts.push(frame, entry.body);
  }
  return new Blob(parts, { type: "application/octet-stream" });
}

/** Reads such a stream back; used by the in-memory node of the tests. */
export async function decodeImport(frames: Blob): Promise<ImportEntry[]> {
  const entries: ImportEntry[] = [];
  let at = 0;
  while (at < frames.size) {
    const length = new DataView(await frames.slice(at, at + 4).arrayBuffer()).getUint32(0, true);
    const header = JSON.parse(await frames.slice(at + 4, at + 4 + length).text()) as {
      path: string;
      size: number;
      modified?: string;
    };
    const start = at + 4 + length;
    entries.push({
      path: header.path,
      body: frames.slice(start, start + header.size),
      ...(header.modified === undefined ? {} : { modified: header.modified }),
    });
    at = start + header.size;
  }
  return entries;
}
