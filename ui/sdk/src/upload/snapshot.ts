import type { Problem } from "../problem";
import type { NodeId } from "../types";

export type UploadPhase =
  | "running"
  | "paused"
  /** The node cannot be reached or is locked; tried again by itself. */
  | "waiting"
  /** All else is done; names that are taken wait for a decision. */
  | "conflicts"
  | "done"
  | "failed"
  | "cancelled";

export interface UploadFailure {
  path: string;
  code: string;
}

/** What a screen shows of a task. */
export interface UploadSnapshot {
  id: string;
  parent: NodeId;
  label: string;
  phase: UploadPhase;
  /** The folders are still being read, so the totals still grow. */
  scanning: boolean;
  filesDone: number;
  filesTotal: number;
  bytesDone: number;
  bytesTotal: number;
  bytesPerSecond: number;
  /** Undefined while it cannot be told. */
  secondsLeft: number | undefined;
  conflicts: string[];
  failures: UploadFailure[];
  problem: Problem | undefined;
}

export type ConflictChoice = "keepBoth" | "newVersion" | "skip";

/** A refusal that goes away by itself. */
export function isPassing(problem: Problem): boolean {
  return (
    problem.code === "unreachable" ||
    problem.code === "locked" ||
    problem.status === 401 ||
    problem.status === 429 ||
    problem.status === 502 ||
    problem.status === 503
  );
}
