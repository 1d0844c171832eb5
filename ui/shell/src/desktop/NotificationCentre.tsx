import type { Job, Notification } from "@webx/sdk";
import {
  Button,
  clearToasts,
  EmptyState,
  ErrorState,
  IconButton,
  ProgressBar,
  Sheet,
  toast,
  useLocale,
} from "@webx/ui";
import Bell from "lucide-react/icons/bell";
import CircleAlert from "lucide-react/icons/circle-alert";
import CircleCheck from "lucide-react/icons/circle-check";
import Info from "lucide-react/icons/info";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import X from "lucide-react/icons/x";
import { useEffect } from "react";
import { appOf } from "./apps";
import { dismiss, dismissAll, follow, load, useNotifications } from "./notifications";
import { os } from "./os";
import { showPanel } from "./panels";
import { useText } from "./strings";
import "./NotificationCentre.css";

const icons = { info: Info, success: CircleCheck, warning: TriangleAlert, error: CircleAlert } as const;

/** What happened and what is going on, in a panel at the side. */
export default function NotificationCentre() {
  const t = useText();
  const { items, jobs, failed } = useNotifications();
  useEffect(clearToasts, []);
  return (
    <Sheet
      title={t("notifications")}
      isOpen
      onOpenChange={open => !open && showPanel(null)}
      actions={
        items.length > 0 && (
          <Button size="sm" variant="ghost" onPress={() => void dismissAll()}>
            {t("clearAll")}
          </Button>
        )
      }
    >
      {jobs.length > 0 && (
        <section aria-label={t("running")} className="notes">
          {jobs.map(job => (
            <RunningJob key={job.id} job={job} />
          ))}
        </section>
      )}
      {failed && items.length === 0 ? (
        <ErrorState title={t("notificationsFailed")} onRetry={load} />
      ) : items.length === 0 ? (
        jobs.length === 0 && (
          <EmptyState icon={<Bell />} title={t("noNotifications")}>
            {t("noNotificationsHelp")}
          </EmptyState>
        )
      ) : (
        <ul className="notes">
          {items.map(item => (
            <Note key={item.id} item={item} />
          ))}
        </ul>
      )}
    </Sheet>
  );
}

function Note({ item }: { item: Notification }) {
  const t = useText();
  const { format } = useLocale();
  const level = item.level ?? "info";
  const Icon = icons[level];
  const target = item.open && appOf(item.open.app);
  return (
    <li className={`note note-${level}`}>
      <Icon className="note-icon" size={18} aria-hidden="true" />
      <div className="note-text">
        <strong>{item.title}</strong>
        {item.body && <p>{item.body}</p>}
        <div className="note-foot">
          <time dateTime={item.at}>{format.relative(new Date(item.at))}</time>
          {target && (
            <Button
              size="sm"
              variant="ghost"
              onPress={() => {
                showPanel(null);
                follow(item);
                void dismiss(item.id);
              }}
            >
              {t("open")}
            </Button>
          )}
        </div>
      </div>
      <IconButton
        size="sm"
        noTooltip
        label={t("dismissNamed", { title: item.title })}
        onPress={() => void dismiss(item.id)}
      >
        <X />
      </IconButton>
    </li>
  );
}

function RunningJob({ job }: { job: Job }) {
  const t = useText();
  const { format } = useLocale();
  return (
    <div className="note">
      <div className="note-text">
        <ProgressBar
          label={t("jobNamed", { kind: job.kind })}
          value={job.total ? job.done : undefined}
          max={job.total ?? 0}
          {...(job.bytesPerSecond > 0 ? { valueText: format.rate(job.bytesPerSecond) } : {})}
        />
      </div>
      <Button
        size="sm"
        variant="ghost"
        onPress={() => {
          os.jobs.cancel(job.id).catch(() => toast({ level: "error", title: t("cancelFailed") }));
        }}
      >
        {t("cancel")}
      </Button>
    </div>
  );
}
