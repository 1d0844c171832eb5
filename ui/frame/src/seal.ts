/**
 * Runs before everything else. Peer connections and WebTransport are no fetches, so a content security policy does not
 * hold them in every browser; what is not there cannot be used. An opaque origin, no frames and no trusted types see to
 * it that an app finds no second realm to take them from.
 */
const PAST_THE_POLICY = /^(?:webkit|moz)?RTC|^WebTransport|^WebSocketStream$|^(?:TCP|UDP)S/;

for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (!PAST_THE_POLICY.test(name)) continue;
  Reflect.deleteProperty(globalThis, name);
  Object.defineProperty(globalThis, name, { value: undefined, writable: false, configurable: false });
}
