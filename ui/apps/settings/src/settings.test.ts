// @vitest-environment node
import { describe, expect, it } from "vitest";
import { logEntries } from "./log";

const entry = (number: number, parameters: object = {}) => ({
  versionId: `${number}-Qm`,
  versionTime: `2026-11-22T10:00:0${number}Z`,
  parameters,
});

describe("the history of an identity", () => {
  it("tells a renewal of keys from another change", () => {
    const log = [
      entry(1, { updateKeys: ["a"] }),
      entry(2),
      entry(3, { updateKeys: ["b"] }),
      entry(4, { updateKeys: ["b"], deactivated: true }),
    ];
    expect(logEntries(log).map(each => [each.number, each.rotated, each.deactivated])).toEqual([
      [1, false, false],
      [2, false, false],
      [3, true, false],
      [4, false, true],
    ]);
  });

  it("leaves out what is no entry", () => {
    expect(logEntries([null, 7, [], {}, { versionId: "x" }, entry(1)]).map(each => each.number)).toEqual([1]);
  });
});
