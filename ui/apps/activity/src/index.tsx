import { type ActivityItem, toProblem, useOs } from "@webx/sdk";
import {
  Button,
  EmptyState,
  ErrorState,
  SearchField,
  Select,
  SkeletonList,
  Switch,
  Toolbar,
  ToolbarSpace,
  toast,
  useLocale,
} from "@webx/ui";
import Activity from "lucide-react/icons/activity";
import Download from "lucide-react/icons/download";
import SearchX from "lucide-react/icons/search-x";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import "./activity.css";
import { Detail } from "./Detail";
import { KindIcon, kindLabel } from "./labels";
import { AREAS, byDay, type Filter, filtered, isFiltered, NO_FILTER } from "./model";
import { useT } from "./strings";
import { exported, useActivity } from "./useActivity";

/** A filter that lets little through looks further into the past by itself, until this many entries are shown. */
const ENOUGH = 40;

export default function App() {
  const t = useT();
  const history = useActivity();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [open, setOpen] = useState<ActivityItem>();
  const asked = useDeferredValue(filter);
  const shown = filtered(history.items, asked, kindLabel(t));

  const { more, busy, problem, older } = history;
  const short = more && !busy && !problem && isFiltered(asked) && shown.length < ENOUGH;
  useEffect(() => {
    if (short) older();
  });

  return (
    <div className="act">
      <h1 className="wx-visually-hidden">{t("title")}</h1>
      <Tools filter={filter} onFilter={setFilter} />
      <div className="act-body">
        {history.items.length === 0 ? (
          <Nothing busy={busy} message={problem?.message} onRetry={history.reload} />
        ) : (
          <>
            <Days items={shown} onOpen={setOpen} />
            {shown.length === 0 && !more && (
              <EmptyState
                icon={<SearchX />}
                title={t("noMatch")}
                action={<Button onPress={() => setFilter(NO_FILTER)}>{t("showAll")}</Button>}
              >
                {t("noMatchText")}
              </EmptyState>
            )}
            {more && <Older busy={busy} failed={problem !== undefined} onOlder={older} />}
          </>
        )}
      </div>
      {open && <Detail item={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function Tools({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) {
  const t = useT();
  const os = useOs();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const name = `activity-${new Date().toISOString().slice(0, 10)}.json`;
      const node = await os.files.write("root", name, await exported(os), { onConflict: "keepBoth" });
      toast({
        level: "success",
        title: t("exported"),
        body: node.name,
        action: {
          label: t("showFile"),
          onAction: () => void os.windows.open("files", { folder: "root", select: node.id }),
        },
      });
    } catch (reason) {
      toast({ level: "error", title: t("exportFailed"), body: toProblem(reason).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="act-tools">
      <SearchField
        className="act-search"
        aria-label={t("search")}
        placeholder={t("search")}
        value={filter.search}
        onChange={search => onFilter({ ...filter, search })}
      />
      <Toolbar label={t("tools")} className="act-toolbar">
        <Select
          aria-label={t("area")}
          className="act-area"
          options={[{ id: "all" as const, label: t("areaAll") }, ...AREAS.map(id => ({ id, label: t(`area_${id}`) }))]}
          value={filter.area}
          onChange={area => onFilter({ ...filter, area })}
        />
        <Switch isSelected={filter.troubleOnly} onChange={troubleOnly => onFilter({ ...filter, troubleOnly })}>
          {t("troubleOnly")}
        </Switch>
        <ToolbarSpace />
        <Button icon={<Download />} isPending={busy} onPress={save}>
          {t("export")}
        </Button>
      </Toolbar>
    </div>
  );
}

function Nothing({ busy, message, onRetry }: { busy: boolean; message: string | undefined; onRetry: () => void }) {
  const t = useT();
  if (message !== undefined) return <ErrorState onRetry={onRetry}>{message}</ErrorState>;
  if (busy) return <SkeletonList rows={8} height={48} />;
  return (
    <EmptyState icon={<Activity />} title={t("empty")}>
      {t("emptyText")}
    </EmptyState>
  );
}

function Days({ items, onOpen }: { items: readonly ActivityItem[]; onOpen: (item: ActivityItem) => void }) {
  const t = useT();
  const { format } = useLocale();
  const label = kindLabel(t);
  return byDay(items).map(day => (
    <section key={day.start} className="act-day" aria-labelledby={`act-day-${day.start}`}>
      <h2 id={`act-day-${day.start}`} className="act-day-title">
        {format.day(new Date(day.start))}
      </h2>
      <ul className="act-list">
        {day.items.map(item => (
          <li key={item.id}>
            <button type="button" className="act-row" onClick={() => onOpen(item)}>
              <KindIcon item={item} />
              <span className="act-text">
                <span className="act-label">
                  {item.level !== "info" && <span className="wx-visually-hidden">{t(`level_${item.level}`)}: </span>}
                  {label(item.kind)}
                </span>
                {item.subject && (
                  <span className="act-subject">
                    <bdi>{item.subject}</bdi>
                  </span>
                )}
              </span>
              <time className="act-time" dateTime={item.at}>
                {format.time(new Date(item.at))}
              </time>
            </button>
          </li>
        ))}
      </ul>
    </section>
  ));
}

/** Goes further back when it comes into view; also a button, for whoever does not scroll. */
function Older({ busy, failed, onOlder }: { busy: boolean; failed: boolean; onOlder: () => void }) {
  const t = useT();
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(onOlder);
  useEffect(() => {
    latest.current = onOlder;
  });
  useEffect(() => {
    const element = end.current;
    if (!element || busy || failed) return;
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) latest.current();
      },
      { rootMargin: "400px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [busy, failed]);
  return (
    <div ref={end} className="act-older">
      <Button isPending={busy} onPress={onOlder}>
        {t(failed ? "olderAgain" : "older")}
      </Button>
    </div>
  );
}
