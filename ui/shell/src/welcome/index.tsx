import { Suspense } from "react";
import { Frame } from "./Frame";
import { Onboarding } from "./Onboarding";
import { Unlock } from "./Unlock";

/** Before the desktop: the first person moves in, or somebody comes back. */
export default function Welcome({ phase }: { phase: "welcome" | "locked" }) {
  return (
    <Suspense>
      <Frame>{phase === "welcome" ? <Onboarding /> : <Unlock />}</Frame>
    </Suspense>
  );
}
