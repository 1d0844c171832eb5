/** A node in memory, for unit tests and for the gallery of components. */
export * from "./memory";
export { MemoryTree } from "./tree";
