// Digital Bazaar's libraries and ours sign and verify each other's credentials in every suite both have, presentations
// too, and both refuse what was tampered with. `@sd-jwt/sd-jwt-vc` does the same for SD-JWTs. Usage: credentials.mjs PEER
import { spawn } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import {
  createSignCryptosuite as ecdsaJcsSign,
  createVerifyCryptosuite as ecdsaJcsVerify,
} from "@digitalbazaar/ecdsa-jcs-2019-cryptosuite";
import * as EcdsaMultikey from "@digitalbazaar/ecdsa-multikey";
import { cryptosuite as ecdsaRdfc } from "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";
import {
  createSignCryptosuite as eddsaJcsSign,
  createVerifyCryptosuite as eddsaJcsVerify,
} from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { cryptosuite as eddsaRdfc } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

let wrong = 0;
let right = 0;
const check = (what, good) => {
  if (good) right += 1;
  else {
    wrong += 1;
    console.error(`not as expected: ${what}`);
  }
};

const peer = spawn(process.argv[2], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
async function ours(request) {
  peer.stdin.write(`${JSON.stringify(request)}\n`);
  return JSON.parse((await lines.next()).value);
}

const examples = "https://www.w3.org/ns/credentials/examples/v2";
const vocabulary = { "@context": { "@vocab": "https://www.w3.org/ns/credentials/examples#" } };
async function documentLoader(url) {
  if (url === examples) return { contextUrl: null, documentUrl: url, document: vocabulary };
  if (!url.startsWith("did:key:")) return vc.defaultDocumentLoader(url);
  const [did, fragment] = url.split("#");
  const publicKeyMultibase = did.slice("did:key:".length);
  const context = "https://w3id.org/security/multikey/v1";
  const key = { id: `${did}#${publicKeyMultibase}`, type: "Multikey", controller: did, publicKeyMultibase };
  const document = fragment
    ? { "@context": context, ...key }
    : {
        "@context": ["https://www.w3.org/ns/did/v1", context],
        id: did,
        verificationMethod: [key],
        assertionMethod: [key.id],
        authentication: [key.id],
      };
  return { contextUrl: null, documentUrl: url, document };
}

const credentialOf = issuer => ({
  "@context": ["https://www.w3.org/ns/credentials/v2", examples],
  id: "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  type: ["VerifiableCredential", "AlumniCredential"],
  name: "Alumni Credential",
  issuer,
  validFrom: "2023-01-01T00:00:00Z",
  credentialSubject: {
    id: "did:example:abcdefgh",
    alumniOf: { name: "The School", since: 1999 },
    degrees: ["BA", "MA"],
    grade: 1.5,
  },
});

/** Each leaf is changed and each object gets one member more. */
function mutants(document) {
  const all = [];
  const walk = (value, path) => {
    const put = other => {
      const copy = structuredClone(document);
      let at = copy;
      for (const step of path.slice(0, -1)) at = at[step];
      at[path.at(-1)] = other;
      all.push(copy);
    };
    if (Array.isArray(value)) for (const [i, item] of value.entries()) walk(item, [...path, i]);
    else if (typeof value === "object") {
      if (path.length && !path.includes("@context")) put({ ...value, role: "admin" });
      for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
    } else put(typeof value === "string" ? `${value}x` : value + 1);
  };
  walk(document, []);
  return all;
}

const suites = [
  ["eddsa-rdfc-2022", "Ed25519", eddsaRdfc, eddsaRdfc],
  ["eddsa-jcs-2022", "Ed25519", eddsaJcsSign(), eddsaJcsVerify()],
  ["ecdsa-rdfc-2019", "P-256", ecdsaRdfc, ecdsaRdfc],
  ["ecdsa-rdfc-2019", "P-384", ecdsaRdfc, ecdsaRdfc],
  ["ecdsa-jcs-2019", "P-256", ecdsaJcsSign(), ecdsaJcsVerify()],
  ["ecdsa-jcs-2019", "P-384", ecdsaJcsSign(), ecdsaJcsVerify()],
];
const challenge = "8f3a";
const domain = "shop.example";
for (const [suite, key, signing, verifying] of suites) {
  const name = `${suite} ${key}`;
  const pair = key === "Ed25519" ? await Ed25519Multikey.generate() : await EcdsaMultikey.generate({ curve: key });
  pair.controller = `did:key:${pair.publicKeyMultibase}`;
  pair.id = `${pair.controller}#${pair.publicKeyMultibase}`;
  const signer = new DataIntegrityProof({ signer: pair.signer(), cryptosuite: signing });
  const verifier = new DataIntegrityProof({ cryptosuite: verifying });
  const theirs = await vc.issue({ credential: credentialOf(pair.controller), suite: signer, documentLoader });
  const { ok: mine } = await ours({ do: "who", key });
  const { ok: own, error } = await ours({ do: "issue", key, suite, document: credentialOf(mine.did) });
  check(`${name}: we issue: ${error}`, own);
  const theySay = async credential =>
    (await vc.verifyCredential({ credential, suite: verifier, documentLoader })).verified;
  const weSay = async document => "ok" in (await ours({ do: "verify", document }));
  check(`${name}: we verify theirs`, await weSay(theirs));
  check(`${name}: they verify ours`, own && (await theySay(own)));
  for (const mutant of mutants(theirs)) check(`${name}: we refuse ${JSON.stringify(mutant)}`, !(await weSay(mutant)));
  for (const mutant of mutants(own)) check(`${name}: they refuse ${JSON.stringify(mutant)}`, !(await theySay(mutant)));

  const presentation = vc.createPresentation({ verifiableCredential: theirs, holder: pair.controller });
  const shown = await vc.signPresentation({ presentation, suite: signer, challenge, domain, documentLoader });
  const asked = { do: "verifyPresentation", challenge, domain };
  check(`${name}: we verify their presentation`, "ok" in (await ours({ ...asked, document: shown })));
  check(`${name}: we refuse another challenge`, "error" in (await ours({ ...asked, challenge: "0", document: shown })));
  const { ok: show } = await ours({ do: "present", key, suite, challenge, domain, document: own });
  const theyJudge = async challenge =>
    (await vc.verify({ presentation: show, suite: verifier, challenge, domain, documentLoader })).verified;
  check(`${name}: they verify our presentation`, show && (await theyJudge(challenge)));
  check(`${name}: they refuse another challenge`, !(await theyJudge("0")));
}

// SD-JWT VC with ES256, signed and verified by node:crypto on their side.
const { ok: us } = await ours({ do: "who", key: "P-256" });
const scalar = Buffer.alloc(32, 7).toString("base64url");
const secret = createPrivateKey({ key: { ...us.jwk, d: scalar }, format: "jwk" });
const publicKey = createPublicKey(secret);
const es256 = data =>
  sign("sha256", Buffer.from(data), { key: secret, dsaEncoding: "ieee-p1363" }).toString("base64url");
const verifier = (data, signature) =>
  verify(
    "sha256",
    Buffer.from(data),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
const library = new SDJwtVcInstance({
  signer: es256,
  signAlg: "ES256",
  verifier,
  hasher: (data, algorithm) => createHash(algorithm.replace("sha-", "sha")).update(data).digest(),
  hashAlg: "sha-256",
  saltGenerator: length => randomBytes(length).toString("hex"),
  kbSigner: es256,
  kbSignAlg: "ES256",
  kbVerifier: verifier,
});
const now = Math.floor(Date.now() / 1000);
const claims = {
  vct: "https://club.example/member",
  name: "Ada",
  clubs: ["Rowing", "Chess"],
  address: { city: "Bern", zip: "3000" },
};
const kid = `${us.did}#${us.did.slice("did:key:".length)}`;
const issued = await library.issue(
  { ...claims, iss: us.did, iat: now, cnf: { jwk: us.jwk } },
  { _sd: ["name", "address"], clubs: { _sd: [1] }, address: { _sd: ["city"] } },
  { header: { kid, typ: "dc+sd-jwt" } },
);
const read = async token => (await ours({ do: "verifySdJwt", token })).ok;
check(
  "we read all of their SD-JWT",
  JSON.stringify((await read(issued))?.address) === JSON.stringify({ city: "Bern", zip: "3000" }) ||
    (await read(issued))?.address?.city === "Bern",
);
const theirShow = await library.present(
  issued,
  { name: true },
  { kb: { payload: { iat: now, aud: domain, nonce: challenge } } },
);
const weRead = await ours({ do: "verifySdJwt", token: theirShow, challenge, domain });
check(
  `we believe what they show: ${weRead.error}`,
  weRead.ok?.name === "Ada" && !weRead.ok.address && weRead.ok.clubs.length === 1,
);
check(
  "we refuse another nonce",
  "error" in (await ours({ do: "verifySdJwt", token: theirShow, challenge: "0", domain })),
);
const { ok: token, error: none } = await ours({
  do: "sdJwt",
  key: "P-256",
  document: claims,
  places: ["/name", "/address", "/address/city", "/clubs/1"],
});
check(`we issue an SD-JWT: ${none}`, token);
const { ok: ourShow } = await ours({ do: "show", key: "P-256", token, places: ["/address/city"], challenge, domain });
const { payload } = await library.verify(ourShow, { keyBindingNonce: challenge });
check("they believe what we show", payload.address?.city === "Bern" && !payload.name && payload.clubs.length === 1);
let refused = 0;
const tries = [
  ourShow.replace("~", "~WyJzIiwicm9sZSIsImFkbWluIl0~"),
  ourShow.slice(0, -8),
  ourShow.split("~").slice(0, 2).join("~"),
];
for (const bad of tries) await library.verify(bad, { keyBindingNonce: challenge }).catch(() => (refused += 1));
check("they refuse what was changed", refused === tries.length);

peer.stdin.end();
console.log(`${right} as expected, ${wrong} not`);
process.exit(wrong ? 1 : 0);
