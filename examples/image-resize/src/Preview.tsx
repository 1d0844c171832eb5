import { useLocale } from "@webx/ui";
import { useEffect, useState } from "react";

interface PreviewProps {
  label: string;
  picture: Blob;
  note?: string;
  dimmed?: boolean;
}

/** A picture with its size in pixels and in bytes below. */
export function Preview({ label, picture, note, dimmed }: PreviewProps) {
  const { format } = useLocale();
  const [url, setUrl] = useState<string>();
  const [pixels, setPixels] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return (
    <figure className="resize-preview" data-dimmed={dimmed || undefined}>
      <div className="resize-picture">
        {url && (
          <img
            src={url}
            alt={label}
            onLoad={event => setPixels(`${event.currentTarget.naturalWidth} × ${event.currentTarget.naturalHeight}`)}
          />
        )}
      </div>
      <figcaption>
        <strong>{label}</strong>
        <span>{[pixels, format.bytes(picture.size), note].filter(Boolean).join(" · ")}</span>
      </figcaption>
    </figure>
  );
}
