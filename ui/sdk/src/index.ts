/**
 * What an app imports to talk to the operating system.
 *
 * ```tsx
 * const os = useOs();
 * const { data, problem, loading } = useLoad('home', () => os.files.list('root'));
 * useEffect(() => os.files.onChange((event) => console.log(event.op, event.node)), [os]);
 * ```
 *
 * `Calls` and `Topics` are the whole contract. `createOs(transport)` makes it usable; a `Transport` carries
 * it. An app never sees an address, a token or a socket.
 */
export * from "./connect";
export * from "./contract";
export * from "./hooks/app";
export * from "./hooks/storage";
export * from "./import";
export * from "./keys";
export { METHODS, OPTIONS_AT, PATIENT, TOPICS } from "./methods.gen";
export * from "./os";
export * from "./port";
export * from "./problem";
export * from "./react";
export * from "./types";
export * from "./upload/queue";
export type {
  ConflictChoice,
  UploadFailure,
  UploadPhase,
  UploadSnapshot,
} from "./upload/snapshot";
export * from "./upload/source";
export { UploadTask, type UploadTaskOptions } from "./upload/task";
