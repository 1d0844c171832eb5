import type { Node } from "@webx/sdk";

/** Kinds of files that are known by their ending when the drive does not name one. */
const BY_ENDING: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  svg: "image/svg+xml",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  flac: "audio/flac",
  mp4: "video/mp4",
  webm: "video/webm",
  pdf: "application/pdf",
  json: "application/json",
  csv: "text/csv",
  md: "text/markdown",
  txt: "text/plain",
  html: "text/html",
};

/** Whether a file is one of the kinds that are wanted: `image/*`, `text/plain`, `.md`. None wanted: all are. */
export function accepts(node: Pick<Node, "name" | "mime">, wanted: readonly string[] | undefined): boolean {
  if (!wanted || wanted.length === 0) return true;
  const name = node.name.toLowerCase();
  const kind = node.mime ?? BY_ENDING[name.slice(name.lastIndexOf(".") + 1)] ?? "";
  return wanted.some(each => {
    const one = each.trim().toLowerCase();
    if (one === "*/*") return true;
    if (one.startsWith(".")) return name.endsWith(one);
    return one.endsWith("/*") ? kind.startsWith(one.slice(0, -1)) : kind === one;
  });
}
