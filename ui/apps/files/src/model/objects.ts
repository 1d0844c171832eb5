import type { Node, Os } from "@webx/sdk";

/** Addresses that are kept: about what a long scroll through pictures shows. */
const MOST = 300;

const known = new Map<string, Promise<string>>();

/** The address of a file's bytes, asked for once for each version of its content. */
export function objectUrl(os: Os, node: Node, version?: number): Promise<string> {
  const key = `${node.id} ${version ?? node.versionId}`;
  const there = known.get(key);
  if (there !== undefined) return there;
  const asked = os.files.objectUrl(node.id, version);
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  const [oldest] = known.keys();
  if (known.size > MOST && oldest !== undefined) known.delete(oldest);
  return asked;
}

/** An address that no longer opens: the vault was locked in between, or the node began anew. */
export function forgetObjectUrl(node: Node, version?: number): void {
  known.delete(`${node.id} ${version ?? node.versionId}`);
}
