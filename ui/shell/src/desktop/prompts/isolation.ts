/** From this version on Chromium enforces the `Connection-Allowlist` header. */
const FIRST_CHROMIUM = 156;

interface Brands {
  userAgentData?: { brands: { brand: string; version: string }[] };
}

/**
 * How well this browser keeps an app from the network: `full` where it enforces the header that closes every way,
 * `reduced` where a page can still tell a host's name by preparing a connection to it (`preconnect`).
 */
export function isolation(agent: string = navigator.userAgent, brands = (navigator as Brands).userAgentData?.brands) {
  const version =
    brands?.find(each => each.brand === "Chromium")?.version ?? /\bChrom(?:e|ium)\/(\d+)/.exec(agent)?.[1] ?? "0";
  return Number.parseInt(version, 10) >= FIRST_CHROMIUM ? "full" : "reduced";
}
