import { type Doc, type Os, type Problem, toProblem, useOs } from "@webx/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Card, type Column, cardOf, columnOf } from "./board";

const COLUMNS = "columns";
const CARDS = "cards";

export interface Board {
  columns: ReadonlyMap<string, Column>;
  cards: ReadonlyMap<string, Card>;
}

export interface BoardActions {
  putColumns: (columns: readonly Column[]) => void;
  putCards: (cards: readonly Card[]) => void;
  removeCard: (id: string) => void;
  removeColumn: (id: string, cards: readonly Card[]) => void;
}

/** The board in the vault, the same in every window. What is done here is seen at once and written in the order it was done. */
export function useBoard(start: () => { columns: Column[]; cards: Card[] }, onFailure: (problem: Problem) => void) {
  const os = useOs();
  const [board, setBoard] = useState<Board>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const pending = useRef(new Map<string, number>());
  const hear = useRef({ start, onFailure });
  hear.current = { start, onFailure };

  const update = useCallback((collection: string, id: string, value: Column | Card | undefined) => {
    setBoard(old => {
      if (!old) return old;
      const part = collection === COLUMNS ? "columns" : "cards";
      const next = new Map<string, Column | Card>(old[part]);
      if (value) next.set(id, value);
      else next.delete(id);
      return { ...old, [part]: next };
    });
  }, []);

  const write = useCallback((id: string, task: () => Promise<unknown>) => {
    const count = pending.current;
    count.set(id, (count.get(id) ?? 0) + 1);
    queue.current = queue.current
      .then(task)
      .catch((reason: unknown) => hear.current.onFailure(toProblem(reason)))
      .finally(() => {
        const left = (count.get(id) ?? 1) - 1;
        if (left > 0) count.set(id, left);
        else count.delete(id);
      });
  }, []);

  const put = useCallback(
    (collection: string, thing: Column | Card) => {
      const { id, ...value } = thing;
      update(collection, id, thing);
      write(id, () => os.storage.docs.put(collection, id, value));
    },
    [os, update, write],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` loads again
  useEffect(() => {
    let gone = false;
    setProblem(undefined);
    const load = async () => {
      const [columns, cards] = await Promise.all([all(os, COLUMNS), all(os, CARDS)]);
      if (gone) return;
      if (columns.length > 0) {
        setBoard({ columns: byId(columns.map(columnOf)), cards: byId(cards.map(cardOf)) });
        return;
      }
      const first = hear.current.start();
      setBoard({ columns: byId(first.columns), cards: byId(first.cards) });
      for (const column of first.columns) put(COLUMNS, column);
      for (const card of first.cards) put(CARDS, card);
    };
    load().catch((reason: unknown) => {
      if (!gone) setProblem(toProblem(reason));
    });
    const stop = os.storage.docs.onChange(null, async ({ collection, id, op }) => {
      if (pending.current.has(id)) return;
      const doc = op === "put" ? await os.storage.docs.get(collection, id) : undefined;
      if (gone || pending.current.has(id)) return;
      update(collection, id, doc && (collection === COLUMNS ? columnOf(doc) : cardOf(doc)));
    });
    return () => {
      gone = true;
      stop();
    };
  }, [os, put, update, round]);

  const remove = (collection: string, id: string) => {
    update(collection, id, undefined);
    write(id, () => os.storage.docs.delete(collection, id));
  };
  const actions: BoardActions = {
    putColumns: columns => columns.forEach(column => put(COLUMNS, column)),
    putCards: cards => cards.forEach(card => put(CARDS, card)),
    removeCard: id => remove(CARDS, id),
    removeColumn: (id, cards) => {
      for (const card of cards) remove(CARDS, card.id);
      remove(COLUMNS, id);
    },
  };
  return { board, problem, reload: () => setRound(n => n + 1), actions };
}

function byId<T extends { id: string }>(things: readonly T[]): Map<string, T> {
  return new Map(things.map(thing => [thing.id, thing]));
}

async function all(os: Os, collection: string): Promise<Doc[]> {
  const docs: Doc[] = [];
  let after: string | undefined;
  do {
    const page = await os.storage.docs.list(collection, { limit: 500, ...(after === undefined ? {} : { after }) });
    docs.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return docs;
}
