import CircleAlert from "lucide-react/icons/circle-alert";
import X from "lucide-react/icons/x";
import { type ReactElement, type ReactNode, useState } from "react";
import { Dialog as AriaDialog, DialogTrigger } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { Button, IconButton } from "./Button";
import "./Dialog.css";

export interface DialogProps {
  title: string;
  /** Controlled: whether it is open. Leave out when `trigger` opens it. */
  isOpen?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** The button that opens it. */
  trigger?: ReactElement;
  size?: "sm" | "md" | "lg";
  /** Whether a click outside closes it. */
  isDismissable?: boolean;
  children: ReactNode | ((close: () => void) => ReactNode);
  /** Buttons at the bottom, the main one last. */
  footer?: ReactNode | ((close: () => void) => ReactNode);
  className?: string;
}

export function Dialog({
  title,
  isOpen,
  onOpenChange,
  trigger,
  size = "md",
  isDismissable = true,
  children,
  footer,
  className,
}: DialogProps) {
  const t = useKitText();
  const overlay = (
    <ModalOverlay className="wx-scrim" isDismissable={isDismissable} {...(trigger ? {} : { isOpen, onOpenChange })}>
      <Modal className={cx("wx-modal", `wx-modal-${size}`, className)}>
        <AriaDialog className="wx-dialog">
          {({ close }) => (
            <>
              <div className="wx-dialog-header">
                <Heading slot="title" className="wx-dialog-title">
                  {title}
                </Heading>
                <IconButton size="sm" label={t("close")} onPress={close} noTooltip>
                  <X />
                </IconButton>
              </div>
              <div className="wx-dialog-body">{typeof children === "function" ? children(close) : children}</div>
              {footer && (
                <div className="wx-dialog-footer">{typeof footer === "function" ? footer(close) : footer}</div>
              )}
            </>
          )}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
  if (!trigger) return overlay;
  return (
    <DialogTrigger {...(isOpen === undefined ? {} : { isOpen })} {...(onOpenChange ? { onOpenChange } : {})}>
      {trigger}
      {overlay}
    </DialogTrigger>
  );
}

export interface AlertDialogProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
  /** What will happen, in a sentence or two. */
  children: ReactNode;
  /** The verb on the main button. */
  action: string;
  /** May be async: the button waits and the dialog closes when it is done. */
  onAction: () => void | Promise<void>;
  cancel?: string;
  danger?: boolean;
}

/** Asks once before something that cannot be undone. */
export function AlertDialog({
  title,
  isOpen,
  onOpenChange,
  children,
  action,
  onAction,
  cancel,
  danger,
}: AlertDialogProps) {
  const t = useKitText();
  const [busy, setBusy] = useState(false);
  const act = async () => {
    const work = onAction();
    // What is done at once closes at once: nobody is told to wait.
    if (!work) return onOpenChange(false);
    setBusy(true);
    try {
      await work;
      onOpenChange(false);
    } finally {
      setBusy(false);
    }
  };
  return (
    <ModalOverlay className="wx-scrim" isOpen={isOpen} onOpenChange={onOpenChange}>
      <Modal className="wx-modal wx-modal-sm">
        <AriaDialog className="wx-dialog" role="alertdialog">
          <div className="wx-dialog-header">
            {danger && <CircleAlert className="wx-dialog-danger-icon" aria-hidden="true" />}
            <Heading slot="title" className="wx-dialog-title">
              {title}
            </Heading>
          </div>
          <div className="wx-dialog-body">{children}</div>
          <div className="wx-dialog-footer">
            <Button onPress={() => onOpenChange(false)} autoFocus={Boolean(danger)}>
              {cancel ?? t("cancel")}
            </Button>
            <Button variant={danger ? "danger" : "primary"} isPending={busy} onPress={act} autoFocus={!danger}>
              {action}
            </Button>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
