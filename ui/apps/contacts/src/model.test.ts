// @vitest-environment node
import type { ContactItem } from "@webx/sdk";
import { expect, it } from "vitest";
import { found, groupsOf, isCard } from "./model";

const contact = (name: string, more: Partial<ContactItem> = {}): ContactItem => ({
  ...{
    did: `did:key:z${name}`,
    name,
    note: "",
    trust: "new",
    origin: "did",
    devices: [],
    added: "2026-01-01T00:00:00Z",
  },
  ...more,
});

it("finds by every word of a search, in name, note and DID", () => {
  const all = [
    contact("Ann Lee", { note: "met in Ticino" }),
    contact("Bob"),
    contact("Cid", { note: "Ann’s brother" }),
  ];
  const names = (search: string) => found(all, search).map(each => each.name);
  expect(names("")).toEqual(["Ann Lee", "Bob", "Cid"]);
  expect(names("ANN")).toEqual(["Ann Lee", "Cid"]);
  expect(names("ann ticino")).toEqual(["Ann Lee"]);
  expect(names("zBob")).toEqual(["Bob"]);
  expect(names("nobody")).toEqual([]);
});

it("puts a changed safety number before everybody else", () => {
  const all = [contact("Ann"), contact("Bob", { trust: "changed" }), contact("Cid")];
  expect(found(all, "").map(each => each.name)).toEqual(["Bob", "Ann", "Cid"]);
});

it("shows a safety number in twelve groups of five, with or without spaces between them", () => {
  const digits = "0123456789".repeat(6);
  expect(groupsOf(digits)).toHaveLength(12);
  expect(groupsOf(groupsOf(digits).join(" "))).toEqual(groupsOf(digits));
  expect(groupsOf("")).toEqual([]);
});

it("knows a card in either case", () => {
  expect([" webx:contact:abc", "WEBX:CONTACT:ABC", "did:key:z6Mk", "webx:join?a"].map(isCard)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
