import { Avatar, List, type Selection } from "@webx/ui";
import { useState } from "react";

const PEOPLE = Array.from({ length: 1000 }, (_, n) => ({ id: `${n}`, name: `Person ${n + 1}` }));

/** Only the rows in sight are in the document. */
export default function Lists() {
  const [chosen, setChosen] = useState<Selection>(new Set(["1"]));
  return (
    <div className="tall">
      <List
        label="People"
        items={PEOPLE}
        textValue={person => person.name}
        selectionMode="multiple"
        selectedKeys={chosen}
        onSelectionChange={setChosen}
      >
        {person => (
          <>
            <Avatar name={person.name} size={28} /> {person.name}
          </>
        )}
      </List>
    </div>
  );
}
