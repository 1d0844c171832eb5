// @vitest-environment node
import type { NetworkSettings } from "@webx/sdk";
import { describe, expect, it } from "vitest";
import { formOf, numberOf, settingsOf } from "./form";

const SETTINGS: NetworkSettings = {
  neighbours: 8,
  guests: 56,
  controlBudget: 25_000_000,
  lookUp: true,
  exchange: false,
  lanDiscovery: true,
  metered: null,
  hours: { from: 22, to: 6 },
  rates: { up: 1_250_000, down: null, peerUp: 1_234, peerDown: null },
  meteredRates: { up: 250_000, down: 250_000, peerUp: null, peerDown: null },
  relay: { port: 443, public: "203.0.113.7:443", clients: 64, rate: 131_072 },
  lastResort: [`${"a".repeat(52)}@node.example.org:7701`],
};
const problemsOf = (change: Partial<ReturnType<typeof formOf>>) => {
  const result = settingsOf({ ...formOf(SETTINGS), ...change });
  return "problems" in result ? result.problems : {};
};

describe("the form of the limits", () => {
  it("gives back to the byte what it was given", () => {
    expect(settingsOf(formOf(SETTINGS))).toEqual({ settings: SETTINGS });
    const none = { ...SETTINGS, hours: null, relay: null, metered: true };
    expect(settingsOf(formOf(none))).toEqual({ settings: none });
  });

  it("reads numbers as people write them", () => {
    expect(["25", " 2,5 ", "2.5", "٢٥", "٢٫٥"].map(numberOf)).toEqual([25, 2.5, 2.5, 25, 2.5]);
    for (const odd of ["", "-1", "1e9", "12 MB", "1.2.3", "∞"]) expect(numberOf(odd)).toBeUndefined();
  });

  it("says which field is wrong, and asks the node nothing", () => {
    expect(problemsOf({ neighbours: "many", guests: "2000", budget: "0.5" })).toEqual({
      neighbours: "wrongNumber",
      guests: "wrongRange",
      budget: "wrongRange",
    });
    expect(problemsOf({ rates: { up: "fast", down: "", peerUp: "", peerDown: "" } })).toEqual({
      "rates.up": "wrongNumber",
    });
    expect(problemsOf({ always: false, from: 6, to: 6 })).toEqual({ to: "wrongHours" });
    expect(problemsOf({ always: true, from: 6, to: 6 })).toEqual({});
  });

  it("looks at the relay only where one is wanted", () => {
    for (const address of ["", "203.0.113.7", "http://a.example:443", "relay.example:443", "203.0.113.7:0"])
      expect(problemsOf({ address })).toEqual({ address: "wrongAddress" });
    for (const address of ["203.0.113.7:443", "[2001:db8::1]:443"]) expect(problemsOf({ address })).toEqual({});
    expect(problemsOf({ relay: false, address: "", port: "x" })).toEqual({});
  });

  it("takes a last resort as a list of lines, each a node and where it is", () => {
    const id = "b".repeat(52);
    const some = `${id}@node.example.org:7701\n\n  ${id}@[2001:db8::1]:7701\n${id}@203.0.113.7:1`;
    expect(problemsOf({ resort: some })).toEqual({});
    expect(problemsOf({ resort: "" })).toEqual({});
    const many = Array.from({ length: 9 }, (_, port) => `${id}@a.example:${port + 1}`).join("\n");
    for (const resort of ["a.example:1", `${id}@a.example`, `${id}@a.example:0`, `${id}@a:1\n${id}@a:1`, many])
      expect(problemsOf({ resort })).toEqual({ resort: "wrongResort" });
  });
});
