// @vitest-environment node
import { expect, it } from "vitest";
// @ts-expect-error the generator is a plain script
import { stale } from "../scripts/contract.mjs";

it("what is made from the contract is current: run `npm run generate`", { timeout: 120_000 }, () => {
  expect(stale().map(([path]: [string]) => path)).toEqual([]);
});
