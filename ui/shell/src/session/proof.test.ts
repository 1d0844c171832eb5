// @vitest-environment node
import { describe, expect, it } from "vitest";
import { generateKeyPair, makeProof, proofKeyOf } from "./proof";

const decode = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
const json = (text: string) => JSON.parse(new TextDecoder().decode(decode(text)));

async function opened(jwt: string) {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const head = json(header);
  const key = await crypto.subtle.importKey("jwk", head.jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const good = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    decode(signature),
    new TextEncoder().encode(`${header}.${payload}`),
  );
  return { head, claims: json(payload), good };
}

describe("a proof", () => {
  const url = "http://webx.localhost:7700/api/drive/nodes/root/content?version=2#x";

  it("is signed by the key it names and speaks of one request", async () => {
    const key = await proofKeyOf(await generateKeyPair());
    const { head, claims, good } = await opened(
      await makeProof(key, { method: "get", url, token: "token" }, 1_000_500),
    );
    expect(good).toBe(true);
    expect(head).toEqual({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk });
    expect(Object.keys(key.jwk).sort()).toEqual(["crv", "kty", "x", "y"]);
    expect(claims).toEqual({
      htm: "GET",
      htu: "http://webx.localhost:7700/api/drive/nodes/root/content",
      iat: 1000,
      jti: expect.stringMatching(/^[\w-]{43}$/),
      // RFC 9449, section 4.1: base64url of the SHA-256 of the token's ASCII.
      ath: "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A",
    });
  });

  it("carries the node's nonce, and no token hash before there is a token", async () => {
    const key = await proofKeyOf(await generateKeyPair());
    const { claims } = await opened(await makeProof(key, { method: "GET", url, nonce: "n" }));
    expect(claims.nonce).toBe("n");
    expect(claims).not.toHaveProperty("ath");
  });

  it("is different every time", async () => {
    const key = await proofKeyOf(await generateKeyPair());
    const ids = await Promise.all(
      [1, 2].map(async () => (await opened(await makeProof(key, { method: "GET", url }))).claims.jti),
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("comes from a key that cannot be taken out", async () => {
    const pair = await generateKeyPair();
    expect(pair.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("jwk", pair.privateKey)).rejects.toThrow();
  });
});
