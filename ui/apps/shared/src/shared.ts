/** What Settings and Store both show of apps. Bundled into each of them. */
export * from "./AppIcon";
export * from "./categories";
export * from "./Permissions";
export * from "./Publisher";
