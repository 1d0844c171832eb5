import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { QrCode } from "./QrCode";

const side = (text: string) => {
  const { container, unmount } = render(<QrCode text={text} label="Invite" />);
  const box = container.querySelector("svg")?.getAttribute("viewBox");
  unmount();
  return box ? Number(box.split(" ")[2]) - 8 : undefined;
};

describe("a QR code", () => {
  it("takes the least version, and more room for small letters", () => {
    const version = (text: string) => {
      const modules = side(text);
      return modules && (modules - 17) / 4;
    };
    expect(version("A".repeat(25))).toBe(1);
    expect(version("A".repeat(26))).toBe(2);
    expect(version("a".repeat(17))).toBe(1);
    expect(version("a".repeat(18))).toBe(2);
    expect(version("a".repeat(2953))).toBe(40);
    expect(version("a".repeat(2954))).toBeUndefined();
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
