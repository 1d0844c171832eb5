import X from "lucide-react/icons/x";
import type { ReactNode } from "react";
import { Dialog as AriaDialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { IconButton } from "./Button";
import "./Sheet.css";

export interface SheetProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
  /** `end` is a side panel; `bottom` a panel from below, for phones. */
  side?: "end" | "start" | "bottom";
  children: ReactNode;
  /** More controls in the title line. */
  actions?: ReactNode;
  className?: string;
}

/** A panel from an edge of the screen, over the content. */
export function Sheet({ title, isOpen, onOpenChange, side = "end", children, actions, className }: SheetProps) {
  const t = useKitText();
  return (
    <ModalOverlay className="wx-scrim wx-sheet-scrim" isDismissable isOpen={isOpen} onOpenChange={onOpenChange}>
      <Modal className={cx("wx-sheet", `wx-sheet-${side}`, className)}>
        <AriaDialog className="wx-dialog">
          {({ close }) => (
            <>
              <div className="wx-sheet-header">
                <Heading slot="title" className="wx-dialog-title">
                  {title}
                </Heading>
                {actions}
                <IconButton size="sm" label={t("close")} onPress={close} noTooltip>
                  <X />
                </IconButton>
              </div>
              <div className="wx-sheet-body">{children}</div>
            </>
          )}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
