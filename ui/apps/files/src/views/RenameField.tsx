import type { Node } from "@webx/sdk";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { nameFault, splitName } from "../model/names";
import { type Key, useT } from "../strings";

/** The name of an entry as a field, in its place. Enter or leaving the field renames, Escape leaves it as it was. */
export function RenameField({
  node,
  onDone,
}: {
  node: Node;
  /** `undefined` leaves the name. */
  onDone: (name: string | undefined) => void;
}) {
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(node.name);
  const finished = useRef(false);
  const fault = nameFault(name);
  const faultId = useId();

  // Once, and before the browser can take a key: the entry becomes another object with every change in the folder.
  const first = useRef(node);
  useLayoutEffect(() => {
    const { kind, name: old } = first.current;
    input.current?.focus();
    input.current?.setSelectionRange(0, kind === "folder" ? old.length : splitName(old)[0].length);
  }, []);

  const finish = (value: string | undefined) => {
    if (finished.current) return;
    finished.current = true;
    onDone(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") finish(undefined);
    if (event.key === "Enter" && fault === undefined) finish(name);
  };

  return (
    <div className="fx-rename">
      <input
        ref={input}
        value={name}
        dir="auto"
        aria-label={t("renameLabel", { name: node.name })}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : faultId}
        spellCheck={false}
        autoComplete="off"
        onChange={event => setName(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => finish(fault === undefined ? name : undefined)}
        onPointerDown={event => event.stopPropagation()}
        onDoubleClick={event => event.stopPropagation()}
      />
      {fault !== undefined && (
        <div id={faultId} className="fx-rename-fault" role="alert">
          {t(`nameFault.${fault}` as Key)}
        </div>
      )}
    </div>
  );
}
