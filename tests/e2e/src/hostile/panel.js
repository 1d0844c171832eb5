/** What a hostile app shows: a field for what it is told, a button for each thing it can try, and what came of it. */
import { addresses, CHANNELS, pageTools } from "./channels.js";
import { PROBES } from "./probes.js";

/** How long one try may go on before the next thing is done. */
const PATIENCE_MS = 4_000;
const TOGETHER = 20;

const patient = promise =>
  Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE_MS))]);

const short = value => {
  try {
    return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 200);
  } catch {
    return String(value).slice(0, 200);
  }
};

/** Fills `place`. `wire` is how the app talks to the desktop: `{ call, raw, port, kind }`, or undefined in a plain page. */
export function panel(place, wire) {
  const { document } = globalThis;
  const page = pageTools(document);
  const facts = document.createElement("textarea");
  facts.setAttribute("aria-label", "Facts");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.textContent = "Ready";
  const list = document.createElement("ul");
  const told = () => JSON.parse(facts.value);
  const button = (name, action) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = name;
    element.addEventListener("click", action);
    return element;
  };
  const line = (name, state, text) => {
    const item = document.createElement("li");
    item.dataset.name = name;
    item.dataset.state = state;
    item.textContent = `${name}: ${state} ${text}`;
    list.append(item);
  };

  /** `held` and `sent` say nothing about the network: the listener does. They tell what the page noticed. */
  const tryChannel = async channel => {
    try {
      const answer = await patient(Promise.resolve(channel.run(addresses(channel, told().ports[channel.name]), page)));
      line(channel.name, "sent", short(answer ?? ""));
    } catch (error) {
      line(channel.name, "held", short(error?.message ?? error));
    }
  };
  const tryAll = async () => {
    status.textContent = "Trying";
    const staying = CHANNELS.filter(channel => !channel.leaves);
    await Promise.all(staying.map(tryChannel));
    status.textContent = `Tried ${staying.length} ways`;
  };
  const probed = async (probe, known) => {
    try {
      const got = await patient(Promise.resolve(probe.run(known)));
      line(probe.name, got === undefined || got === false ? "refused" : "succeeded", short(got ?? ""));
    } catch (error) {
      line(probe.name, "refused", short(error?.code ?? error?.message ?? error));
    }
  };
  const probeAll = async () => {
    status.textContent = "Probing";
    const known = { ...told(), wire, page };
    const wanted = PROBES.filter(probe => !probe.only || probe.only === wire.kind);
    // Some of them wait for an answer that never comes, so they wait together.
    for (let at = 0; at < wanted.length; at += TOGETHER) await Promise.all(wanted.slice(at, at + TOGETHER).map(probe => probed(probe, known)));
    status.textContent = "Probed everything";
  };

  const bar = document.createElement("div");
  bar.append(button("Try every way", () => void tryAll()));
  if (wire) bar.append(button("Probe everything", () => void probeAll()));
  for (const channel of CHANNELS.filter(each => each.leaves))
    bar.append(
      button(`Leave by ${channel.name}`, () => {
        status.textContent = "Leaving";
        void tryChannel(channel).then(() => {
          status.textContent = "Still here";
        });
      }),
    );
  if (wire) {
    bar.append(
      button("Flood", () => {
        for (let at = 0; at < 20_000; at += 1) wire.port().postMessage({ id: 1_000_000 + at, m: "theme.get", a: [] });
      }),
      button("Send strange things", () => {
        for (let at = 0; at < 200; at += 1) wire.port().postMessage(`strange ${at}`);
      }),
      button("Press the desktop's keys", () => {
        const key = { altKey: true, shiftKey: true, ctrlKey: false, metaKey: false };
        wire.port().postMessage({ hint: "key", type: "keydown", key: "W", code: "KeyW", ...key });
      }),
      button("Say ready again", () => parent.postMessage({ webx: "ready" }, "*")),
    );
  }
  // One below the other, so that every button can be pressed in a small window.
  bar.style.cssText = "display:flex;flex-wrap:wrap";
  place.append(facts, status, bar, list);
}
