import type { Node, NodeId } from "@webx/sdk";

/**
 * What is selected. `all` means: everything of the listing but `except`, so that selecting 100,000 entries
 * needs none of them loaded.
 */
export interface Selection {
  readonly all: boolean;
  readonly except: ReadonlySet<NodeId>;
  readonly nodes: ReadonlyMap<NodeId, Node>;
}

export const NOTHING: Selection = { all: false, except: new Set(), nodes: new Map() };

export const everything = (): Selection => ({ ...NOTHING, all: true });

export function only(nodes: Iterable<Node>): Selection {
  return { ...NOTHING, nodes: new Map([...nodes].map(node => [node.id, node])) };
}

export function has(selection: Selection, id: NodeId): boolean {
  return selection.all ? !selection.except.has(id) : selection.nodes.has(id);
}

export function count(selection: Selection, total: number): number {
  return selection.all ? Math.max(0, total - selection.except.size) : selection.nodes.size;
}

/** The selected entry when it is a single one. */
export function single(selection: Selection): Node | undefined {
  if (selection.all || selection.nodes.size !== 1) return undefined;
  const [node] = selection.nodes.values();
  return node;
}

export function toggle(selection: Selection, node: Node): Selection {
  if (selection.all) {
    const except = new Set(selection.except);
    if (!except.delete(node.id)) except.add(node.id);
    return { ...selection, except };
  }
  const nodes = new Map(selection.nodes);
  if (!nodes.delete(node.id)) nodes.set(node.id, node);
  return { ...selection, nodes };
}

export function add(selection: Selection, more: Iterable<Node>): Selection {
  if (selection.all) {
    const except = new Set(selection.except);
    for (const node of more) except.delete(node.id);
    return { ...selection, except };
  }
  const nodes = new Map(selection.nodes);
  for (const node of more) nodes.set(node.id, node);
  return { ...selection, nodes };
}

/** Forgets what is gone and takes over what changed. */
export function refresh(selection: Selection, lookup: (id: NodeId) => Node | null | undefined): Selection {
  if (selection.all || selection.nodes.size === 0) return selection;
  let changed = false;
  const nodes = new Map<NodeId, Node>();
  for (const [id, old] of selection.nodes) {
    const now = lookup(id);
    if (now === null) {
      changed = true;
      continue;
    }
    if (now !== undefined && now !== old) changed = true;
    nodes.set(id, now ?? old);
  }
  return changed ? { ...selection, nodes } : selection;
}
