import { catalogue, KeyValue, useLocale } from "@webx/ui";

const useT = catalogue({
  en: { files: "{count, plural, one {# file} other {# files}}, changed {at, relative}" },
  de: { files: "{count, plural, one {# Datei} other {# Dateien}}, {at, relative} geändert" },
  ar: {
    files:
      "{count, plural, zero {لا ملفات} one {ملف} two {ملفان} few {# ملفات} many {# ملفًا} other {# ملف}}، {at, relative}",
  },
});

const YESTERDAY = new Date(Date.now() - 86_400_000);

export default function Languages() {
  const t = useT();
  const { format, locale, dir } = useLocale();
  return (
    <KeyValue
      items={[
        { label: "Language", value: `${locale}, ${dir}` },
        { label: "Text", value: t("files", { count: 3, at: YESTERDAY }) },
        { label: "Bytes", value: format.bytes(12_345_678) },
        { label: "Number", value: format.number(1_234_567.8) },
        { label: "Percent", value: format.percent(0.421) },
        { label: "Date", value: format.datetime(YESTERDAY) },
        { label: "List", value: format.list(["Ada", "Alan", "Grace"]) },
      ]}
    />
  );
}
