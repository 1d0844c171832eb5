/**
 * DPoP proofs (RFC 9449): a request is signed by a key that this browser holds and cannot give away.
 * A stolen token is worth nothing without it.
 */

/** The public half as it stands in a proof's header. */
export interface PublicJwk {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
}

export interface ProofKey {
  privateKey: CryptoKey;
  jwk: PublicJwk;
}

/** What one proof is for. */
export interface Claims {
  method: string;
  /** Absolute; query and fragment are left out of the proof. */
  url: string;
  token?: string;
  /** Given by the node when it opens a live connection. */
  nonce?: string;
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

/** A fresh key pair whose private half never leaves WebCrypto. */
export async function generateKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
}

export async function proofKeyOf(pair: CryptoKeyPair): Promise<ProofKey> {
  const { x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  if (x === undefined || y === undefined) throw new TypeError("the browser's key is no P-256 key");
  return { privateKey: pair.privateKey, jwk: { kty: "EC", crv: "P-256", x, y } };
}

function base64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function part(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}

async function tokenHash(token: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}

/** 256 random bits as base64url. */
export function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Signs one proof. It holds for about a minute and for this request alone. */
export async function makeProof(key: ProofKey, claims: Claims, now = Date.now()): Promise<string> {
  const target = new URL(claims.url);
  const header = part({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk });
  const payload = part({
    htm: claims.method.toUpperCase(),
    htu: target.origin + target.pathname,
    iat: Math.floor(now / 1000),
    jti: randomText(),
    ...(claims.token === undefined ? {} : { ath: await tokenHash(claims.token) }),
    ...(claims.nonce === undefined ? {} : { nonce: claims.nonce }),
  });
  const signed = `${header}.${payload}`;
  const signature = await crypto.subtle.sign(SIGNATURE, key.privateKey, new TextEncoder().encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}
