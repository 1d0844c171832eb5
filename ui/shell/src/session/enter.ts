/** The ways in: the first person, a passphrase, the 24 words. Secrets pass through as arguments and are kept nowhere. */
import { ask } from "./http";
import { type Issued, keep } from "./login";
import { arrive, holdForOnboarding } from "./phase";

export interface NewPerson {
  passphrase: string;
  displayName: string;
  deviceName: string;
}

/** Makes the identity and the vault. The words come this once. */
export async function onboard(person: NewPerson): Promise<string[]> {
  holdForOnboarding();
  const { token, expiresAt, words } = await ask<Issued & { words: string[] }>("POST", "/api/onboarding", {
    json: person,
  });
  await keep({ token, expiresAt });
  return words;
}

/** Three places between 0 and 23 whose words the node wants to hear. */
export async function recoveryChallenge(): Promise<number[]> {
  return (await ask<{ indexes: number[] }>("GET", "/api/onboarding/challenge")).indexes;
}

export async function confirmRecovery(answers: { index: number; word: string }[]): Promise<void> {
  await ask<void>("POST", "/api/onboarding/confirm", { json: { answers } });
}

/** Signs this browser in and unlocks the node where it is locked. The desktop opens with {@link openDesktop}. */
export async function signIn(secret: { passphrase: string } | { words: string }): Promise<void> {
  await keep(await ask<Issued>("POST", "/api/session", { json: secret }));
}

/** Sets a new passphrase by the words, for a person who forgot the old one. */
export async function resetPassphrase(words: string, next: string): Promise<void> {
  await ask<void>("POST", "/api/security/passphrase", { json: { words, next } });
}

export function openDesktop(): void {
  arrive();
}
