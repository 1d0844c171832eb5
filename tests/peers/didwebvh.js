// Resolves a DID log written by `webx id show --log` with an independent implementation of did:webvh.
import { readFileSync } from "node:fs";
import { createPublicKey, verify } from "node:crypto";
import { resolveDIDFromLog } from "didwebvh-ts";

const lines = readFileSync(process.argv[2], "utf8").split("\n").filter((line) => line.startsWith("{"));
const verifier = {
  async verify(signature, message, publicKey) {
    const prefix = Buffer.from("302a300506032b6570032100", "hex");
    const key = createPublicKey({ key: Buffer.concat([prefix, Buffer.from(publicKey)]), format: "der", type: "spki" });
    return verify(null, message, key, signature);
  },
};
const resolved = await resolveDIDFromLog(lines.map((line) => JSON.parse(line)), { verifier });
if (!resolved.did || !resolved.doc?.verificationMethod?.length || resolved.meta?.error) {
  console.error(JSON.stringify(resolved, null, 1));
  process.exit(1);
}
console.log(resolved.did);
