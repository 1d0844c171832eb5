import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { qrSquare, wordsFor } from "./encode";
import { QrCode } from "./QrCode";

const drawn = (text: string) => {
  const square = qrSquare(text);
  return Array.from({ length: square?.size ?? 0 }, (_, y) =>
    Array.from({ length: square?.size ?? 0 }, (_, x) => (square?.dark(x, y) ? "#" : ".")).join(""),
  );
};

describe("a QR code", () => {
  it("has the words of the standard's textbook example", () => {
    expect(wordsFor("HELLO WORLD")).toEqual({
      version: 1,
      level: "M",
      words: [
        ...[32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17],
        ...[196, 35, 39, 119, 235, 215, 231, 226, 93, 23],
      ],
    });
  });

  it("is the picture that readers read", () => {
    expect(drawn("HELLO WORLD")).toEqual([
      "#######...#.#.#######",
      "#.....#.###...#.....#",
      "#.###.#...#.#.#.###.#",
      "#.###.#...#.#.#.###.#",
      "#.###.#.#.###.#.###.#",
      "#.....#..###..#.....#",
      "#######.#.#.#.#######",
      ".....................",
      "#.#.#.#..#..#...#..#.",
      ".####...#..#....#...#",
      "...#######.#..#.##...",
      "####.#.##..###.#.###.",
      ".#..####.#.#..###.#.#",
      "........#.#...#...#.#",
      "#######.....#..#.##..",
      "#.....#..##...##.#...",
      "#.###.#.##..#.#######",
      "#.###.#...##.#.#...#.",
      "#.###.#.####.###.#..#",
      "#.....#....###...#.##",
      "#######.##.#.###....#",
    ]);
  });

  it("takes the least version, and more room for small letters", () => {
    const version = (text: string) => wordsFor(text)?.version;
    expect(version("A".repeat(25))).toBe(1);
    expect(version("A".repeat(26))).toBe(2);
    expect(version("a".repeat(17))).toBe(1);
    expect(version("a".repeat(18))).toBe(2);
    expect(version("A".repeat(4296))).toBe(40);
    expect(version("a".repeat(2953))).toBe(40);
    expect(version("a".repeat(2954))).toBeUndefined();
    expect(version("A".repeat(4297))).toBeUndefined();
    expect(version("é".repeat(8))).toBe(1);
  });

  it("is named, dark on light, and absent where no code holds the text", () => {
    const { container, rerender } = render(<QrCode text="webx:join?abc" label="Invite" />);
    expect(screen.getByRole("img", { name: "Invite" })).toBeTruthy();
    expect(container.querySelector("path")?.getAttribute("fill")).toBe("#000000");
    rerender(<QrCode text={"x".repeat(5000)} label="Invite" />);
    expect(screen.queryByRole("img")).toBeNull();
  });
});
