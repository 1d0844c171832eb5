import File from "lucide-react/icons/file";
import FileArchive from "lucide-react/icons/file-archive";
import FileCode from "lucide-react/icons/file-code";
import FileImage from "lucide-react/icons/file-image";
import FileMusic from "lucide-react/icons/file-music";
import FileSpreadsheet from "lucide-react/icons/file-spreadsheet";
import FileText from "lucide-react/icons/file-text";
import FileVideo from "lucide-react/icons/file-video-camera";
import "./FileIcon.css";

export type FileGroup =
  | "folder"
  | "image"
  | "video"
  | "audio"
  | "text"
  | "pdf"
  | "archive"
  | "code"
  | "sheet"
  | "other";

const extensions: Record<Exclude<FileGroup, "folder" | "other">, string> = {
  image: "png jpg jpeg gif webp avif svg bmp ico heic tif tiff",
  video: "mp4 webm mkv mov avi m4v ogv",
  audio: "mp3 wav flac ogg oga opus m4a aac",
  text: "txt md markdown rtf doc docx odt log tex epub",
  pdf: "pdf",
  archive: "zip tar gz tgz bz2 xz zst 7z rar iso dmg deb rpm wxa",
  code: "js ts tsx jsx mjs cjs rs py go c h cpp hpp java kt rb php sh css html htm json yaml yml toml xml sql sol wasm",
  sheet: "csv tsv xls xlsx ods",
};
const byExtension = new Map(
  Object.entries(extensions).flatMap(([group, list]) => list.split(" ").map(end => [end, group as FileGroup])),
);

/** What sort of thing a file is, by the end of its name. */
export function fileGroupOf(name: string, kind: "file" | "folder" = "file"): FileGroup {
  if (kind === "folder") return "folder";
  const dot = name.lastIndexOf(".");
  return (dot > 0 ? byExtension.get(name.slice(dot + 1).toLowerCase()) : undefined) ?? "other";
}

const icons = {
  image: FileImage,
  video: FileVideo,
  audio: FileMusic,
  text: FileText,
  pdf: FileText,
  archive: FileArchive,
  code: FileCode,
  sheet: FileSpreadsheet,
  other: File,
} as const;

export interface FileIconProps {
  name: string;
  kind?: "file" | "folder";
  /** Edge in pixels. */
  size?: number;
}

export function FileIcon({ name, kind = "file", size = 20 }: FileIconProps) {
  const group = fileGroupOf(name, kind);
  if (group === "folder") {
    return (
      <svg className="wx-file-icon wx-file-folder" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
        <path
          d="M2 6.5A2.5 2.5 0 0 1 4.5 4h4.2c.6 0 1.2.2 1.6.7l1.2 1.2c.3.4.8.6 1.3.6h6.7A2.5 2.5 0 0 1 22 9v8.5a2.5 2.5 0 0 1-2.5 2.5h-15A2.5 2.5 0 0 1 2 17.5z"
          fill="currentColor"
          opacity="0.72"
        />
        <path
          d="M2 10.5A1.5 1.5 0 0 1 3.5 9h17a1.5 1.5 0 0 1 1.5 1.5v7a2.5 2.5 0 0 1-2.5 2.5h-15A2.5 2.5 0 0 1 2 17.5z"
          fill="currentColor"
        />
      </svg>
    );
  }
  const Icon = icons[group];
  return (
    <Icon
      className={`wx-file-icon wx-file-${group}`}
      size={size}
      strokeWidth={size > 32 ? 1.25 : 1.75}
      aria-hidden="true"
    />
  );
}
