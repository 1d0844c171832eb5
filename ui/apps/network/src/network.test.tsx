import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { AppProvider, type NetworkNode, type NetworkPeerDetail, Problem } from "@webx/sdk";
import { createMemoryOs, type NetworkSeed } from "@webx/sdk/testing";
import { LocaleProvider } from "@webx/ui";
import axe from "axe-core";
import { Suspense } from "react";
import { expect, it } from "vitest";
import App, { wishOf } from ".";

const ID = (letter: string) => letter.repeat(52);
const peer = (letter: string, more: Partial<NetworkPeerDetail> = {}): NetworkPeerDetail => ({
  id: ID(letter),
  connection: {
    ...{ rttMicros: 12_340, address: "203.0.113.7", lan: false, neighbour: true, score: 0, coordinate: { x: 9, y: 3 } },
    protocols: ["webx/control/1", "webx/gossip/1"],
  },
  addresses: ["203.0.113.7:7701"],
  relays: [],
  serves: true,
  fitness: { rating: "unknown", value: 0.05, reasons: [] },
  ...more,
});
const ANN = peer("b", {
  ...{ did: "did:key:zAnn", contact: "Ann", trust: "verified" },
  fitness: {
    rating: "good",
    value: 0.8,
    reasons: [
      {
        ...{ dimension: "latency", effect: "lowers", value: 0.6, own: 40, receipts: 0, hearsay: 0 },
        measured: { unit: "milliseconds", value: 12, p95: 90 },
      },
      {
        ...{ dimension: "availabilityDay", effect: "raises", value: 0.95, own: 90, receipts: 3, hearsay: 0 },
        measured: { unit: "share", value: 0.99 },
      },
      {
        ...{ dimension: "compute", effect: "missing", value: 0.05, own: 0, receipts: 0, hearsay: 0 },
        measured: { unit: "share", value: 0 },
      },
    ],
  },
});
const FAR = peer("c", {
  connection: { rttMicros: 180_000, address: null, lan: true, neighbour: false, score: -3, protocols: [] },
  addresses: [],
  fitness: { rating: "poor", value: 0.2, reasons: [] },
});

async function show(network: NetworkSeed, args?: unknown) {
  const memory = createMemoryOs({ network });
  await act(
    async () =>
      void render(
        <LocaleProvider locale="en">
          <Suspense fallback="loading">
            <AppProvider os={memory.os} launch={{ args }}>
              <main>
                <App />
              </main>
            </AppProvider>
          </Suspense>
        </LocaleProvider>,
      ),
  );
  return memory;
}

/** Colours need a browser; the end-to-end tests look at them. */
async function violations() {
  const result = await axe.run("main", { rules: { "color-contrast": { enabled: false } } });
  return result.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}

it("says how to begin where QNet is off", async () => {
  await show({ reach: "off" });
  expect(await screen.findByRole("heading", { level: 1, name: "QNet is off" })).toBeTruthy();
  expect(screen.getByText("webx up --qnet any")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

it("leads a node that knows nobody to an invite", async () => {
  await show({ reach: "any" });
  await userEvent.click(await screen.findByRole("button", { name: "Invite or join" }));
  expect(await screen.findByRole("region", { name: "Invite somebody" })).toBeTruthy();
});

it("looks for nodes in the local network when the person says so, and says who was found there", async () => {
  const memory = await show({ reach: "any" });
  await userEvent.click(await screen.findByRole("button", { name: "Look in this network" }));
  await waitFor(() => expect(screen.getByRole("status").textContent).toContain("Nobody was found yet"));
  expect(memory.trace.calls.find(call => call.method === "network.configure")?.args[0]).toMatchObject({
    lanDiscovery: true,
    neighbours: 8,
  });
  expect(await violations()).toEqual([]);
});

it("says why the local network is not looked at", async () => {
  const lan = { status: "failed", found: 0, trouble: "port 5353 is taken" } as const;
  await show({ reach: "any", node: { lan } });
  expect((await screen.findByRole("status")).textContent).toMatch(/failed.*port 5353 is taken/);
});

it("shows every peer on the map and in words, by name where there is one", async () => {
  await show({
    peers: [ANN, FAR],
    node: { networkSize: 130, known: 40, alarms: ["dense"], health: { samples: 6, degree: 7, reached: 0.94 } },
  });
  const list = await screen.findByRole("region", { name: "Peers" });
  expect(
    within(list)
      .getAllByRole("button")
      .map(each => each.textContent),
  ).toEqual([
    expect.stringMatching(/Ann.*direct · 12\.3 ms · neighbour.*good/),
    expect.stringMatching(/cccccc…cccc.*by a relay · 180 ms · found in the local network.*poor/),
  ]);
  const map = screen.getByRole("toolbar", { name: "Peers on the map" });
  expect(within(map).getByRole("button", { name: "Ann, 12.3 ms, direct, good" })).toBeTruthy();
  expect(within(map).getByRole("button", { name: "cccccc…cccc, 180 ms, by a relay, poor" })).toBeTruthy();
  expect(screen.getByText("Too many nodes in one place")).toBeTruthy();
  expect(screen.getByText("130")).toBeTruthy();
  expect(screen.getByText("94%")).toBeTruthy();
  expect(screen.getByText("as 6 peers tell; about 7 peers a node")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

it("goes round the map with the arrow keys: it is one tab stop", async () => {
  await show({ peers: [ANN, FAR] });
  const map = await screen.findByRole("toolbar", { name: "Peers on the map" });
  const dots = within(map).getAllByRole("button");
  dots[0]?.focus();
  await userEvent.keyboard("{ArrowRight}");
  expect(document.activeElement).toBe(dots[1]);
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByRole("button", { name: "Back" })).toBe(document.activeElement);
});

it("gives the reasons of a rating in words, and opens the contact", async () => {
  const memory = await show({ peers: [ANN, FAR] }, { peer: ID("b") });
  const reasons = await screen.findByRole("list", { name: "Reasons" });
  expect(
    within(reasons)
      .getAllByRole("listitem")
      .map(each => each.textContent),
  ).toEqual([
    expect.stringMatching(
      /lowers.*Answers within 150 ms.*12 ms, nearly all below 90 ms · at least 60%.*Seen by this node/,
    ),
    expect.stringMatching(/raises.*Answered in the last day.*99% · at least 95%.*and from others/),
  ]);
  expect(screen.getByText("Not enough known of: Compute jobs.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Open contact" }));
  expect(memory.trace.opened).toEqual([{ app: "contacts", args: { did: "did:key:zAnn" } }]);
  expect(await violations()).toEqual([]);
});

it("pings a node, and says when it does not answer", async () => {
  const memory = await show({ peers: [ANN] }, { peer: ID("b") });
  await userEvent.click(await screen.findByRole("button", { name: "Ping" }));
  expect(await screen.findByText("It answers in 12.3 ms")).toBeTruthy();
  expect(screen.getByText(/Directly, from machine to machine/).textContent).toContain("203.0.113.7:7701");
  memory.failNext("network.ping", new Problem({ code: "unreachable", status: 504, title: "no path leads there" }));
  await userEvent.click(screen.getByRole("button", { name: "Ping" }));
  expect(await screen.findByText("no path leads there")).toBeTruthy();
  expect(screen.queryByText("It answers in 12.3 ms")).toBeNull();
});

it("says that nothing is known of a node that nobody knows", async () => {
  await show({ peers: [ANN] }, { peer: ID("z") });
  expect(await screen.findByText("Nothing is known of this node")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Back" }));
  expect(await screen.findByRole("region", { name: "Peers" })).toBeTruthy();
});

it("saves the limits, and keeps what is wrong from the node", async () => {
  const memory = await show(
    {
      peers: [ANN],
      node: { controlBytes: 5_000_000, traffic: [{ protocol: "webx/table/1", sent: 1_500, received: 2_500_000 }] },
    },
    { page: "limits" },
  );
  expect((await screen.findByRole("meter")).getAttribute("aria-valuetext")).toBe("5 MB of 25 MB");
  expect(screen.getByRole("row", { name: /Look-up 1\.5 kB 2\.5 MB/ })).toBeTruthy();
  const save = await screen.findByRole("button", { name: "Save" });
  expect(save).toHaveProperty("disabled", true);
  const field = screen.getByRole("textbox", { name: "Neighbours" });
  await userEvent.clear(field);
  await userEvent.type(field, "900");
  await userEvent.click(save);
  expect(await screen.findByText("This number is too small or too large.")).toBeTruthy();
  expect(memory.trace.calls.some(call => call.method === "network.configure")).toBe(false);
  expect(await violations()).toEqual([]);
  await userEvent.clear(field);
  await userEvent.type(field, "12");
  await userEvent.click(screen.getByRole("switch", { name: /At all hours/ }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(memory.trace.calls.some(call => call.method === "network.configure")).toBe(true));
  expect(memory.trace.calls.find(call => call.method === "network.configure")?.args[0]).toMatchObject({
    neighbours: 12,
    guests: 56,
    controlBudget: 25_000_000,
    hours: { from: 20, to: 6 },
    relay: null,
  });
});

it("writes down a last resort, and says what came of calling one", async () => {
  const entry = `${ID("d")}@node.example.org:7701`;
  const lastResort = [
    { entry, outcome: "silent", seconds: 300, trouble: "this machine does not know node.example.org" },
  ];
  const memory = await show({ peers: [ANN], node: { lastResort } as Partial<NetworkNode> }, { page: "limits" });
  const group = await screen.findByRole("region", { name: "Last resort" });
  expect(within(group).getByRole("listitem").textContent).toMatch(
    /node\.example\.org:7701 did not answer, 5 minutes ago.*does not know/,
  );
  const field = within(group).getByRole("textbox", { name: "Nodes" });
  await userEvent.type(field, "node.example.org");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await within(group).findByText(/52 letters and digits/)).toBeTruthy();
  expect(memory.trace.calls.some(call => call.method === "network.configure")).toBe(false);
  expect(await violations()).toEqual([]);
  await userEvent.clear(field);
  await userEvent.type(field, entry);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(memory.trace.calls.find(call => call.method === "network.configure")?.args[0]).toMatchObject({
      lastResort: [entry],
    }),
  );
});

it("makes an invite as a link and as a QR code, and says until when it holds", async () => {
  const memory = await show({ reach: "any" }, { page: "invite" });
  await userEvent.type(await screen.findByRole("textbox", { name: "For whom" }), "for Ann");
  await userEvent.click(screen.getByRole("button", { name: "Make an invite" }));
  expect(await screen.findByRole("img", { name: "The invite as a QR code" })).toBeTruthy();
  expect(screen.getByText(/^Good until/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Copy the link" }));
  expect(await memory.os.clipboard.readText()).toMatch(/^webx:join\?/);
  expect(memory.trace.calls.find(call => call.method === "network.invite")?.args).toEqual([
    { label: "for Ann", hours: 24 },
  ]);
  expect(await violations()).toEqual([]);
});

it("joins by a pasted link, and says what is wrong with another", async () => {
  const memory = await show({ reach: "any" }, { join: "webx:contact:abc" });
  const field = await screen.findByRole("textbox", { name: "Link of the invite" });
  expect(field).toHaveProperty("value", "webx:contact:abc");
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  expect(await screen.findByText("This is no invite")).toBeTruthy();
  await userEvent.clear(field);
  await userEvent.type(field, "webx:join?abc");
  await userEvent.click(screen.getByRole("button", { name: "Join" }));
  expect(await screen.findByText(/^Joined by the invite of/)).toBeTruthy();
  expect(memory.trace.calls.filter(call => call.method === "network.join")).toHaveLength(2);
});

it("follows when a peer comes or QNet ends", async () => {
  const memory = await show({ peers: [ANN] });
  await screen.findByRole("region", { name: "Peers" });
  memory.failNext("network.view", new Problem({ code: "unreachable", status: 0, title: "The node does not answer" }));
  const before = memory.trace.calls.filter(call => call.method === "network.peers").length;
  await act(async () => memory.emit("network", { running: true, peers: 1 }));
  await waitFor(() =>
    expect(memory.trace.calls.filter(call => call.method === "network.peers").length).toBeGreaterThan(before),
  );
  // What was known stays on the screen while the node does not answer.
  expect(screen.getByRole("region", { name: "Peers" })).toBeTruthy();
});

it("takes only what it knows from a link", () => {
  expect(wishOf({ peer: "a" })).toEqual({ peer: "a" });
  expect(wishOf({ page: "limits" })).toEqual({ page: "limits" });
  expect(wishOf({ join: "webx:join?a" })).toEqual({ page: "invite", join: "webx:join?a" });
  for (const odd of [null, 1, {}, { page: "moon" }, { peer: 1 }]) expect(wishOf(odd)).toEqual({});
});
