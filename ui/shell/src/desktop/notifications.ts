import type { Job, Notification } from "@webx/sdk";
import { toast } from "@webx/ui";
import { create } from "zustand";
import { openApp, os } from "./os";
import { usePanel } from "./panels";

interface State {
  /** Newest first. */
  items: Notification[];
  jobs: Job[];
  online: boolean;
  failed: boolean;
}

export const useNotifications = create<State>(() => ({ items: [], jobs: [], online: true, failed: false }));

export function follow(notification: Notification): void {
  if (notification.open) openApp(notification.open.app, notification.open.args);
}

export async function dismiss(id: string): Promise<void> {
  const before = useNotifications.getState().items;
  useNotifications.setState({ items: before.filter(each => each.id !== id) });
  await os.notifications.dismiss(id).catch(() => useNotifications.setState({ items: before }));
}

export async function dismissAll(): Promise<void> {
  await Promise.all(useNotifications.getState().items.map(each => dismiss(each.id)));
}

/** Asks the node again. */
export function load(): void {
  os.notifications.list().then(
    items => useNotifications.setState({ items: items.toSorted((a, b) => b.at.localeCompare(a.at)), failed: false }),
    () => useNotifications.setState({ failed: true }),
  );
  os.jobs.list().then(
    jobs => useNotifications.setState({ jobs: jobs.filter(job => job.state === "running") }),
    () => undefined,
  );
}

function hear(item: Notification): void {
  const { items } = useNotifications.getState();
  if (items.some(each => each.id === item.id)) return;
  useNotifications.setState({ items: [item, ...items].slice(0, 200) });
  // With the panel open it stands there already.
  if (usePanel.getState().panel === "notifications") return;
  toast({ title: item.title, body: item.body ?? undefined, level: item.level });
}

function hearJob(job: Job): void {
  const others = useNotifications.getState().jobs.filter(each => each.id !== job.id);
  useNotifications.setState({ jobs: job.state === "running" ? [...others, job] : others });
}

/** Loads what is there and follows what comes. Returns the way to stop. */
export function followNotifications(): () => void {
  // The first picture comes first.
  const first = setTimeout(load, 1000);
  const stops = [
    () => clearTimeout(first),
    os.notifications.onChange(hear),
    os.jobs.onChange(hearJob),
    os.online.onChange(online => {
      const before = useNotifications.getState().online;
      useNotifications.setState({ online });
      if (online && !before) load();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
