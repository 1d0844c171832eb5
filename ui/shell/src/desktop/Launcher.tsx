import type { SearchHit } from "@webx/sdk";
import { FileIcon, Spinner, toast } from "@webx/ui";
import Grid2x2 from "lucide-react/icons/grid-2x2";
import Keyboard from "lucide-react/icons/keyboard";
import ListChecks from "lucide-react/icons/list-checks";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import Monitor from "lucide-react/icons/monitor";
import Plus from "lucide-react/icons/plus";
import Search from "lucide-react/icons/search";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { Dialog } from "react-aria-components/Dialog";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { AppTile } from "./AppTile";
import { FILES, SETTINGS, useApps, WORK } from "./apps";
import { lockDesktop } from "./lockDesktop";
import { openApp, os } from "./os";
import { showPanel } from "./panels";
import { best, settingsPages } from "./search";
import { appDescription, appName, useText } from "./strings";
import { dispatch } from "./wm/store";
import "./Launcher.css";

interface Result {
  id: string;
  group: "apps" | "settings" | "files" | "actions";
  label: string;
  note?: string;
  icon: ReactNode;
  run: () => void;
}

/** Finds apps, files, settings and actions. */
export default function Launcher() {
  const t = useText();
  const close = () => showPanel(null);
  return (
    <ModalOverlay isOpen isDismissable onOpenChange={open => !open && close()} className="launcher-scrim">
      <Modal className="launcher">
        <Dialog className="launcher-dialog" aria-label={t("searchEverything")}>
          <LauncherBody close={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function LauncherBody({ close }: { close: () => void }) {
  const t = useText();
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [index, setIndex] = useState(0);
  const files = useFileHits(query);
  const local = useLocalResults(query);

  const fileResults: Result[] = files.hits.map(hit => ({
    id: `file-${hit.node.id}`,
    group: "files",
    label: hit.node.name,
    note: hit.path,
    icon: <FileIcon name={hit.node.name} kind={hit.node.kind} size={24} />,
    run: () =>
      openApp(
        FILES,
        hit.node.kind === "folder"
          ? { folder: hit.node.id }
          : { folder: hit.node.parent ?? "root", preview: hit.node.id },
      ),
  }));
  const results = [
    ...local.filter(each => each.group !== "actions"),
    ...fileResults,
    ...local.filter(each => each.group === "actions"),
  ];
  const at = Math.min(index, Math.max(0, results.length - 1));

  const run = (result: Result | undefined) => {
    if (!result) return;
    close();
    // The panel gives the keyboard back first, then the window takes it.
    setTimeout(result.run, 0);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: results.length - 1 }[event.key];
    if (to !== undefined && results.length > 0 && !((event.key === "Home" || event.key === "End") && query)) {
      event.preventDefault();
      const next = (to + results.length) % results.length;
      setIndex(next);
      list.current?.querySelectorAll("[role=option]")[next]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(results[at]);
    }
  };

  const groups = (["apps", "settings", "files", "actions"] as const)
    .map(group => ({ group, items: results.filter(each => each.group === group) }))
    .filter(each => each.items.length > 0);
  const names = { apps: t("groupApps"), settings: t("appSettings"), files: t("appFiles"), actions: t("groupActions") };

  return (
    <>
      <div className="launcher-field">
        <Search size={20} aria-hidden="true" />
        <input
          role="combobox"
          aria-expanded={results.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-label={t("searchEverything")}
          aria-activedescendant={results[at] ? `${listId}-${at}` : undefined}
          // biome-ignore lint/a11y/noAutofocus: the person opened this to type
          autoFocus
          placeholder={t("searchPlaceholder")}
          value={query}
          onChange={event => {
            setQuery(event.target.value);
            setIndex(0);
          }}
          onKeyDown={onKeyDown}
          autoComplete="off"
          spellCheck={false}
        />
        {files.busy && <Spinner size={18} />}
        <kbd className="keys">Esc</kbd>
      </div>
      <div
        ref={list}
        id={listId}
        role="listbox"
        aria-label={t("results")}
        className="launcher-list"
        data-home={!query || undefined}
      >
        {groups.map(({ group, items }) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options inside a listbox
          <div
            key={group}
            role="group"
            aria-labelledby={`${listId}-${group}`}
            className={`launcher-group launcher-${group}`}
          >
            <div id={`${listId}-${group}`} className="launcher-heading" role="presentation">
              {names[group]}
            </div>
            <div className="launcher-items" role="presentation">
              {items.map(result => {
                const place = results.indexOf(result);
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard stays in the field, as the combobox pattern wants
                  <div
                    key={result.id}
                    id={`${listId}-${place}`}
                    role="option"
                    tabIndex={-1}
                    aria-selected={place === at}
                    className="launcher-item"
                    onPointerMove={() => setIndex(place)}
                    onClick={() => run(result)}
                  >
                    <span className="launcher-icon">{result.icon}</span>
                    <span className="launcher-text">
                      <span className="launcher-label">{result.label}</span>
                      {result.note && <span className="launcher-note">{result.note}</span>}
                    </span>
                  </div>
                );
              })}
            </div>
          </div>
        ))}
      </div>
      {results.length === 0 && !files.busy && <p className="launcher-nothing">{t("nothingFound", { query })}</p>}
      {files.failed && <p className="launcher-nothing">{t("fileSearchFailed")}</p>}
      <div className="wx-visually-hidden" role="status">
        {query && !files.busy ? t("resultCount", { count: results.length }) : ""}
      </div>
    </>
  );
}

function useLocalResults(query: string): Result[] {
  const t = useText();
  const apps = useApps(state => state.list);
  return useMemo(() => {
    const appResults: Result[] = best(query, apps, app => `${appName(t, app)} ${appDescription(t, app)}`).map(app => ({
      id: `app-${app.key}`,
      group: "apps",
      label: appName(t, app),
      note: appDescription(t, app),
      icon: <AppTile app={app} size={query ? 32 : 52} />,
      run: () => openApp(app.key),
    }));
    const pages: Result[] = best(query, settingsPages(t), page => `${page.label} ${page.words}`).map(page => ({
      id: `page-${page.id}`,
      group: "settings",
      label: page.label,
      note: page.words,
      icon: <page.icon size={20} aria-hidden="true" />,
      run: () => openApp(SETTINGS, { page: page.id }),
    }));
    const actions: Array<Result & { words: string }> = [
      {
        id: "new-desktop",
        group: "actions",
        label: t("newDesktop"),
        words: t("newDesktop"),
        icon: <Plus size={20} aria-hidden="true" />,
        run: () => dispatch({ type: "addSpace" }),
      },
      {
        id: "tile",
        group: "actions",
        label: t("tileAll"),
        words: t("tileAll"),
        icon: <Grid2x2 size={20} aria-hidden="true" />,
        run: () => dispatch({ type: "tile" }),
      },
      {
        id: "show-desktop",
        group: "actions",
        label: t("showDesktop"),
        words: t("showDesktop"),
        icon: <Monitor size={20} aria-hidden="true" />,
        run: () => dispatch({ type: "showDesktop" }),
      },
      {
        id: "work",
        group: "actions",
        label: t("runningWork"),
        words: `${t("runningWork")} ${t("runningWorkWords")}`,
        icon: <ListChecks size={20} aria-hidden="true" />,
        run: () => openApp(WORK),
      },
      {
        id: "shortcuts",
        group: "actions",
        label: t("shortcuts"),
        words: t("shortcuts"),
        icon: <Keyboard size={20} aria-hidden="true" />,
        run: () => showPanel("shortcuts"),
      },
      {
        id: "lock",
        group: "actions",
        label: t("lock"),
        words: t("lock"),
        icon: <LockKeyhole size={20} aria-hidden="true" />,
        run: () => {
          lockDesktop().catch(() => toast({ level: "error", title: t("lockFailed") }));
        },
      },
    ];
    const found = best(query, actions, action => action.words);
    return [...appResults, ...(query ? pages : pages.slice(0, 5)), ...(query ? found : [])];
  }, [query, t, apps]);
}

const PAUSE_MS = 120;

/** Files of the drive whose names match, a moment after the person stops typing. */
function useFileHits(query: string): { hits: SearchHit[]; busy: boolean; failed: boolean } {
  const [state, setState] = useState<{ hits: SearchHit[]; busy: boolean; failed: boolean }>({
    hits: [],
    busy: false,
    failed: false,
  });
  const wanted = query.trim();
  useEffect(() => {
    if (!wanted) {
      setState({ hits: [], busy: false, failed: false });
      return;
    }
    const controller = new AbortController();
    setState(old => ({ ...old, busy: true }));
    const timer = setTimeout(() => {
      os.files.search(wanted, 8, { signal: controller.signal }).then(
        hits => !controller.signal.aborted && setState({ hits, busy: false, failed: false }),
        () => !controller.signal.aborted && setState({ hits: [], busy: false, failed: true }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [wanted]);
  return state;
}
