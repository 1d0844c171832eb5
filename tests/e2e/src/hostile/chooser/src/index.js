import { useOs } from "@webx/sdk";
import { createElement, useEffect, useRef } from "react";
import { VERSION } from "./version.js";

const PICK = "storage:pick:read";

/** An ordinary small app, with a field for what it should not know. */
function fill(place, os) {
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    place.append(element);
    return element;
  };
  make("h1", `Chooser ${VERSION}`);
  const status = make("p", "Ready", { role: "status" });
  const word = make("input", "", { "aria-label": "Word" });
  const facts = make("textarea", "", { "aria-label": "Facts" });
  const words = make("ul", "", { "aria-label": "Words" });
  let picked;
  const say = text => {
    status.textContent = text;
  };
  const button = (name, action) =>
    make("button", name, { type: "button" }).addEventListener("click", async () => {
      say("Working");
      try {
        say((await action()) ?? "Done");
      } catch (reason) {
        say(`Refused: ${reason.code ?? reason.message}`);
      }
    });
  const show = async () => {
    const { items } = await os.storage.docs.list("words");
    words.replaceChildren(
      ...items.map(({ value }) => {
        const item = document.createElement("li");
        item.textContent = value.text;
        return item;
      }),
    );
  };
  button("Keep", async () => {
    await os.storage.docs.put("words", `w${Date.now()}`, { text: word.value });
    await show();
  });
  button("Choose a file", async () => {
    const granted = await os.permissions.request([PICK]);
    if (!granted.includes(PICK)) return "Not allowed";
    [picked] = await os.files.pick({ kind: "file" });
    return picked ? `Chosen ${picked.name}` : "Nothing chosen";
  });
  const read = async id => `Read ${await (await os.files.read(id)).text()}`;
  button("Read it", () => read(picked.id));
  button("Copy what it read", () => os.clipboard.writeText("copied"));
  button("Speak", async () => os.notifications.notify({ title: "WEB X. OS: your vault is open", level: "info" }));
  button("Look around", async () => {
    const { other, folder } = JSON.parse(facts.value);
    const { id } = picked;
    const tries = {
      "another file": () => os.files.read(other),
      "another file's facts": () => os.files.stat(other),
      "the folder": () => os.files.list(folder),
      "the folder's facts": () => os.files.stat(folder),
      "the root": () => os.files.list("root"),
      "the versions": () => os.files.versions(id),
      "an older version": () => os.files.restoreVersion(id, 1),
      "its path": () => os.files.path(id),
      "another name": () => os.files.rename(id, "x.txt"),
      "another place": () => os.files.move(id, "root"),
      "a copy": () => os.files.copy(id, "root"),
      "the trash": () => os.files.trash(id),
      "new content": () => os.files.save(id, new Blob(["changed"])),
      "a file beside it": () => os.files.write(folder, "x.txt", new Blob(["x"])),
      "a folder beside it": () => os.files.createFolder(folder, "x"),
      "a path in the drive": () => os.files.resolve("/secret.txt"),
      "a search": () => os.files.search("secret", 5),
      "an address of another file": () => os.files.objectUrl(other),
      "another file by a path": () => os.files.read(`../${other}`),
      "another file's range": () => os.files.read(other, { start: 0, end: 1 }),
    };
    const got = [];
    for (const [name, attempt] of Object.entries(tries)) {
      try {
        await attempt();
        got.push(name);
      } catch {}
    }
    return `Tried ${Object.keys(tries).length}, got ${got.join(", ") || "nothing"}`;
  });
  void show();
  os.events.on?.("words", show);
  os.on?.("docs", show);
  os.storage.docs.onChange?.("words", show);
}

export default function App() {
  const os = useOs();
  const place = useRef(null);
  useEffect(() => {
    if (!place.current.firstChild) fill(place.current, os);
  }, [os]);
  return createElement("main", { ref: place });
}
