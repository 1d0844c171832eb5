import Check from "lucide-react/icons/check";
import Copy from "lucide-react/icons/copy";
import { type ReactNode, useEffect, useState } from "react";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { IconButton } from "./Button";
import "./KeyValue.css";

export interface Fact {
  label: string;
  value: ReactNode;
  /** Writes the value in fixed width: for identifiers and digests. */
  mono?: boolean;
  /** The text a copy button gives; needs `onCopy` on the list. */
  copy?: string;
}

/** Names and values under each other. */
export function KeyValue({
  items,
  onCopy,
  className,
}: {
  items: readonly Fact[];
  onCopy?: (text: string) => void | Promise<void>;
  className?: string;
}) {
  return (
    <dl className={cx("wx-facts", className)}>
      {items.map(item => (
        <div key={item.label} className="wx-fact">
          <dt>{item.label}</dt>
          <dd className={item.mono ? "wx-fact-mono" : undefined}>
            <span>{item.value}</span>
            {item.copy !== undefined && onCopy && <CopyButton text={item.copy} onCopy={onCopy} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Copies a text and says so for two seconds. */
export function CopyButton({
  text,
  onCopy,
  label,
}: {
  text: string;
  onCopy: (text: string) => void | Promise<void>;
  label?: string;
}) {
  const t = useKitText();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <IconButton
      size="sm"
      label={done ? t("copied") : (label ?? t("copy"))}
      onPress={async () => {
        await onCopy(text);
        setDone(true);
      }}
    >
      {done ? <Check /> : <Copy />}
    </IconButton>
  );
}
