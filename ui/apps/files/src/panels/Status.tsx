import type { Place } from "../model/place";
import { useT } from "../strings";

/** The line below: how many entries, how many selected. */
export function Status({
  count,
  total,
  size,
  place,
}: {
  count: number;
  total: number | undefined;
  size: number | undefined;
  place: Place;
}) {
  const t = useT();
  if (total === undefined) return <div className="fx-status" />;
  const text =
    count === 0
      ? t(place.kind === "search" ? "found" : "items", { count: total })
      : size === undefined || size === 0
        ? t("selectedOf", { count, total })
        : t("selectedSize", { count, total, size });
  return (
    <div className="fx-status" role="status">
      {text}
    </div>
  );
}
