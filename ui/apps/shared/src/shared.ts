/** What Settings and Store both show of apps. Bundled into each of them. */
export * from "./AppIcon";
export * from "./categories";
export * from "./Permissions";
export * from "./Publisher";
/** Call it at the top of an app: the texts are there then before a part of the screen needs them. */
export { useT as useSharedTexts } from "./strings";
