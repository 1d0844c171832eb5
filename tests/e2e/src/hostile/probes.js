/**
 * Tries to get at what belongs to somebody else. A probe that returns something has got it; one that throws or returns
 * undefined was refused. `known` is what the test tells the app, more than it could ever find out:
 * `{ shell, node, file, folder, other: { install, app, origin }, self, wire, page }`.
 */
const get = (url, options) => fetch(url, options).then(answer => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))));
const loaded = (page, tag, attributes) =>
  new Promise((done, fail) => {
    const element = page.make(tag, attributes);
    element.onload = () => done(`${tag} loaded`);
    element.onerror = () => fail(new Error("not loaded"));
    page.body().append(element);
  });
const raw = async (wire, method, ...given) => {
  const answer = await wire.raw({ m: method, a: given });
  if (answer.err) throw Object.assign(new Error(answer.err.title), answer.err);
  return answer.ok ?? "answered";
};
const openSocket = url =>
  new Promise((done, fail) => {
    const socket = new WebSocket(url);
    socket.onopen = () => done("open");
    socket.onerror = () => fail(new Error("closed"));
  });
const names = realm => Reflect.ownKeys(realm).filter(name => typeof name === "string" && !/^(\d+|window|self|location|close|closed|focus|blur|frames|length|top|opener|parent|postMessage|then)$/.test(name));

const SHELL = {
  "the desktop's document": () => parent.document.body.innerHTML,
  "the document at the top": () => top.document.title,
  "the element around the frame": () => frameElement?.outerHTML,
  "what the desktop's window holds": () => names(parent)[0],
  "a property of the desktop's window": () => parent.webx ?? parent.useApps ?? parent.React,
  "the desktop's address": () => top.location.href,
  "the name of the desktop's window": () => parent.name,
  "the opener": () => window.opener?.location.href,
  "a function of the desktop": () => parent.eval("document.title"),
  "the desktop's local storage": () => parent.localStorage.length,
  "the desktop's session storage": () => top.sessionStorage.length,
  "the desktop's database": () => top.indexedDB.open("webx"),
  "the login in a database": async () => (await indexedDB.databases()).find(each => each.name === "webx"),
  "the desktop's caches": async () => (await caches.keys())[0],
  "the desktop's service worker": async () => navigator.serviceWorker.controller ?? (await navigator.serviceWorker.getRegistrations())[0],
  cookies: () => document.cookie || undefined,
  "a token in an address": () =>
    performance
      .getEntries()
      .map(each => each.name)
      .find(name => /\/api\/|token/.test(name)),
  "a word in the window's name": () => window.name || undefined,
  "the document of another window": () => {
    for (let at = 0; at < parent.length; at += 1) {
      try {
        if (parent[at] !== window) return parent[at].document.body.innerText || "empty";
      } catch {}
    }
    return undefined;
  },
  "another window by playing the desktop": () =>
    new Promise(done => {
      for (let at = 0; at < parent.length; at += 1) {
        if (parent[at] === window) continue;
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => done(data);
        parent[at].postMessage({ webx: "port", keys: [] }, "*", [port2]);
        port1.postMessage({ boot: { app: "x", install: "x", version: "1.0.0", name: "x", code: "", theme: {}, locale: "en", dir: "ltr" } });
      }
      setTimeout(done, 1_000);
    }),
  "the whole screen": async () => {
    await document.documentElement.requestFullscreen();
    return document.fullscreenElement?.tagName;
  },
  "the pointer": async () => {
    await document.body.requestPointerLock();
    return document.pointerLockElement?.tagName;
  },
  "a dialog of the browser": () => (confirm("WEB X. OS: enter your passphrase") ? "confirmed" : undefined),
  "a word typed into a dialog": () => prompt("Passphrase") ?? undefined,
  camera: () => navigator.mediaDevices.getUserMedia({ video: true }),
  "the screen's picture": () => navigator.mediaDevices.getDisplayMedia(),
  place: () => new Promise((done, fail) => navigator.geolocation.getCurrentPosition(done, fail)),
  "the clipboard of the browser": () => navigator.clipboard.readText(),
  "a file picker of the browser": () => showOpenFilePicker(),
  "a device": () => navigator.usb.requestDevice({ filters: [] }),
};

const NODE = {
  "the node's state": ({ node }) => get(`${node}/api/status`),
  "the person's identity": ({ node }) => get(`${node}/api/identity`, { credentials: "include" }),
  "the node with the app's name on it": ({ node, self }) => get(`${node}/api/apps/${self}`, { headers: { "Webx-App": self } }),
  "the node with another app's name": ({ node, other }) => get(`${node}/api/apps/${other.install}/kv`, { headers: { "Webx-App": other.install } }),
  "a change at the node": ({ node, self }) =>
    get(`${node}/api/apps/${self}/grants`, { method: "PATCH", body: JSON.stringify({ grant: ["storage:own"], revoke: [] }), headers: { "content-type": "application/json" } }),
  "the node blindly": ({ node, file }) => fetch(`${node}/api/drive/nodes/${file}`, { method: "DELETE", mode: "no-cors" }).then(answer => answer.ok || undefined),
  "the node by its other name": ({ node }) => get(`${node.replace("webx.localhost", "127.0.0.1")}/api/status`),
  "the live events": ({ node }) => openSocket(`${node.replace("http", "ws")}/api/live`),
  "the web folder": ({ node }) => get(`${node}/dav/`),
  "a guessed object": ({ node, page, file }) => loaded(page, "img", { src: `${node}/_object/${file}` }),
  "another app's files as a picture": ({ node, page, other }) => loaded(page, "img", { src: `${node}/api/apps/${other.install}/package/icon.svg` }),
  "another app's code": ({ node, other }) => import(/* @vite-ignore */ `${node}/api/apps/${other.install}/package/app.js`),
  "another app's backend": ({ node, other }) => get(`${node}/_api/${other.install}/`),
  "another app's pages": ({ other }) => get(other.origin),
  "another app's picture": ({ page, other }) => loaded(page, "img", { src: `${other.origin}icon.svg` }),
  // What a refused frame shows instead loads, too: the test looks at what is in the frames.
  "the desktop in a frame": ({ node, page }) => loaded(page, "iframe", { src: node }).then(() => undefined),
  "another app in a frame": ({ page, other }) => loaded(page, "iframe", { src: other.origin }).then(() => undefined),
  "an API at its own origin": { only: "web", run: () => get("/api/status") },
  "apps at its own origin": { only: "web", run: ({ self }) => get(`/api/apps/${self}`, { headers: { "Webx-App": self } }) },
  "a backend at its own origin": { only: "web", run: ({ other }) => get(`/_api/${other.install}/`) },
  "an object at its own origin": { only: "web", run: ({ file }) => get(`/_object/${file}`) },
  "the package's head at its own origin": { only: "web", run: () => get("/manifest.json") },
  "files outside of web/": { only: "web", run: () => get("/..%2fmanifest.json") },
  "the own page without its policy": { only: "web", run: () => open("/", "_blank")?.location.href },
};

const denied = (method, ...given) => ({ wire }) => raw(wire, method, ...given);
const PORT = {
  "the drive's list": denied("files.list", "root"),
  "a file that was not picked": ({ wire, file }) => raw(wire, "files.read", file),
  "the facts of that file": ({ wire, file }) => raw(wire, "files.stat", file),
  "the folder of that file": ({ wire, folder }) => raw(wire, "files.list", folder),
  "the versions of that file": ({ wire, file }) => raw(wire, "files.versions", file),
  "an address of that file": ({ wire, file }) => raw(wire, "files.objectUrl", file),
  "that file in the trash": ({ wire, file }) => raw(wire, "files.trash", file),
  "a search in the drive": denied("files.search", "secret", 10),
  "a picture of that file in a window": ({ wire, file }) => raw(wire, "windows.viewDocument", file),
  "the picker without the permission": denied("files.pick", { kind: "file" }),
  "a file saved without the permission": ({ wire }) => raw(wire, "files.saveAs", "x.txt", new Blob(["x"])),
  "storage that was not granted": denied("storage.kv.get", "x"),
  "another app's storage by a path": ({ wire, other }) => raw(wire, "storage.kv.get", `../../${other.install}/kv/secret`),
  "another app's documents": ({ wire, other }) => raw(wire, "storage.docs.list", `../../${other.install}/docs/notes`),
  "another app's blobs": ({ wire, other }) => raw(wire, "storage.blobs.get", `..%2f..%2f${other.install}%2fblobs%2fx`),
  "a backend it does not have": denied("backend.fetch", "/", {}),
  "a backend by a path": ({ wire, other }) => raw(wire, "backend.fetch", `/../${other.install}/`, {}),
  "the person's name": denied("identity.name"),
  "a signature": denied("identity.authenticate", "challenge"),
  "the whole identity": denied("identity.get"),
  "all apps": denied("apps.list"),
  "an installation": denied("apps.install", { file: new Blob(["x"]) }),
  "a grant for itself": ({ wire, self }) => raw(wire, "apps.setGrants", self, { grant: ["storage:own"], revoke: [] }),
  "the end of another app": ({ wire, other }) => raw(wire, "apps.remove", other.install, "delete"),
  "another app's data": ({ wire, other }) => raw(wire, "apps.export", other.install),
  settings: denied("settings.get"),
  "another setting": denied("settings.patch", { theme: "dark" }),
  "a new passphrase": denied("security.changePassphrase", "copper window lazy harbour violin", "mine mine mine"),
  "the lock": denied("security.lock"),
  activity: denied("activity.list"),
  notifications: denied("notifications.list"),
  "a notification": denied("notifications.notify", { title: "WEB X. OS: your vault is open", level: "info" }),
  jobs: denied("jobs.list"),
  "the web folder's password": denied("webdav.get"),
  stores: denied("store.list"),
  "the node's work": denied("sagas.list"),
  "text in the clipboard": denied("clipboard.readText"),
  "files in the clipboard": denied("clipboard.readFiles"),
  "a call nobody knows": denied("node.exec", "id"),
  "a call by inheritance": denied("constructor.constructor", "return document.title"),
  "a call by the prototype": denied("__proto__.valueOf"),
  "a call of a part": denied("storage.kv"),
  "the desktop's own apps": denied("windows.open", "desktop.work"),
  "a permission it never named": async ({ wire }) => (await raw(wire, "permissions.request", ["storage:own", "system:drive"]))[0],
  "other permissions in its list": async ({ wire }) => (await raw(wire, "permissions.list"))[0],
  "the desktop's objects by a message": ({ wire }) =>
    raw(wire, "theme.get", JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')).then(() => ({}).polluted),
  "a message of 40 MiB": ({ wire }) => raw(wire, "clipboard.writeText", "x".repeat(5 * 1024 * 1024)),
  "a message without end": ({ wire }) => {
    const ring = { m: "theme.get" };
    ring.a = [ring];
    return raw(wire, "clipboard.writeText", ring);
  },
  "a port in a message": ({ wire }) => raw(wire, "clipboard.writeText", { toString: 1 }),
  "another app by name in the handshake": ({ other }) =>
    new Promise(done => {
      const hear = event => done(event.data);
      addEventListener("message", hear, { once: true });
      parent.postMessage({ webx: "ready?", app: other.app, install: other.install }, "*");
      setTimeout(done, 500);
    }),
  "events that are not its own": async ({ wire }) => {
    const topics = ["files", "settings", "identity", "activity", "notifications", "jobs", "apps", "sagas", "clipboard", "docs"];
    for (const sub of topics) wire.port().postMessage({ sub });
    return undefined;
  },
};

const probes = (group, list) =>
  Object.entries(list).map(([name, probe]) => ({ group, name, ...(typeof probe === "function" ? { run: probe } : probe) }));

/** The browser's dialogs stop a page, so they come when the rest is done. */
export const PROBES = [...probes("shell", SHELL), ...probes("node", NODE), ...probes("port", PORT)];
