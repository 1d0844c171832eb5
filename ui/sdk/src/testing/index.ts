/** A node in memory, for unit tests and for the gallery of components. */

export { answerPort, type PortHost } from "./answer";
export type { AppsSeed } from "./apps";
export type { ContactsSeed } from "./contacts";
export type { CopiesSeed } from "./copies";
export type { DevicesSeed } from "./devices";
export type { GuardiansSeed } from "./guardians";
export * from "./memory";
export type { NetworkSeed } from "./network";
export { type PortOs, throughPort } from "./port";
export type { TransfersSeed } from "./transfers";
export { MemoryTree } from "./tree";
