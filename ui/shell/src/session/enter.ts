/** The ways in: the first person, a passphrase, the 24 words. Secrets pass through as arguments and are kept nowhere. */
import type { Answer, Confirmation } from "@webx/sdk/api";
import { api } from "./http";
import { keep } from "./login";
import { arrive, holdForOnboarding } from "./phase";

export interface NewPerson {
  passphrase: string;
  displayName: string;
  deviceName: string;
}

/** Makes the identity and the vault. The words come this once. */
export async function onboard(person: NewPerson): Promise<string[]> {
  holdForOnboarding();
  const { token, expiresAt, words } = await api.onboard({ body: person });
  // Only the command line gets none.
  if (token && expiresAt) await keep({ token, expiresAt });
  return words;
}

/** Three places between 0 and 23 whose words the node wants to hear. */
export async function recoveryChallenge(): Promise<number[]> {
  return (await api.getRecoveryChallenge()).indexes;
}

/** One answer for each place of the challenge. */
export async function confirmRecovery(answers: Answer[]): Promise<void> {
  await api.confirmRecovery({ body: { answers: answers as Confirmation["answers"] } });
}

/** Signs this browser in and unlocks the node where it is locked. The desktop opens with {@link openDesktop}. */
export async function signIn(secret: { passphrase: string } | { words: string }): Promise<void> {
  const session = await api.logIn({ body: secret });
  if (session) await keep(session);
}

/** Sets a new passphrase by the words, for a person who forgot the old one. */
export async function resetPassphrase(words: string, next: string): Promise<void> {
  await api.changePassphrase({ body: { words, next } });
}

/** Who comes back: with the 24 words, or with shares of them. */
export type Lost = NewPerson & ({ words: string } | { shares: string[] });

/** Makes the vault of a person who has lost everything; gives the 24 words. */
export async function recover(lost: Lost): Promise<string[]> {
  holdForOnboarding();
  const { token, expiresAt, words } = await api.recover({ body: lost });
  if (token && expiresAt) await keep({ token, expiresAt });
  return words;
}

export interface NewDevice {
  code: string;
  passphrase: string;
  deviceName: string;
}

/** Meets another device of the person; gives the six digits that both show. */
export async function startPairing(device: NewDevice): Promise<string> {
  holdForOnboarding();
  return (await api.startPairing({ body: device })).digits;
}

/** Waits a few seconds for the decision on the other device. True when this one has moved in; the desktop opens then. */
export async function finishPairing(): Promise<boolean> {
  const { done, token, expiresAt } = await api.finishPairing();
  if (done && token && expiresAt) await keep({ token, expiresAt });
  return done;
}

export async function cancelPairing(): Promise<void> {
  await api.cancelPairing();
}

export function openDesktop(): void {
  arrive();
}
