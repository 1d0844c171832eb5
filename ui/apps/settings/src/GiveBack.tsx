import { type HelpView, type PairingOffer, toProblem, useOs, type WardItem } from "@webx/sdk";
import { Button, Checkbox, CopyButton, Dialog, Notice, QrCode, Skeleton, useLocale } from "@webx/ui";
import { useCallback, useEffect, useRef, useState } from "react";
import { useT } from "./strings";

/** How often the node is asked whether a device has come. */
const LOOK_MS = 1_000;

/** A ward has lost everything: a code is shown, the new device comes, the digits are compared, the share goes back. */
export function GiveBack({ ward, onClose }: { ward: WardItem; onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const name = ward.name ?? ward.did;
  const [offer, setOffer] = useState<PairingOffer>();
  const [view, setView] = useState<HelpView>();
  const [refused, setRefused] = useState<string>();
  const [spoken, setSpoken] = useState(false);
  const giving = useRef(false);

  const open = useCallback(async () => {
    setOffer(undefined);
    setView(undefined);
    setRefused(undefined);
    setSpoken(false);
    try {
      setOffer(await os.guardians.help(ward.did));
    } catch (reason) {
      const problem = toProblem(reason);
      setRefused(problem.code === "no-network" ? t("pairingOff") : problem.message);
    }
  }, [os, t, ward.did]);
  useEffect(() => void open(), [open]);

  const over = view?.state === "done" || view?.state === "ended" || refused !== undefined;
  useEffect(() => {
    if (over) return;
    const timer = setInterval(async () => {
      if (giving.current) return;
      const now = await os.guardians.helping().catch(() => undefined);
      if (now && !giving.current) setView(now);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [os, over]);

  const close = () => {
    if (view?.state !== "done") void os.guardians.withdraw().catch(() => undefined);
    onClose();
  };
  const give = async () => {
    giving.current = true;
    try {
      await os.guardians.giveBack(view?.digits ?? "");
      setView(await os.guardians.helping());
    } catch (reason) {
      setRefused(toProblem(reason).message);
    } finally {
      giving.current = false;
    }
  };

  return (
    <Dialog title={t("giveBackTitle", { name })} isOpen onOpenChange={now => !now && close()} isDismissable={false}>
      <div className="set-form">
        {refused !== undefined || view?.state === "ended" ? (
          <>
            <Notice level="error">{refused ?? t(`helpEnded_${view?.ended ?? "gone"}`)}</Notice>
            <div className="set-actions">
              <Button onPress={close}>{t("close")}</Button>
              <Button variant="primary" onPress={open}>
                {t("newCode")}
              </Button>
            </div>
          </>
        ) : view?.state === "done" ? (
          <>
            <div role="status">
              <Notice level="success">{t("givenBack", { name })}</Notice>
            </div>
            <div className="set-actions">
              <Button variant="primary" autoFocus onPress={close}>
                {t("close")}
              </Button>
            </div>
          </>
        ) : view?.state === "asked" || view?.state === "adding" ? (
          <>
            <p role="status">{t("helpAsked", { device: view.name ?? t("deviceNameless"), name })}</p>
            <output className="set-digits" dir="ltr" aria-label={t("digits")}>
              {view.digits}
            </output>
            <Checkbox isSelected={spoken} onChange={setSpoken}>
              {t("helpSpoken", { name })}
            </Checkbox>
            <div className="set-actions">
              <Button onPress={close}>{t("decline")}</Button>
              <Button
                variant="primary"
                isPending={view.state === "adding"}
                onPress={give}
                {...(spoken ? {} : { disabledReason: t("helpSpeakFirst") })}
              >
                {t("giveBack")}
              </Button>
            </div>
          </>
        ) : (
          <>
            <p>{t("giveBackText", { name })}</p>
            {offer?.reach === "loopback" && (
              <Notice>
                {t("pairingLoopback")} <code dir="ltr">webx up --qnet any</code>
              </Notice>
            )}
            {offer ? (
              <div className="set-code">
                <QrCode text={offer.code} label={t("helpQr")} size={240} />
                <p role="status">{t("codeUntil", { at: format.datetime(new Date(offer.expires)) })}</p>
                <div className="set-copy">
                  <code dir="ltr">{offer.code}</code>
                  <CopyButton text={offer.code} label={t("copyCode")} onCopy={text => os.clipboard.writeText(text)} />
                </div>
              </div>
            ) : (
              <Skeleton height={240} />
            )}
            <div className="set-actions">
              <Button onPress={close}>{t("cancel")}</Button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
