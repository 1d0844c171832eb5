import { useOs } from "@webx/sdk";
import { createElement, useEffect, useRef } from "react";
import { panel } from "./panel.js";

/** The port belongs to the frame's runtime; the next message that goes through it shows it to whoever listens. */
let port;
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function (...given) {
  if (typeof given[0]?.m === "string") port ??= this;
  return postMessage.apply(this, given);
};

export default function App() {
  const os = useOs();
  const place = useRef(null);
  useEffect(() => {
    const answers = new Map();
    let last = 5_000_000;
    const wire = {
      kind: "builtin",
      port: () => port,
      call: (name, ...given) => name.split(".").reduce((at, part) => at[part], os)(...given),
      raw: message =>
        new Promise(done => {
          last += 1;
          answers.set(last, done);
          port.postMessage({ id: last, ...message });
        }),
      heard: [],
    };
    void os.theme.get().then(() => {
      port.addEventListener("message", ({ data }) => {
        wire.heard.push(data);
        answers.get(data?.id)?.(data);
      });
      panel(place.current, wire);
    });
  }, [os]);
  return createElement("main", { ref: place });
}
