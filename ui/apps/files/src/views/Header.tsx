// biome-ignore-all lint/a11y/useSemanticElements: the roles of a table whose rows are virtualised
import type { SortKey } from "@webx/sdk";
import { cx } from "@webx/ui";
import ArrowDown from "lucide-react/icons/arrow-down";
import ArrowUp from "lucide-react/icons/arrow-up";
import type { Sort } from "../model/place";
import { type Key, useT } from "../strings";
import type { Column } from "./cells";

export const HEADER_HEIGHT = 34;

/** The line of column names; a click sorts, a second one turns the order around. */
export function Header({
  columns,
  sort,
  onSort,
  trash,
}: {
  columns: readonly Column[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** Things in the trash have the day they came there. */
  trash: boolean;
}) {
  const t = useT();
  return (
    <div role="rowgroup" className="fx-head">
      <div role="row" aria-rowindex={1} tabIndex={-1} className="fx-row fx-head-row">
        {columns.map((column, index) => {
          const sorted = column === sort.key;
          const Arrow = sort.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={column}
              role="columnheader"
              tabIndex={-1}
              aria-colindex={index + 1}
              aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined}
              className={cx("fx-cell", `fx-cell-${column}`)}
            >
              {column === "where" ? (
                <span className="fx-head-text">{t("column.where")}</span>
              ) : (
                <button
                  type="button"
                  className="fx-head-button"
                  onClick={() =>
                    onSort({
                      key: column as SortKey,
                      descending: sorted ? !sort.descending : column !== "name" && column !== "kind",
                    })
                  }
                >
                  {t(trash && column === "modified" ? "column.deleted" : (`column.${column}` as Key))}
                  {sorted && <Arrow size={14} aria-hidden="true" />}
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
