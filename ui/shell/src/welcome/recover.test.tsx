import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Problem } from "@webx/sdk";
import { LocaleProvider } from "@webx/ui";
import { Suspense } from "react";
import { expect, it, vi } from "vitest";
import { Recover, sharesOf } from "./Recover";

vi.mock("../session/enter", () => ({}));
vi.mock("../session", () => ({ calls: {} }));

const PASSPHRASE = "correct horse battery staple";
const WORDS = Array.from({ length: 24 }, () => "legal").join(" ");
const share = (word: string) => Array.from({ length: 33 }, () => word).join(" ");

async function show(recover = vi.fn(async () => WORDS.split(" "))) {
  const ends = { onBack: vi.fn(), onBackWithWords: vi.fn(), onBackWithShares: vi.fn() };
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense>
            <Recover names={{ displayName: "Ada", deviceName: "New" }} session={{ recover }} {...ends} />
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return { recover, ...ends };
}

async function goOn() {
  await userEvent.click(screen.getByRole("button", { name: "Continue" }));
  await userEvent.click(await screen.findByRole("button", { name: "Continue" }));
  await screen.findByRole("heading", { name: "Choose a passphrase" });
  for (const field of document.querySelectorAll<HTMLInputElement>('input[autocomplete="new-password"]'))
    await userEvent.type(field, PASSPHRASE);
  await userEvent.click(screen.getByRole("button", { name: "Continue" }));
}

it("brings a person back with the words, who need not be shown again", async () => {
  const { recover, onBackWithWords, onBackWithShares } = await show();
  await userEvent.click(await screen.findByRole("textbox", { name: "Your 24 words" }));
  await userEvent.paste(`  ${WORDS.toUpperCase()}\n`);
  await goOn();
  expect(recover).toHaveBeenCalledWith({
    ...{ passphrase: PASSPHRASE, displayName: "Ada", deviceName: "New" },
    words: WORDS,
  });
  expect(onBackWithWords).toHaveBeenCalled();
  expect(onBackWithShares).not.toHaveBeenCalled();
});

it("brings a person back with shares, who is shown the words, and says why shares do not fit", async () => {
  const refused = new Problem({ code: "wrong-shares", status: 422, title: "1 of 2 shares are there" });
  const answers = [() => Promise.reject(refused), () => Promise.resolve(WORDS.split(" "))];
  const recover = vi.fn(() => (answers.shift() ?? (() => Promise.reject(refused)))());
  const { onBackWithShares } = await show(recover);
  await userEvent.click(await screen.findByRole("radio", { name: "I have shares on paper or as files" }));
  await userEvent.click(screen.getByRole("textbox", { name: "Your shares, one after the other" }));
  await userEvent.paste(`${share("academic")}\n${share("acid")}`);
  expect(screen.getByText("2 shares of 33 words")).toBeTruthy();
  await goOn();
  expect(await screen.findByText(/do not bring anybody back: 1 of 2/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Continue" }));
  expect(onBackWithShares).toHaveBeenCalledWith(WORDS.split(" "));
});

it("takes shares however they are laid out, without the remarks of files", () => {
  const [one, two] = [share("academic"), share("acid")];
  expect(sharesOf(`# Share 1 of 3\n# did:x\n${one}\n\n${two.replaceAll(" ", "\n")}`)).toEqual([one, two]);
  expect(sharesOf("academic acid")).toEqual(["academic acid"]);
  expect(sharesOf("")).toEqual([]);
});
