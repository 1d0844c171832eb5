/** A node in memory, for unit tests and for the gallery of components. */

export { answerPort, type PortHost } from "./answer";
export type { AppsSeed } from "./apps";
export * from "./memory";
export { type PortOs, throughPort } from "./port";
export { MemoryTree } from "./tree";
