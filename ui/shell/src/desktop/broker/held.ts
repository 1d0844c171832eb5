import type { App, Capability, PermissionState } from "@webx/sdk";

function capabilitiesOf({ permission, granted }: PermissionState, system: boolean): Capability[] {
  if (!granted) return [];
  switch (permission.kind) {
    case "storage":
      return [permission.access === "own" ? "storage:own" : "storage:pick"];
    case "identity":
      return permission.claims.map(claim => `identity:${claim}` as Capability);
    case "notify":
    case "clipboard":
      return [permission.kind];
    case "system":
      // The node honours these only for what came with the program; the desktop does not take anybody's word either.
      return system ? permission.areas.map(area => `system:${area}` as Capability) : [];
    default:
      return [];
  }
}

/** What an app may ask for at this moment. The node checks each request again; this keeps the rest from being sent. */
export function heldBy(app: App): ReadonlySet<Capability> {
  const held = new Set(app.permissions.flatMap(each => capabilitiesOf(each, app.system)));
  if (app.backend) held.add("backend");
  return held;
}
