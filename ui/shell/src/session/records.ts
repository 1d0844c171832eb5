/**
 * What this browser keeps of a login, in IndexedDB so that every tab and the service worker share it: the key pair
 * (not extractable) and the current token. Neither is worth anything on another machine.
 */
import { generateKeyPair, type ProofKey, proofKeyOf } from "./proof";

export interface Login {
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** Stands in addresses of content, so that only this desktop can make the browser navigate to one. */
  pass: string;
}

const STORE = "session";

let opening: Promise<IDBDatabase> | undefined;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function database(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("webx", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE);
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const db = request.result;
      db.onversionchange = () => db.close();
      db.onclose = () => {
        opening = undefined;
      };
      resolve(db);
    };
  }).catch((reason: unknown) => {
    opening = undefined;
    throw reason;
  });
  return opening;
}

async function within<T>(mode: IDBTransactionMode, work: (at: IDBObjectStore) => Promise<T>): Promise<T> {
  const transaction = (await database()).transaction(STORE, mode);
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  const result = await work(transaction.objectStore(STORE));
  await done;
  return result;
}

/** This browser's key; made at the first call, the same in every tab. */
export async function loadKey(): Promise<ProofKey> {
  const read = (at: IDBObjectStore): Promise<CryptoKeyPair | undefined> => settled(at.get("key"));
  const known = await within("readonly", read);
  if (known) return proofKeyOf(known);
  const fresh = await generateKeyPair();
  const kept = await within("readwrite", async at => {
    const rival = await read(at);
    if (!rival) await settled(at.put(fresh, "key"));
    return rival ?? fresh;
  });
  return proofKeyOf(kept);
}

export async function loadLogin(now = Date.now()): Promise<Login | undefined> {
  const login = await within("readonly", (at): Promise<Login | undefined> => settled(at.get("login")));
  return login && login.expiresAt > now ? login : undefined;
}

export async function saveLogin(login: Login): Promise<void> {
  await within("readwrite", at => settled(at.put(login, "login")));
}

export async function dropLogin(): Promise<void> {
  await within("readwrite", at => settled(at.delete("login")));
}
