/** What somebody else gets: another page, a stolen token, a guessed address, a forged host. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, newContext, Watch } from "./harness/browser.js";
import { png } from "./harness/files.js";
import { freshFolder, Node, webx } from "./harness/node.js";
import { desktopShown, lockShown, onboard, openApp } from "./harness/steps.js";
import { expectVisible } from "./harness/wait.js";

let folder;
let node;
let browser;
let context;
let page;
let watch;
let file;

/** What the browser keeps of the login; the private key is only a handle that cannot be read. */
const login = () =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open("webx", 1);
        open.onerror = () => reject(open.error);
        open.onsuccess = () => {
          const get = open.result.transaction("session").objectStore("session").get("login");
          get.onsuccess = () => resolve(get.result);
        };
      }),
  );

/** A request as another program on this machine would make it, with exactly these headers. */
function ask(path, { method = "GET", headers = {}, host = `webx.localhost:${node.port}` } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port: node.port, host: "127.0.0.1", path, method, headers: { host, ...headers }, agent: false });
    request.on("response", async response => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end();
  });
}

before(async () => {
  folder = await freshFolder("security");
  node = await new Node(join(folder.path, "data")).start();
  browser = await launch();
  watch = new Watch([`webx.localhost:${node.port}`]);
  context = await newContext(browser, { watch, axe: false });
  page = await context.newPage();
  await onboard(page, node.url);
  const files = await openApp(page, "Files");
  await files
    .locator('input[type="file"]:not([webkitdirectory])')
    .first()
    .setInputFiles({ name: "secret.png", mimeType: "image/png", buffer: png(8, 8) });
  await expectVisible(files.getByRole("row", { name: /^secret\.png/ }));
  const listed = await webx(node.data, "--json", "drive", "ls", "/");
  file = JSON.parse(listed.out).find(each => each.name === "secret.png").id;
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await node?.stop();
  await folder?.remove();
});

test("a stolen token is worth nothing without the browser's key", async t => {
  const { token } = await login();
  assert.match(token, /^[\w-]{20,}$/);
  const other = await newContext(browser, { axe: false });
  const thief = await other.newPage();
  await thief.goto(new URL("/api/status", node.url).href);
  const origin = new URL(node.url).origin;
  const tries = {
    "as a bearer token": { authorization: `Bearer ${token}` },
    "without a proof": { authorization: `DPoP ${token}` },
    "with a proof of the thief's own key": { authorization: `DPoP ${token}`, dpop: await ownProof(thief, `${origin}/api/identity`, token) },
  };
  for (const [name, headers] of Object.entries(tries)) {
    await t.test(name, async () => {
      const answer = await ask("/api/identity", { headers });
      assert.ok(answer.status === 401 || answer.status === 403, `${answer.status} ${answer.text}`);
      assert.doesNotMatch(answer.text, /Ada Lovelace/);
    });
  }
  await other.close();
});

/** A correct proof by a key made on the spot. */
function ownProof(thief, url, token) {
  return thief.evaluate(
    async ([target, stolen]) => {
      const encode = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const json = value => encode(new TextEncoder().encode(JSON.stringify(value)));
      const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
      const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
      const head = json({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } });
      const ath = encode(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(stolen)));
      const body = json({ htm: "GET", htu: target, iat: Math.floor(Date.now() / 1000), jti: crypto.randomUUID(), ath });
      const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(`${head}.${body}`));
      return `${head}.${body}.${encode(signature)}`;
    },
    [url, token],
  );
}

test("a proof that was used once is refused the second time", async () => {
  const [request] = await Promise.all([
    page.waitForRequest(each => each.url().endsWith("/api/settings") && each.method() === "PATCH"),
    (async () => {
      await page.getByRole("button", { name: "Theme and language" }).click();
      await page.getByRole("menuitemradio", { name: "Light" }).or(page.getByRole("menuitem", { name: "Light" })).first().click();
    })(),
  ]);
  const headers = await request.allHeaders();
  const answer = await ask("/api/settings", {
    method: "PATCH",
    headers: { authorization: headers.authorization, dpop: headers.dpop, "content-type": "application/json", origin: new URL(node.url).origin },
  });
  assert.equal(answer.status, 401, answer.text);
  assert.equal(JSON.parse(answer.text).code, "replayed-proof");
});

test("the private key cannot be taken out of the browser", async () => {
  const result = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const open = indexedDB.open("webx", 1);
        open.onerror = () => reject(open.error);
        open.onsuccess = () => {
          const get = open.result.transaction("session").objectStore("session").get("key");
          get.onsuccess = () => {
            const key = get.result.privateKey;
            crypto.subtle.exportKey("jwk", key).then(
              () => resolve("exported"),
              error => resolve(`${key.extractable} ${error.name}`),
            );
          };
        };
      }),
  );
  assert.equal(result, "false InvalidAccessError");
});

test("another page on this machine gets nothing", { timeout: 60_000 }, async t => {
  assert.ok(file, "the file's id is known");
  const { pass } = await login();
  const target = new URL(node.url).origin;
  const hostile = http.createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>Hostile</title><p>hello");
  });
  hostile.listen(0, "127.0.0.1");
  await once(hostile, "listening");
  const here = `http://localhost:${hostile.address().port}`;
  const evil = await context.newPage();
  await evil.goto(here);
  const content = `${target}/api/drive/nodes/${file}/content`;
  const seen = [];
  const note = async response => {
    if (response.url().startsWith(target) && response.frame().page() === evil)
      seen.push({ url: response.url(), status: response.status(), body: await response.text().catch(() => "") });
  };
  evil.on("response", note);

  const fetched = (url, init) => evil.evaluate(([to, how]) => fetch(to, how).then(r => `${r.type} ${r.status}`, e => e.name), [url, init]);
  await t.test("by fetch", async () => {
    for (const path of ["/api/status", "/api/identity", "/api/settings", "/", `/api/drive/nodes/${file}/content`]) {
      assert.equal(await fetched(target + path, {}), "TypeError", path);
      assert.equal(await fetched(target + path, { mode: "no-cors" }), "TypeError", `${path} no-cors`);
      assert.equal(await fetched(target + path, { method: "POST", mode: "no-cors", body: "{}" }), "TypeError", `${path} POST`);
    }
  });
  await t.test("by picture, script and style", async () => {
    for (const [tag, attribute] of [["img", "src"], ["script", "src"], ["link", "href"], ["video", "src"], ["object", "data"]]) {
      for (const url of [content, `${target}/`, `${target}/sw.js`]) {
        const event = await evil.evaluate(
          ([name, key, to]) =>
            new Promise(resolve => {
              const element = document.createElement(name);
              if (name === "link") element.rel = "stylesheet";
              element.onload = () => resolve("load");
              element.onerror = () => resolve("error");
              element.onloadeddata = () => resolve("load");
              element[key] = to;
              document.body.append(element);
            }),
          [tag, attribute, url],
        );
        assert.equal(event, "error", `${tag} ${url}`);
      }
    }
  });
  await t.test("by WebSocket", async () => {
    const ended = await evil.evaluate(
      to =>
        new Promise(resolve => {
          const socket = new WebSocket(to);
          socket.onopen = () => resolve("open");
          socket.onmessage = () => resolve("message");
          socket.onclose = () => resolve("closed");
        }),
      `${target.replace("http", "ws")}/api/live`,
    );
    assert.equal(ended, "closed");
  });
  await t.test("by frame", async () => {
    for (const url of [`${target}/`, content, `${content}?pass=guess`]) {
      const framed = await evil.evaluate(
        to =>
          new Promise(resolve => {
            const frame = document.createElement("iframe");
            frame.onload = () => {
              let text = "blocked";
              try {
                text = frame.contentDocument?.body?.innerText ?? "blocked";
              } catch {}
              resolve(text);
            };
            frame.src = to;
            document.body.append(frame);
          }),
        url,
      );
      assert.equal(framed, "blocked", url);
    }
    // What stands in the frames is the browser's own page about a refusal.
    for (const frame of evil.frames().slice(1)) assert.match(frame.url(), /^(chrome-error:|about:|$)/);
  });
  await t.test("by form and by a link to the bytes", async () => {
    const posted = evil.waitForResponse(response => response.url().startsWith(target) && response.request().method() === "POST");
    await evil.evaluate(to => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = `${to}/api/lock`;
      document.body.append(form);
      form.submit();
    }, target);
    assert.equal((await posted).status(), 403);
    await evil.waitForURL(`${target}/api/lock`);
    await evil.goto(here);
    const linked = await evil.goto(content).catch(error => error);
    if (!(linked instanceof Error)) assert.ok(linked.status() >= 400, String(linked.status()));
  });
  for (const answer of seen) assert.ok(answer.status >= 400, `${answer.status} ${answer.url}`);
  evil.off("response", note);
  await evil.close();
  hostile.close();
  await page.bringToFront();
  await page.reload();
  await desktopShown(page);
  assert.ok(pass);
});

test("a name that points here by rebinding, and forged hosts, are refused", async () => {
  for (const host of ["evil.example", `evil.example:${node.port}`, `webx.localhost.evil.example:${node.port}`, `localhost:${node.port + 1}`, "127.0.0.1"]) {
    for (const path of ["/", "/api/status", "/sw.js"]) {
      const answer = await ask(path, { host });
      assert.ok(answer.status === 400 || answer.status === 403 || answer.status === 421, `${host} ${path}: ${answer.status}`);
    }
  }
});

test("every answer carries the headers that keep others out, and never a cookie", async () => {
  for (const path of ["/", "/sw.js", "/api/status", "/api/identity", "/api/openapi.json", "/nothing-here"]) {
    const { headers } = await ask(path);
    assert.equal(headers["set-cookie"], undefined, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["cross-origin-opener-policy"], "same-origin", path);
    assert.equal(headers["cross-origin-resource-policy"], "same-origin", path);
    assert.match(headers["content-security-policy"], /frame-ancestors 'none'/, path);
    assert.doesNotMatch(headers["content-security-policy"], /unsafe-eval/, path);
    assert.match(headers["permissions-policy"], /camera=\(\)/, path);
  }
});

test("a locked node answers welcome, unlock and status, and nothing else", async () => {
  await page.getByRole("button", { name: "Lock", exact: true }).click();
  await lockShown(page);
  assert.equal((await ask("/api/status")).status, 200);
  for (const path of ["/api/identity", "/api/settings", "/api/activity", "/api/drive/nodes/root", "/api/drive/nodes/root/children", `/api/drive/nodes/${file}/content`, "/api/doors/webdav", "/dav/"]) {
    const answer = await ask(path);
    assert.ok([401, 403, 404, 423].includes(answer.status), `${path}: ${answer.status}`);
    assert.doesNotMatch(answer.text, /secret\.png|Ada/);
  }
});

test("no cookie, no other host, no error of the page", async () => {
  assert.deepEqual(await context.cookies(), []);
  assert.deepEqual(watch.setCookies, []);
});
