import {
  type ContactDetail,
  type ContactItem,
  type Loaded,
  type TransferItem,
  toProblem,
  useLoad,
  useOs,
} from "@webx/sdk";
import { toast } from "@webx/ui";
import { useCallback, useEffect } from "react";
import { useT } from "./strings";

/** The most that the node gives at once. */
const PAGE = 1000;

function useLive<T>(loaded: Loaded<T>): Loaded<T> {
  const os = useOs();
  const { reload } = loaded;
  useEffect(() => {
    const stops = [
      os.contacts.onChange(reload),
      // Who is connected is part of a contact.
      os.network.onChange(reload),
      os.online.onChange(online => online && reload()),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [os, reload]);
  return loaded;
}

/** Everybody who is known, by name, live. */
export function useContacts(): Loaded<ContactItem[]> {
  const os = useOs();
  return useLive(
    useLoad("contacts", async signal => {
      const all: ContactItem[] = [];
      for (;;) {
        const page = await os.contacts.list({ offset: all.length, limit: PAGE });
        signal.throwIfAborted();
        all.push(...page);
        if (page.length < PAGE) return all;
      }
    }),
  );
}

/** One of them, live. */
export function useContact(did: string): Loaded<ContactDetail> {
  const os = useOs();
  return useLive(useLoad(`contact ${did}`, () => os.contacts.get(did)));
}

/** Files to and from one of them, or everybody; live. */
export function useTransfers(did?: string): Loaded<TransferItem[]> {
  const os = useOs();
  const loaded = useLoad(`transfers ${did ?? ""}`, () => os.transfers.list(did));
  const { reload } = loaded;
  useEffect(() => {
    const stops = [
      os.transfers.onChange(change => {
        if (did === undefined || !change.did || change.did === did) reload();
      }),
      os.online.onChange(online => online && reload()),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [os, did, reload]);
  return loaded;
}

/** Does something that may be refused and says so; true when it was done. */
export function useDo(): (work: () => Promise<unknown>) => Promise<boolean> {
  const t = useT();
  return useCallback(
    async work => {
      try {
        await work();
        return true;
      } catch (reason) {
        toast({ level: "error", title: t("failed"), body: toProblem(reason).message });
        return false;
      }
    },
    [t],
  );
}
