import { panel } from "./panel.js";

/** The same handshake that the SDK makes, without its care. */
const port = await new Promise(done => {
  addEventListener("message", event => {
    if (event.data?.webx === "port" && event.source === parent) done(event.ports[0]);
  });
  parent.postMessage({ webx: "ready" }, "*");
});
const answers = new Map();
let last = 0;
const wire = {
  kind: "web",
  port: () => port,
  raw: message =>
    new Promise(done => {
      last += 1;
      answers.set(last, done);
      port.postMessage({ id: last, ...message });
    }),
  call: async (name, ...given) => {
    const { ok, err } = await wire.raw({ m: name, a: given });
    if (err) throw Object.assign(new Error(err.title), err);
    return ok;
  },
  heard: [],
};
port.onmessage = ({ data }) => {
  wire.heard.push(data);
  answers.get(data?.id)?.(data);
};
port.postMessage({ hint: "booted" });
panel(document.querySelector("#place"), wire);
