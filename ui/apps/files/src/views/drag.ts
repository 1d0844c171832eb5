import type { Node, NodeId } from "@webx/sdk";
import { type DragEvent, useState } from "react";
import { useFiles } from "../context";

const NODES = "application/x-webx-nodes";

/** Takes nodes as a folder does. */
export const TRASH = "trash";

/**
 * What is being dragged out of this window: a browser does not let anybody look into a drag before it is dropped, so of
 * what another window drags only the sort is known until then.
 */
let dragged: readonly Node[] | undefined;

export function startDrag(event: DragEvent, nodes: readonly Node[]): void {
  dragged = nodes;
  event.dataTransfer.effectAllowed = "copyMove";
  event.dataTransfer.setData(NODES, nodes.map(node => node.id).join(","));
  event.dataTransfer.setData("text/plain", nodes.map(node => node.name).join("\n"));
}

export function endDrag(): void {
  dragged = undefined;
}

const isNodeId = (text: string) => /^[0-9a-z-]{1,64}$/.test(text) && text !== "root";

type Kind = "nodes" | "files";

function kindOf(event: DragEvent): Kind | undefined {
  const types = event.dataTransfer.types;
  if (types.includes(NODES)) return "nodes";
  return types.includes("Files") ? "files" : undefined;
}

/** Makes an element a place where things can be dropped; `targetOf` names the folder under the pointer. */
export function useDropTarget(targetOf: (element: Element) => NodeId | undefined) {
  const files = useFiles();
  const [over, setOver] = useState<NodeId>();

  const accepted = (event: DragEvent): { kind: Kind; target: NodeId } | undefined => {
    const kind = kindOf(event);
    const target = event.target instanceof Element ? targetOf(event.target) : undefined;
    if (kind === undefined || target === undefined) return undefined;
    if (target === TRASH && kind === "files") return undefined;
    if (kind === "nodes") {
      if (dragged?.some(node => node.id === target)) return undefined;
      if (!event.ctrlKey && !event.altKey && dragged?.every(node => node.parent === target)) return undefined;
    }
    return { kind, target };
  };

  const onDragOver = (event: DragEvent) => {
    const drop = accepted(event);
    setOver(drop?.target);
    if (drop === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect =
      drop.kind === "files" || (drop.target !== TRASH && (event.ctrlKey || event.altKey)) ? "copy" : "move";
  };

  return {
    /** The folder that would take what is dragged now. */
    over,
    handlers: {
      onDragEnter: onDragOver,
      onDragOver,
      onDragLeave: (event: DragEvent) => {
        if (event.relatedTarget instanceof Node_ && event.currentTarget.contains(event.relatedTarget)) return;
        setOver(undefined);
      },
      onDrop: (event: DragEvent) => {
        const drop = accepted(event);
        setOver(undefined);
        if (drop === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        const { dataTransfer: transfer } = event;
        const copy = event.ctrlKey || event.altKey;
        const ids = transfer.getData(NODES).split(",").filter(isNodeId);
        const nodes = dragged;
        endDrag();
        if (drop.kind === "files") files.drop({ target: drop.target, transfer });
        else if (nodes !== undefined) files.drop({ target: drop.target, nodes, copy, transfer });
        else
          void Promise.all(ids.map(id => files.os.files.stat(id))).then(
            known => {
              const moving = known.filter(node => node.id !== drop.target && (copy || node.parent !== drop.target));
              if (moving.length > 0) files.drop({ target: drop.target, nodes: moving, copy, transfer });
            },
            () => {},
          );
      },
    },
  };
}

const Node_ = globalThis.Node;
