import type { Os } from "@webx/sdk";

export type Format = "same" | "jpeg" | "png";

export interface Wish {
  /** The longest side in pixels. */
  side: number;
  format: Format;
  /** 1 to 100, for JPEG. */
  quality: number;
}

export interface Made {
  blob: Blob;
  width: number;
  height: number;
}

/** Lets the backend make the picture smaller. Rejects with a sentence for the person. */
export async function resize(os: Os, picture: Blob, wish: Wish, signal: AbortSignal): Promise<Made> {
  const path = `/resize?width=${wish.side}&height=${wish.side}&format=${wish.format}&quality=${wish.quality}`;
  const answer = await os.backend.fetch(path, { method: "POST", body: picture }, { signal });
  if (answer.status !== 200) throw new Error(await answer.body.text());
  const pixels = (name: string) => Number(answer.headers[`picture-${name}`] ?? 0);
  const type = answer.headers["content-type"] ?? "";
  return { blob: new Blob([answer.body], { type }), width: pixels("width"), height: pixels("height") };
}

/** `holiday.webp` made 800 pixels large as PNG is `holiday-800.png`. */
export function nameOf(original: string, made: Made): string {
  const stem = original.replace(/\.[^.]+$/, "");
  return `${stem}-${Math.max(made.width, made.height)}.${made.blob.type === "image/jpeg" ? "jpg" : "png"}`;
}
