/** A refusal by the node, shaped like RFC 9457 and safe to clone over a port. */
export interface ProblemDocument {
  /** Stable machine word, such as `not-found`, `exists`, `disk-full`, `locked`. */
  readonly code: string;
  /** HTTP status; 0 when the node could not be reached. */
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

/** What every rejected SDK call throws. */
export class Problem extends Error implements ProblemDocument {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;

  constructor(document: ProblemDocument) {
    super(document.detail ?? document.title);
    this.name = "Problem";
    this.code = document.code;
    this.status = document.status;
    this.title = document.title;
    if (document.detail !== undefined) this.detail = document.detail;
    if (document.retryAfterSeconds !== undefined) this.retryAfterSeconds = document.retryAfterSeconds;
  }

  toJSON(): ProblemDocument {
    return {
      code: this.code,
      status: this.status,
      title: this.title,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: this.retryAfterSeconds }),
    };
  }
}

/** True when the error is a problem, with that code if one is given. */
export function isProblem(error: unknown, code?: string): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code);
}

/** Turns anything thrown into a problem, so that a screen has one thing to show. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === "AbortError")
    return new Problem({ code: "cancelled", status: 0, title: "Cancelled" });
  if (error instanceof TypeError)
    return new Problem({
      code: "unreachable",
      status: 0,
      title: "The node does not answer",
      detail: error.message,
    });
  return new Problem({
    code: "unexpected",
    status: 0,
    title: "Something unexpected happened",
    detail: error instanceof Error ? error.message : String(error),
  });
}
