import { toProblem } from "@webx/sdk";
import type { T } from "./strings";

/** What happened and what to do, in the person's language; the node's own words where we have none. */
export function explain(reason: unknown, t: T): string {
  const problem = toProblem(reason);
  switch (problem.code) {
    case "wrong-passphrase":
      return t("errorWrong");
    case "too-soon":
      return t("errorTooSoon");
    case "not-words":
      return t("errorNotWords");
    case "wrong-words":
      return t("errorWrongWords");
    case "not-share":
    case "wrong-shares":
      return t("errorShares", { detail: problem.message });
    case "words-gone":
      return t("errorWordsGone");
    case "unreachable":
      // The node of this machine gives no answer at all; its own answer is about the other device.
      return t(problem.status === 409 ? "errorDeviceAway" : "errorUnreachable");
    case "wrong-state":
      return t("errorState");
    case "bad-code":
      return t("pairCodeWrong");
    case "not-open":
    case "wrong-secret":
      return t("errorNotOpen");
    case "busy":
      return t("errorBusy");
    case "declined":
      return t("errorDeclined");
    case "expired":
      return t("errorExpired");
    case "other-network":
      return t("errorOtherNetwork");
    case "bad-invite":
      return t("errorInvite", { detail: problem.message });
    case "damaged":
      return t("errorDamaged", { detail: problem.message });
    default:
      return t("errorOther", { detail: problem.message });
  }
}
