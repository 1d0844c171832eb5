import { Button, EmptyState, Icon, IconButton, List, SearchField, useLocale } from "@webx/ui";
import { type Note, snippetOf, titleOf } from "./note";
import { useT } from "./strings";

export interface SidebarProps {
  notes: Note[];
  /** Whether there are notes that the search hides. */
  searching: boolean;
  search: string;
  selected: string | undefined;
  onSearch: (search: string) => void;
  onSelect: (id: string) => void;
  onNew: () => void;
}

export function Sidebar({ notes, searching, search, selected, onSearch, onSelect, onNew }: SidebarProps) {
  const t = useT();
  return (
    <div className="notes-side">
      <div className="notes-tools">
        <SearchField
          className="notes-search"
          aria-label={t("find")}
          placeholder={t("find")}
          value={search}
          onChange={onSearch}
        />
        <IconButton label={t("new")} variant="primary" onPress={onNew}>
          <Icon name="plus" />
        </IconButton>
      </div>
      <List
        label={t("list")}
        items={notes}
        textValue={note => titleOf(note.text) || t("untitled")}
        rowHeight={64}
        selectionMode="single"
        selectedKeys={selected === undefined ? new Set<string>() : new Set([selected])}
        onSelectionChange={keys => {
          const [id] = keys === "all" ? [] : keys;
          if (id !== undefined) onSelect(String(id));
        }}
        className="notes-list"
        empty={
          searching ? (
            <EmptyState icon={<Icon name="search" />} title={t("noMatch")}>
              {t("noMatchText", { search })}
            </EmptyState>
          ) : (
            <EmptyState
              icon={<Icon name="file-text" />}
              title={t("emptyTitle")}
              action={
                <Button variant="primary" icon={<Icon name="plus" />} onPress={onNew}>
                  {t("new")}
                </Button>
              }
            >
              {t("emptyText")}
            </EmptyState>
          )
        }
      >
        {note => <Row note={note} search={search} />}
      </List>
    </div>
  );
}

function Row({ note, search }: { note: Note; search: string }) {
  const t = useT();
  const { format } = useLocale();
  return (
    <div className="notes-row">
      <span className="notes-row-title">
        <Marked text={titleOf(note.text) || t("untitled")} search={search} />
        {note.pinned && <Icon name="pin" size={14} className="notes-row-pin" />}
      </span>
      <span className="notes-row-rest">
        <time dateTime={new Date(note.changed).toISOString()}>{format.relative(new Date(note.changed))}</time>
        <Marked text={snippetOf(note.text, search)} search={search} />
      </span>
    </div>
  );
}

/** The text with what was searched for standing out. */
function Marked({ text, search }: { text: string; search: string }) {
  const word = search.trim().split(/\s+/)[0] ?? "";
  const at = word === "" ? -1 : text.toLowerCase().indexOf(word.toLowerCase());
  if (at < 0) return <span className="notes-row-text" dir="auto">{text}</span>;
  return (
    <span className="notes-row-text" dir="auto">
      {text.slice(0, at)}
      <mark>{text.slice(at, at + word.length)}</mark>
      {text.slice(at + word.length)}
    </span>
  );
}
