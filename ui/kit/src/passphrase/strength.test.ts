// @vitest-environment node
import { describe, expect, it } from "vitest";
import { strengthOf } from "./strength";

const level = (text: string, known: string[] = []) => strengthOf(text, known).level;

describe("the strength of a passphrase", () => {
  it("is nothing below eight characters, whatever they are", () => {
    expect(strengthOf("x9$K!q2")).toMatchObject({ level: 0, hint: "tooShort" });
    expect(level("")).toBe(0);
  });

  it("sees through what guessers try first", () => {
    for (const weak of [
      "password",
      "Password1!",
      "12345678",
      "qwertzuiop",
      "aaaaaaaaaaaa",
      "abcabcabcabc",
      "abcdefghijkl",
    ])
      expect(level(weak), weak).toBeLessThanOrEqual(1);
    expect(strengthOf("password1").hint).toBe("common");
    expect(strengthOf("aaaaaaaaaaaa").hint).toBe("repeats");
  });

  it("does not count a name that everybody knows", () => {
    expect(level("ada lovelace", ["Ada Lovelace"])).toBe(0);
    expect(strengthOf("ada lovelace 1", ["Ada Lovelace"]).hint).toBe("name");
  });

  it("grows with every word and with every character", () => {
    const phrase = ["copper", "window", "lazy", "harbour", "violin", "seven"];
    const bits = phrase.map((_, count) => strengthOf(phrase.slice(0, count + 1).join(" ")).bits);
    expect([...bits].sort((a, b) => a - b)).toEqual(bits);
    expect(level("copper window lazy harbour")).toBe(3);
    expect(level(phrase.join(" "))).toBe(4);
    expect(level("v8#Lq2!xR7pZ")).toBeGreaterThanOrEqual(3);
  });
});
