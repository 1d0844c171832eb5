import { useLocale } from "@webx/ui";
import Star from "lucide-react/icons/star";
import { useT } from "./strings";

const oneDigit = (locale: string, value: number): string =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);

/** What the store says people think, from 0 to 5; the store says it in tenths. */
export function Rating({ tenths }: { tenths: number | null | undefined }) {
  const t = useT();
  const { locale } = useLocale();
  if (tenths == null) return <span className="store-rating store-quiet">{t("notRated")}</span>;
  const stars = tenths / 10;
  return (
    <span className="store-rating" title={t("ratedBy")}>
      <Star size={14} aria-hidden="true" fill="currentColor" />
      <span aria-hidden="true">{oneDigit(locale, stars)}</span>
      <span className="wx-visually-hidden">{t("rated", { stars })}</span>
    </span>
  );
}
