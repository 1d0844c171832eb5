import { ICON_NAMES, Icon, SearchField } from "@webx/ui";
import { useState } from "react";

export default function Icons() {
  const [search, setSearch] = useState("");
  const found = ICON_NAMES.filter(name => name.includes(search.trim().toLowerCase()));
  return (
    <>
      <SearchField
        aria-label="Search icons"
        placeholder={`${ICON_NAMES.length} icons`}
        value={search}
        onChange={setSearch}
      />
      <ul className="icons">
        {found.map(name => (
          <li key={name}>
            <Icon name={name} size={20} />
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
