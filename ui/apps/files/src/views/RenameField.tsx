import type { Node } from "@webx/sdk";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
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

  useEffect(() => {
    const field = input.current;
    field?.focus();
    field?.setSelectionRange(0, node.kind === "folder" ? node.name.length : splitName(node.name)[0].length);
  }, [node]);

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
