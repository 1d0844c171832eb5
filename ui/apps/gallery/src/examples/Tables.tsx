import { type SortDescriptor, Table } from "@webx/ui";
import { useMemo, useState } from "react";

const ROWS = Array.from({ length: 500 }, (_, n) => ({ id: `${n}`, name: `Person ${n + 1}`, files: (n * 37) % 900 }));

export default function Tables() {
  const [sort, setSort] = useState<SortDescriptor>({ column: "files", direction: "descending" });
  const rows = useMemo(() => {
    const sign = sort.direction === "descending" ? -1 : 1;
    return ROWS.toSorted((a, b) => sign * (sort.column === "files" ? a.files - b.files : Number(a.id) - Number(b.id)));
  }, [sort]);
  return (
    <div className="tall">
      <Table
        label="People"
        selectionMode="multiple"
        sort={sort}
        onSortChange={setSort}
        rows={rows}
        columns={[
          { id: "name", label: "Name", isRowHeader: true, sortable: true, cell: row => row.name },
          { id: "files", label: "Files", sortable: true, align: "end", width: 110, cell: row => row.files },
        ]}
      />
    </div>
  );
}
