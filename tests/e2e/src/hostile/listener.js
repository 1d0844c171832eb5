/** Somebody else's server: a port for each channel, for TCP and for UDP, and a note of everything that arrives. */
import dgram from "node:dgram";
import { once } from "node:events";
import http from "node:http";

const HOST = "127.0.0.2";
/** Names below `localhost` lead here, in every browser. */
const BY_NAME = "127.0.0.1";
/** How long after the last try something may still be on its way. An absence can only be watched for. */
const WATCH_MS = 4_000;

async function tcp(host, port, note) {
  const server = http.createServer((request, answer) => {
    note("request", `${request.method} ${request.url}`);
    answer.writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/html", connection: "close" });
    answer.end("<p>reached");
  });
  server.on("connection", () => note("tcp"));
  server.on("clientError", (_, socket) => socket.destroy());
  server.on("upgrade", (request, socket) => {
    note("request", `upgrade ${request.url}`);
    socket.destroy();
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

async function udp(host, port, note) {
  const socket = dgram.createSocket("udp4");
  socket.on("message", () => note("udp"));
  socket.bind(port, host);
  await once(socket, "listening");
  return socket;
}

export class Listener {
  #open = [];
  #seen = new Map();
  ports = {};

  /** Listens for each of these channels. */
  async start(channels) {
    for (const { name, byName } of channels) {
      const note = (kind, text) => {
        const seen = this.#seen.get(name) ?? { tcp: 0, udp: 0, request: 0, texts: [] };
        seen[kind] += 1;
        if (text) seen.texts.push(text);
        this.#seen.set(name, seen);
      };
      const server = await tcp(byName ? BY_NAME : HOST, 0, note);
      const { port } = server.address();
      this.#open.push(server, await udp(byName ? BY_NAME : HOST, port, note));
      this.ports[name] = port;
    }
    return this;
  }

  forget() {
    this.#seen.clear();
  }

  /** What came of each channel, when nothing is on its way any more. */
  async heard() {
    await new Promise(done => setTimeout(done, WATCH_MS));
    return new Map([...this.#seen].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  close() {
    for (const each of this.#open) {
      each.closeAllConnections?.();
      each.close();
    }
  }
}
