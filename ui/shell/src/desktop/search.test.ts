import { describe, expect, it } from "vitest";
import { best, score } from "./search";

describe("the launcher's search", () => {
  it("finds words by their beginning, whatever the accents and the case", () => {
    expect(score("uber", "Über diesen Knoten")).toBe(0);
    expect(score("knot", "Über diesen Knoten")).toBe(2);
    expect(score("oten", "Über diesen Knoten")).toBe(-1);
  });

  it("wants every word of the query", () => {
    expect(score("change pass", "Change the passphrase")).toBeGreaterThanOrEqual(0);
    expect(score("change key", "Change the passphrase")).toBe(-1);
  });

  it("puts the best match first", () => {
    expect(best("f", ["My files", "Files", "Activity"], each => each)).toEqual(["Files", "My files"]);
  });
});
