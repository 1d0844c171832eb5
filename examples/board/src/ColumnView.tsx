import {
  Button,
  type DropItem,
  Icon,
  IconButton,
  isTextDropItem,
  List,
  Menu,
  type MenuEntry,
  TextField,
  useDragAndDrop,
} from "@webx/ui";
import { useState } from "react";
import { type Card, type Column, type Drop, inOrder } from "./board";
import { useT } from "./strings";

/** What a dragged card carries; nothing else can be dropped here. */
const CARD = "application/x-board-card";

export interface ColumnViewProps {
  column: Column;
  cards: readonly Card[];
  menu: MenuEntry[];
  onMove: (ids: string[], drop: Drop) => void;
  onOpen: (id: string) => void;
  onAdd: (title: string) => void;
}

export function ColumnView({ column, cards, menu, onMove, onOpen, onAdd }: ColumnViewProps) {
  const t = useT();
  const items = inOrder(cards);
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: keys =>
      [...keys].map(key => ({
        [CARD]: String(key),
        "text/plain": items.find(card => card.id === key)?.title ?? "",
      })),
    acceptedDragTypes: [CARD],
    getDropOperation: () => "move",
    onReorder: event =>
      onMove([...event.keys].map(String), {
        key: String(event.target.key),
        side: event.target.dropPosition === "before" ? "before" : "after",
      }),
    onInsert: async event =>
      onMove(await idsOf(event.items), {
        key: String(event.target.key),
        side: event.target.dropPosition === "before" ? "before" : "after",
      }),
    onRootDrop: async event => onMove(await idsOf(event.items), { side: "after" }),
  });
  return (
    <section className="column" aria-label={t("column", { title: column.title })}>
      <div className="column-head">
        <h2>{column.title}</h2>
        <span className="column-count" title={t("cards", { cards: items.length })}>
          {items.length}
        </span>
        <Menu
          label={t("columnMore", { title: column.title })}
          placement="bottom end"
          trigger={
            <IconButton label={t("columnMore", { title: column.title })} size="sm">
              <Icon name="ellipsis" />
            </IconButton>
          }
          items={menu}
        />
      </div>
      <List
        label={t("column", { title: column.title })}
        items={items}
        textValue={card => card.title}
        rowHeight={68}
        selectionMode="single"
        onAction={key => onOpen(String(key))}
        dragAndDropHooks={dragAndDropHooks}
        className="column-cards"
        empty={<p className="column-empty">{t("drop")}</p>}
      >
        {card => (
          <div className="card" data-colour={card.colour}>
            <span className="card-words">
              <span className="card-title">{card.title}</span>
              {card.text !== "" && <span className="card-text">{card.text}</span>}
            </span>
            <IconButton slot="drag" label={t("move", { title: card.title })} size="sm" noTooltip className="card-handle">
              <Icon name="grip-vertical" size={16} />
            </IconButton>
          </div>
        )}
      </List>
      <AddCard onAdd={onAdd} />
    </section>
  );
}

function idsOf(items: readonly DropItem[]): Promise<string[]> {
  return Promise.all(items.filter(isTextDropItem).map(item => item.getText(CARD)));
}

function AddCard({ onAdd }: { onAdd: (title: string) => void }) {
  const t = useT();
  const [title, setTitle] = useState("");
  const add = () => {
    if (title.trim() === "") return;
    onAdd(title.trim());
    setTitle("");
  };
  return (
    <form
      className="column-add"
      onSubmit={event => {
        event.preventDefault();
        add();
      }}
    >
      <TextField aria-label={t("addCard")} placeholder={t("addCard")} value={title} onChange={setTitle} />
      {title.trim() !== "" && (
        <Button type="submit" variant="primary" icon={<Icon name="plus" />}>
          {t("add")}
        </Button>
      )}
    </form>
  );
}
