import { Button, Dialog, ErrorState, Icon, type MenuEntry, SkeletonList, TextField, toast } from "@webx/ui";
import { useState } from "react";
import { type Card, type Column, inOrder, moved, newId, ordersBetween } from "./board";
import { CardDialog } from "./CardDialog";
import { ColumnView } from "./ColumnView";
import { type T, useT } from "./strings";
import { useBoard } from "./useBoard";
import "./board.css";

export default function App() {
  const t = useT();
  const { board, problem, reload, actions } = useBoard(
    () => firstBoard(t),
    reason => toast({ level: "error", title: t("failed"), body: reason.message }),
  );
  const [openCard, setOpenCard] = useState<string>();
  const [naming, setNaming] = useState<Column | "new">();

  if (problem) return <ErrorState onRetry={reload}>{problem.message}</ErrorState>;
  if (!board) return <SkeletonList rows={6} height={64} />;

  const columns = inOrder(board.columns.values());
  const cards = [...board.cards.values()];
  const card = openCard === undefined ? undefined : board.cards.get(openCard);

  const undoable = (title: string, undo: () => void) =>
    toast({ title: t("deleted", { title }), action: { label: t("undo"), onAction: undo } });
  const removeCard = (gone: Card) => {
    setOpenCard(undefined);
    actions.removeCard(gone.id);
    undoable(gone.title, () => actions.putCards([gone]));
  };
  const removeColumn = (gone: Column) => {
    const within = cards.filter(one => one.column === gone.id);
    actions.removeColumn(gone.id, within);
    undoable(gone.title, () => {
      actions.putColumns([gone]);
      actions.putCards(within);
    });
  };
  const swap = (a: Column | undefined, b: Column | undefined) => {
    if (a && b) actions.putColumns([{ ...a, order: b.order }, { ...b, order: a.order }]);
  };
  const menuOf = (column: Column, at: number): MenuEntry[] => [
    { id: "rename", label: t("rename"), onAction: () => setNaming(column) },
    { id: "left", label: t("moveLeft"), disabled: at === 0, onAction: () => swap(column, columns[at - 1]) },
    {
      id: "right",
      label: t("moveRight"),
      disabled: at === columns.length - 1,
      onAction: () => swap(column, columns[at + 1]),
    },
    "separator",
    {
      id: "delete",
      label: t("deleteColumn"),
      danger: true,
      disabled: columns.length === 1,
      onAction: () => removeColumn(column),
    },
  ];

  return (
    <div className="board">
      {columns.map((column, at) => (
        <ColumnView
          key={column.id}
          column={column}
          cards={cards.filter(one => one.column === column.id)}
          menu={menuOf(column, at)}
          onMove={(ids, drop) => actions.putCards(moved(cards, ids, column.id, drop))}
          onOpen={setOpenCard}
          onAdd={title => {
            const last = inOrder(cards.filter(one => one.column === column.id)).at(-1);
            const [order = 1] = ordersBetween(last?.order, undefined, 1);
            actions.putCards([{ id: newId(), column: column.id, title, text: "", colour: "none", order }]);
          }}
        />
      ))}
      <Button className="board-new" icon={<Icon name="plus" />} onPress={() => setNaming("new")}>
        {t("addColumn")}
      </Button>
      {card && (
        <CardDialog
          key={card.id}
          card={card}
          onClose={() => setOpenCard(undefined)}
          onDelete={() => removeCard(card)}
          onSave={next => {
            actions.putCards([next]);
            setOpenCard(undefined);
          }}
        />
      )}
      {naming && (
        <ColumnDialog
          title={naming === "new" ? "" : naming.title}
          onClose={() => setNaming(undefined)}
          onSave={title => {
            const [order = 1] = ordersBetween(columns.at(-1)?.order, undefined, 1);
            actions.putColumns([naming === "new" ? { id: newId(), title, order } : { ...naming, title }]);
            setNaming(undefined);
          }}
        />
      )}
    </div>
  );
}

function ColumnDialog(props: { title: string; onSave: (title: string) => void; onClose: () => void }) {
  const t = useT();
  const [title, setTitle] = useState(props.title);
  return (
    <Dialog
      title={t("columnTitle")}
      size="sm"
      isOpen
      onOpenChange={open => {
        if (!open) props.onClose();
      }}
      footer={
        <>
          <span className="board-space" />
          <Button onPress={props.onClose}>{t("cancel")}</Button>
          <Button variant="primary" isDisabled={title.trim() === ""} onPress={() => props.onSave(title.trim())}>
            {t("save")}
          </Button>
        </>
      }
    >
      <form
        onSubmit={event => {
          event.preventDefault();
          if (title.trim() !== "") props.onSave(title.trim());
        }}
      >
        <TextField aria-label={t("columnTitle")} value={title} onChange={setTitle} autoFocus />
      </form>
    </Dialog>
  );
}

/** What a new board holds. */
function firstBoard(t: T): { columns: Column[]; cards: Card[] } {
  const columns = [t("start1"), t("start2"), t("start3")].map((title, order) => ({ id: newId(), title, order }));
  const texts = [t("startCard1"), t("startCard2"), t("startCard3")];
  const colours = ["blue", "green", "orange"] as const;
  const cards = texts.map((title, order): Card => ({
    id: newId(),
    column: columns[0]?.id ?? "",
    title,
    text: "",
    colour: colours[order] ?? "none",
    order,
  }));
  return { columns, cards };
}
