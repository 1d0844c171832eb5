// @vitest-environment node
import { describe, expect, it } from "vitest";
import { splitWords, wrongAnswers } from "./words";

const shown = Array.from({ length: 24 }, (_, index) => `word${index}`);

describe("the recovery words", () => {
  it("are read however a person writes them", () => {
    expect(splitWords("  Abandon\n2. ability, 3) able;about ")).toEqual(["abandon", "ability", "able", "about"]);
    expect(splitWords(" \n ")).toEqual([]);
  });

  it("are confirmed by place, upper case and spaces forgiven", () => {
    expect(
      wrongAnswers(shown, [
        { index: 3, word: " Word3 " },
        { index: 20, word: "WORD20" },
      ]),
    ).toEqual([]);
  });

  it("name each place that is wrong", () => {
    const answers = [
      { index: 0, word: "word1" },
      { index: 5, word: "word5" },
      { index: 23, word: "" },
      { index: 24, word: "word24" },
    ];
    expect(wrongAnswers(shown, answers)).toEqual([0, 23, 24]);
  });
});
