/** Name and ending: `a.tar.gz` has the ending `.gz`, `.profile` has none. */
export function splitName(name: string): [stem: string, ending: string] {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

/** A package of an app: opening it means to install it. */
export const isPackage = (name: string): boolean => splitName(name)[1].toLowerCase() === ".wxa";

export type NameFault = "empty" | "reserved" | "slash" | "control" | "long";

const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** Why the drive will refuse a name, so that it can be said while the person types. */
export function nameFault(name: string): NameFault | undefined {
  if (name.trim() === "") return "empty";
  if (name === "." || name === "..") return "reserved";
  if (name.includes("/")) return "slash";
  if (CONTROL.test(name)) return "control";
  if (new TextEncoder().encode(name.normalize("NFC")).length > 255) return "long";
  return undefined;
}

export type Media = "image" | "video" | "audio" | "pdf" | "markdown" | "text" | "archive" | "other";

const BY_ENDING: Record<string, Media> = {};
const endings: Record<Exclude<Media, "other">, string> = {
  image: "png jpg jpeg gif webp avif svg bmp ico apng jfif",
  video: "mp4 m4v webm mkv mov ogv avi",
  audio: "mp3 m4a aac ogg oga opus wav flac weba",
  pdf: "pdf",
  markdown: "md markdown mdown",
  text: "txt log csv tsv json jsonl xml yml yaml toml ini conf cfg env html htm css scss js mjs cjs ts tsx jsx rs py rb go java kt c h cc cpp hpp cs php sh bash zsh fish sql lua swift r tex bib srt vtt diff patch rst adoc org properties gradle make cmake dockerfile gitignore editorconfig lock",
  archive: "zip gz tgz bz2 xz zst 7z rar tar wxa",
};
for (const [media, list] of Object.entries(endings))
  for (const ending of list.split(" ")) BY_ENDING[ending] = media as Media;

const TEXT_NAMES = /^(readme|license|licence|makefile|dockerfile|changelog|authors|copying|notice|todo)$/i;

/** What a file is, by its type where the node knows it and else by its name. */
export function mediaOf(name: string, mime?: string | null): Media {
  const byName = BY_ENDING[splitName(name)[1].slice(1).toLowerCase()];
  if (byName !== undefined) return byName;
  if (TEXT_NAMES.test(name)) return "text";
  if (mime == null) return "other";
  if (mime === "application/pdf") return "pdf";
  if (mime === "text/markdown") return "markdown";
  const [family] = mime.split("/");
  if (family === "image" || family === "video" || family === "audio" || family === "text") return family;
  if (mime === "application/json" || mime === "application/xml") return "text";
  return "other";
}
