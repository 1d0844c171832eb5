import { ErrorState, SkeletonList, toast } from "@webx/ui";
import { useDeferredValue, useState } from "react";
import { Editor } from "./Editor";
import { matches, titleOf } from "./note";
import { Sidebar } from "./Sidebar";
import { useT } from "./strings";
import { useNotes } from "./useNotes";
import "./notes.css";

export default function App() {
  const t = useT();
  const all = useNotes(problem => toast({ level: "error", title: t("failed"), body: problem.message }));
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<string>();
  const asked = useDeferredValue(search.trim());

  if (all.problem) return <ErrorState onRetry={all.reload}>{all.problem.message}</ErrorState>;
  if (!all.notes) return <SkeletonList rows={8} height={56} />;

  const shown = asked === "" ? all.notes : all.notes.filter(note => matches(note, asked));
  const note = all.notes.find(one => one.id === selected);
  const create = () => {
    setSearch("");
    setSelected(all.create());
  };
  const remove = (id: string) => {
    const at = shown.findIndex(one => one.id === id);
    const old = all.remove(id);
    setSelected((shown[at + 1] ?? shown[at - 1])?.id);
    if (!old || old.text.trim() === "") return;
    toast({
      title: t("deleted"),
      body: titleOf(old.text),
      action: {
        label: t("undo"),
        onAction: () => {
          all.putBack(old);
          setSelected(old.id);
        },
      },
    });
  };

  return (
    <div className="notes" data-open={note ? "note" : "list"}>
      <Sidebar
        notes={shown}
        searching={asked !== ""}
        search={search}
        selected={selected}
        onSearch={setSearch}
        onSelect={setSelected}
        onNew={create}
      />
      {note ? (
        <Editor
          key={note.id}
          note={note}
          saving={all.saving}
          onText={text => all.change(note.id, { text })}
          onPin={() => all.change(note.id, { pinned: !note.pinned })}
          onDelete={() => remove(note.id)}
          onBack={() => setSelected(undefined)}
        />
      ) : (
        <div className="notes-editor notes-nothing" />
      )}
    </div>
  );
}
