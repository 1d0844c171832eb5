import { InstalledIcon, Permissions, Publisher, useCategoryLabel } from "@webx/app-shared";
import { type App, useOs } from "@webx/sdk";
import { Badge, Button, IconButton, KeyValue, Meter, toast, useLocale } from "@webx/ui";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import Download from "lucide-react/icons/download";
import ExternalLink from "lucide-react/icons/external-link";
import History from "lucide-react/icons/history";
import Trash2 from "lucide-react/icons/trash-2";
import { useEffect, useRef, useState } from "react";
import { Group, Line, Page } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";
import { Backend } from "./Backend";
import { Picked } from "./Picked";
import { RemoveDialog } from "./RemoveDialog";

/** Everything about one installed app. */
export function AppDetail({ app, onBack }: { app: App; onBack: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [removing, setRemoving] = useState(false);
  const change = (key: string, granted: boolean) =>
    void attempt(() => os.apps.setGrants(app.install, granted ? { grant: [key] } : { revoke: [key] }));
  return (
    <Page title={app.name} head={<Head app={app} onBack={onBack} />}>
      <Group title={t("permissions")} text={t(app.system ? "permissionsSystemText" : "permissionsText")}>
        {app.permissions.length === 0 ? (
          <p className="set-quiet">{t("permissionsNone")}</p>
        ) : (
          <Permissions
            label={t("permissions")}
            permissions={app.permissions}
            {...(app.system ? {} : { onChange: change })}
          />
        )}
      </Group>
      <Picked app={app} />
      {app.backend && <Backend app={app} />}
      <Stored app={app} />
      <Facts app={app} />
      {!app.system && (
        <Group title={t("remove")} text={t("removeText")}>
          <div className="set-actions">
            <Button variant="danger" icon={<Trash2 />} onPress={() => setRemoving(true)}>
              {t("removeNamed", { app: app.name })}
            </Button>
          </div>
          {removing && (
            <RemoveDialog
              app={app}
              onClose={done => {
                setRemoving(false);
                if (done) onBack();
              }}
            />
          )}
        </Group>
      )}
    </Page>
  );
}

function Head({ app, onBack }: { app: App; onBack: () => void }) {
  const t = useT();
  const os = useOs();
  const { dir } = useLocale();
  const category = useCategoryLabel();
  const back = useRef<HTMLDivElement>(null);
  // The row that was pressed is gone; the keyboard goes on here.
  useEffect(() => back.current?.querySelector("button")?.focus(), []);
  return (
    <header className="set-detail-head">
      <div ref={back}>
        <IconButton label={t("allApps")} onPress={onBack}>
          {dir === "rtl" ? <ArrowRight /> : <ArrowLeft />}
        </IconButton>
      </div>
      <InstalledIcon app={app} size={56} />
      <div className="set-detail-names">
        <h1 className="set-title" dir="auto">
          {app.name}
        </h1>
        <p className="set-detail-line">
          {t("versionNamed", { version: app.version })} · {category(app.category)}
        </p>
      </div>
      <Button icon={<ExternalLink />} onPress={() => os.windows.open(app.system ? app.id : app.install)}>
        {t("open")}
      </Button>
    </header>
  );
}

function Stored({ app }: { app: App }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const [busy, setBusy] = useState<"export" | "rollback">();
  const run = async (what: "export" | "rollback", work: () => Promise<unknown>, done?: string) => {
    setBusy(what);
    if ((await attempt(work)) && done !== undefined) toast({ level: "success", title: done });
    setBusy(undefined);
  };
  return (
    <Group title={t("storageOfApp")} text={t("storageOfAppText")}>
      <KeyValue items={[{ label: t("programSize"), value: format.bytes(app.size) }]} />
      <Meter
        label={t("dataSize")}
        value={Math.min(app.dataSize, app.quota)}
        max={app.quota}
        valueText={t("dataOf", { used: app.dataSize, quota: app.quota })}
      />
      <Line label={t("exportData")} text={t("exportDataText")}>
        <Button
          icon={<Download />}
          isPending={busy === "export"}
          onPress={() => run("export", () => os.apps.export(app.install))}
          {...(app.dataSize === 0 ? { disabledReason: t("noData") } : {})}
        >
          {t("export")}
        </Button>
      </Line>
      {app.previousVersion !== null && (
        <Line
          label={t("rollbackTo", { version: app.previousVersion })}
          text={t("rollbackText", { version: app.version })}
        >
          <Button
            icon={<History />}
            isPending={busy === "rollback"}
            onPress={() => run("rollback", () => os.apps.rollback(app.install), t("rolledBack", { app: app.name }))}
          >
            {t("rollback")}
          </Button>
        </Line>
      )}
    </Group>
  );
}

function Facts({ app }: { app: App }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  return (
    <Group title={t("aboutApp")} text={<span dir="auto">{app.description}</span>}>
      <KeyValue
        onCopy={text => os.clipboard.writeText(text)}
        items={[
          { label: t("publisher"), value: <Publisher did={app.publisher.did} system={app.system} /> },
          { label: t("appId"), value: <bdi dir="ltr">{app.app}</bdi>, mono: true, copy: app.app },
          {
            label: t("runsAs"),
            value: <Badge>{app.entry.mode === "builtin" ? t("runsBuiltin") : t("runsIframe")}</Badge>,
          },
          { label: t("installedOn"), value: format.datetime(new Date(app.installedAt)) },
          { label: t("updatedOn"), value: format.datetime(new Date(app.updatedAt)) },
        ]}
      />
    </Group>
  );
}
