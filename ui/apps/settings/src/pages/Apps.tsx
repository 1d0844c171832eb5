import { InstalledIcon } from "@webx/app-shared";
import { type App, type RemovedApp, useApps, useLoad, useOs } from "@webx/sdk";
import { Badge, Button, EmptyState, toast, useLocale } from "@webx/ui";
import ChevronLeft from "lucide-react/icons/chevron-left";
import ChevronRight from "lucide-react/icons/chevron-right";
import PackageOpen from "lucide-react/icons/package-open";
import ShoppingBag from "lucide-react/icons/shopping-bag";
import Undo2 from "lucide-react/icons/undo-2";
import { useEffect, useState } from "react";
import { AppDetail } from "../apps/AppDetail";
import { Group, Line, Page, Pending } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";

/** What is installed, what each app may do and keeps, and what was removed. */
export function Apps({ wanted }: { wanted: { install?: string } | undefined }) {
  const t = useT();
  const { data, problem, reload } = useApps();
  const [open, setOpen] = useState(wanted?.install);
  useEffect(() => {
    if (wanted?.install !== undefined) setOpen(wanted.install);
  }, [wanted]);
  if (!data) return <Pending title={t("apps")} problem={problem} onRetry={reload} />;
  const app = data.find(each => each.install === open);
  if (app) return <AppDetail key={app.install} app={app} onBack={() => setOpen(undefined)} />;
  const own = data.filter(each => !each.system);
  return (
    <Page title={t("apps")}>
      <Installed title={t("appsInstalled")} apps={own} onOpen={setOpen} />
      <Removed />
      <Installed
        title={t("appsSystem")}
        text={t("appsSystemText")}
        apps={data.filter(each => each.system)}
        onOpen={setOpen}
      />
    </Page>
  );
}

function Installed({
  title,
  text,
  apps,
  onOpen,
}: {
  title: string;
  text?: string;
  apps: readonly App[];
  onOpen: (install: string) => void;
}) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const store = (
    <Button icon={<ShoppingBag />} onPress={() => os.windows.open("store")}>
      {t("openStore")}
    </Button>
  );
  return (
    <Group title={title} {...(text === undefined ? {} : { text })}>
      {apps.length === 0 ? (
        <EmptyState icon={<PackageOpen />} title={t("appsNone")} level={3} action={store}>
          {t("appsNoneText")}
        </EmptyState>
      ) : (
        <ul className="set-apps">
          {apps
            .toSorted((a, b) => format.compare(a.name, b.name))
            .map(app => (
              <li key={app.install}>
                <button type="button" className="set-app" onClick={() => onOpen(app.install)}>
                  <InstalledIcon app={app} />
                  <span className="set-app-text">
                    <span className="set-app-name" dir="auto">
                      {app.name}
                    </span>
                    <small>{t("appLine", { version: app.version, size: app.size + app.dataSize })}</small>
                  </span>
                  <Trouble app={app} />
                  <Forward />
                </button>
              </li>
            ))}
        </ul>
      )}
    </Group>
  );
}

function Forward() {
  const { dir } = useLocale();
  const Icon = dir === "rtl" ? ChevronLeft : ChevronRight;
  return <Icon className="set-forward" size={18} aria-hidden="true" />;
}

function Trouble({ app }: { app: App }) {
  const t = useT();
  const state = app.backend?.state;
  if (state === "stopped") return <Badge tone="danger">{t("backendState", { state })}</Badge>;
  if (state === "resting") return <Badge tone="warning">{t("backendState", { state })}</Badge>;
  return null;
}

/** Apps that can still come back. Silent while there is none. */
function Removed() {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("removed", () => os.apps.removed());
  useEffect(() => os.apps.onChange(event => event.op !== "data" && reload()), [os, reload]);
  if (problem) return <Group title={t("removed")} text={problem.message} />;
  if (!data || data.length === 0) return null;
  return (
    <Group title={t("removed")} text={t("removedText")}>
      {data.map(app => (
        <RemovedLine key={app.install} app={app} />
      ))}
    </Group>
  );
}

function RemovedLine({ app }: { app: RemovedApp }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [busy, setBusy] = useState(false);
  const undo = async () => {
    setBusy(true);
    if (await attempt(() => os.apps.undo(app.install)))
      toast({ level: "success", title: t("broughtBack", { app: app.name }) });
    setBusy(false);
  };
  return (
    <Line
      label={<bdi>{app.name}</bdi>}
      text={
        app.undoUntil
          ? t("removedLine", { version: app.version, at: new Date(app.removedAt), until: new Date(app.undoUntil) })
          : t("removedKept", { version: app.version, at: new Date(app.removedAt), size: app.dataSize })
      }
    >
      {app.undoUntil && (
        <Button icon={<Undo2 />} isPending={busy} onPress={undo} aria-label={t("bringBackNamed", { app: app.name })}>
          {t("bringBack")}
        </Button>
      )}
    </Line>
  );
}
