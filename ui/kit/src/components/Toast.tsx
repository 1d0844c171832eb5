import CircleAlert from "lucide-react/icons/circle-alert";
import CircleCheck from "lucide-react/icons/circle-check";
import Info from "lucide-react/icons/info";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import X from "lucide-react/icons/x";
import {
  UNSTABLE_Toast as AriaToast,
  Text,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components/Toast";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { Button, IconButton } from "./Button";
import "./Toast.css";

export type ToastLevel = "info" | "success" | "warning" | "error";

export interface ToastMessage {
  title: string;
  body?: string | undefined;
  level?: ToastLevel | undefined;
  /** One thing the person can do about it: undo, open, try again. */
  action?: { label: string; onAction: () => void } | undefined;
}

const queue = new ToastQueue<ToastMessage>({ maxVisibleToasts: 4 });

/** Shows a short message in the corner. Returns the way to take it back. Errors stay until dismissed. */
export function toast(message: ToastMessage): () => void {
  const stays = message.level === "error";
  const key = queue.add(message, stays ? {} : { timeout: message.action ? 8000 : 5000 });
  return () => queue.close(key);
}

/** Takes all of them away, because what they say is on the screen now. */
export function clearToasts(): void {
  queue.clear();
}

const icons = { info: Info, success: CircleCheck, warning: TriangleAlert, error: CircleAlert } as const;

/** Where toasts appear; the shell places one, and so does every frame. `of` names the app, to tell them apart. */
export function Toasts({ of }: { of?: string | undefined }) {
  const t = useKitText();
  const label = t("notifications");
  return (
    <ToastRegion queue={queue} className="wx-toasts" aria-label={of ? `${label}: ${of}` : label}>
      {({ toast: item }) => {
        const { title, body, level = "info", action } = item.content;
        const Icon = icons[level];
        return (
          <AriaToast toast={item} className={cx("wx-toast", `wx-toast-${level}`)}>
            <Icon className="wx-toast-icon" size={18} aria-hidden="true" />
            <ToastContent className="wx-toast-text">
              <Text slot="title" className="wx-toast-title">
                {title}
              </Text>
              {body && (
                <Text slot="description" className="wx-toast-body">
                  {body}
                </Text>
              )}
            </ToastContent>
            {action && (
              <Button
                size="sm"
                slot={null}
                onPress={() => {
                  action.onAction();
                  queue.close(item.key);
                }}
              >
                {action.label}
              </Button>
            )}
            <IconButton slot="close" size="sm" label={t("dismiss")} noTooltip>
              <X />
            </IconButton>
          </AriaToast>
        );
      }}
    </ToastRegion>
  );
}
