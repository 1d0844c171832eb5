import type { Topic, Topics, Transport } from "@webx/sdk";

type Listener = (event: never) => void;

const listeners = new Map<Topic, Set<Listener>>();

/** Hears what the node reports. Returns the way to stop. */
export const subscribe: Transport["subscribe"] = (topic, listener) => {
  let all = listeners.get(topic);
  if (!all) {
    all = new Set();
    listeners.set(topic, all);
  }
  all.add(listener as Listener);
  return () => void all.delete(listener as Listener);
};

export function publish<T extends Topic>(topic: T, event: Topics[T]): void {
  for (const listener of listeners.get(topic) ?? []) (listener as (event: Topics[T]) => void)(event);
}
