import { type PairingOffer, type PairingView, toProblem, useOs } from "@webx/sdk";
import { Button, CopyButton, Dialog, Notice, QrCode, Skeleton, useLocale } from "@webx/ui";
import { useCallback, useEffect, useRef, useState } from "react";
import { useT } from "./strings";
import { WordsForm } from "./WordsForm";

/** How often the node is asked whether a device has come. */
const LOOK_MS = 1_000;

/** A code is shown; a device comes; its digits are compared; the words let it in. */
export function AddDevice({ onClose }: { onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const [offer, setOffer] = useState<PairingOffer>();
  const [view, setView] = useState<PairingView>();
  const [refused, setRefused] = useState<string>();
  const admitting = useRef(false);

  const open = useCallback(async () => {
    setOffer(undefined);
    setView(undefined);
    setRefused(undefined);
    try {
      setOffer(await os.devices.offer());
    } catch (reason) {
      const problem = toProblem(reason);
      // A device waits already: it was met by a code that another window showed.
      if (problem.code === "asked") setView(await os.devices.pairing().catch(() => undefined));
      else setRefused(problem.code === "no-network" ? t("pairingOff") : problem.message);
    }
  }, [os, t]);
  useEffect(() => void open(), [open]);

  const over = view?.state === "done" || view?.state === "ended" || refused !== undefined;
  useEffect(() => {
    if (over) return;
    const timer = setInterval(async () => {
      if (admitting.current) return;
      const now = await os.devices.pairing().catch(() => undefined);
      if (now && !admitting.current) setView(now);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [os, over]);

  const close = () => {
    if (view?.state !== "done") void os.devices.withdraw().catch(() => undefined);
    onClose();
  };
  const admit = async (words: string) => {
    admitting.current = true;
    try {
      await os.devices.admit(words, view?.digits ?? "");
    } finally {
      admitting.current = false;
      setView(await os.devices.pairing().catch(() => view));
    }
  };

  return (
    <Dialog title={t("addDevice")} isOpen onOpenChange={now => !now && close()} isDismissable={false}>
      <div className="set-form">
        {refused !== undefined ? (
          <>
            <Notice level="error">{refused}</Notice>
            <Ends onClose={close} onAgain={open} />
          </>
        ) : view?.state === "ended" ? (
          <>
            <Notice level="error">{t(`ended_${view.ended ?? "gone"}`)}</Notice>
            <Ends onClose={close} onAgain={open} />
          </>
        ) : view?.state === "done" ? (
          <>
            <div role="status">
              <Notice level="success">{t("deviceAdded", { name: view.name ?? t("deviceNameless") })}</Notice>
            </div>
            <p>{t("notCarried")}</p>
            <div className="set-actions">
              <Button variant="primary" autoFocus onPress={close}>
                {t("close")}
              </Button>
            </div>
          </>
        ) : view?.state === "asked" || view?.state === "adding" ? (
          <>
            <p role="status">{t("wantsIn", { name: view.name ?? t("deviceNameless") })}</p>
            <output className="set-digits" dir="ltr" aria-label={t("digits")}>
              {view.digits}
            </output>
            <WordsForm
              text={t("compareText")}
              action={t("letIn")}
              cancel={t("decline")}
              onCancel={close}
              onWords={admit}
            />
          </>
        ) : (
          <Code offer={offer} onClose={close} />
        )}
      </div>
    </Dialog>
  );
}

function Code({ offer, onClose }: { offer: PairingOffer | undefined; onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  return (
    <>
      <p>{t("codeText")}</p>
      {offer?.reach === "loopback" && (
        <Notice>
          {t("pairingLoopback")} <code dir="ltr">webx up --qnet any</code>
        </Notice>
      )}
      {offer ? (
        <div className="set-code">
          <QrCode text={offer.code} label={t("codeQr")} size={240} />
          <p role="status">{t("codeUntil", { at: format.datetime(new Date(offer.expires)) })}</p>
          <div className="set-copy">
            <code dir="ltr">{offer.code}</code>
            <CopyButton text={offer.code} label={t("copyCode")} onCopy={text => os.clipboard.writeText(text)} />
          </div>
        </div>
      ) : (
        <Skeleton height={240} />
      )}
      <p className="set-group-text">{t("codeTruth")}</p>
      <div className="set-actions">
        <Button onPress={onClose}>{t("cancel")}</Button>
      </div>
    </>
  );
}

function Ends({ onClose, onAgain }: { onClose: () => void; onAgain: () => void }) {
  const t = useT();
  return (
    <div className="set-actions">
      <Button onPress={onClose}>{t("close")}</Button>
      <Button variant="primary" onPress={onAgain}>
        {t("newCode")}
      </Button>
    </div>
  );
}
