import { expect, it } from "vitest";
import { forwardKeys, type KeyHint } from "./keys";

it("hands over the keys that follow a combination that takes them, until the desktop has the keyboard", () => {
  const heard: KeyHint[] = [];
  forwardKeys(
    () => [
      { code: "KeyR", alt: true, shift: true, takesKeys: true },
      { code: "KeyW", alt: true, shift: true },
    ],
    hint => heard.push(hint),
  );
  let now = 1_000;
  const press = (code: string, more: KeyboardEventInit = {}) => {
    const event = new KeyboardEvent("keydown", { code, key: code, cancelable: true, ...more });
    Object.defineProperty(event, "timeStamp", { value: now });
    dispatchEvent(event);
    return event.defaultPrevented;
  };
  const combination = { altKey: true, shiftKey: true };

  expect(press("ArrowLeft")).toBe(false);
  expect(press("KeyW", combination)).toBe(true);
  expect(press("ArrowLeft")).toBe(false);

  expect(press("KeyR", combination)).toBe(true);
  expect(press("ArrowLeft")).toBe(true);
  expect(press("Enter")).toBe(true);
  expect(press("ArrowLeft")).toBe(false);

  press("KeyR", combination);
  dispatchEvent(new Event("blur"));
  expect(press("ArrowLeft")).toBe(false);

  press("KeyR", combination);
  now += 501;
  expect(press("ArrowLeft")).toBe(false);

  expect(heard.map(hint => hint.code)).toEqual(["KeyW", "KeyR", "ArrowLeft", "Enter", "KeyR", "KeyR"]);
});
