import { AppIcon, Permissions, Publisher, useCategoryLabel } from "@webx/app-shared";
import { type StorePackageDetail, toProblem, useLoad, useOs } from "@webx/sdk";
import { Button, ErrorState, IconButton, KeyValue, Notice, SkeletonList, toast, useLocale } from "@webx/ui";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import Download from "lucide-react/icons/download";
import ExternalLink from "lucide-react/icons/external-link";
import History from "lucide-react/icons/history";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Place } from "..";
import { Rating } from "../Rating";
import { useT } from "../strings";
import { useOffer } from "../useCatalogue";
import { useInstall } from "../useInstall";
import { Shots } from "./Shots";
import { Versions } from "./Versions";

/** Everything about one app of a store, before and after it is installed. */
export function Offer({ place, onBack }: { place: Place; onBack: () => void }) {
  const t = useT();
  const { dir } = useLocale();
  const offer = useOffer(place.store, place.app);
  const bar = useRef<HTMLDivElement>(null);
  // The card that was pressed is gone; the keyboard goes on here.
  useEffect(() => bar.current?.querySelector("button")?.focus(), []);
  return (
    <div className="store-page">
      <div ref={bar} className="store-back">
        <IconButton label={t("back")} onPress={onBack}>
          {dir === "rtl" ? <ArrowRight /> : <ArrowLeft />}
        </IconButton>
      </div>
      {offer.data ? (
        <Detail offer={offer.data} onChanged={offer.reload} />
      ) : offer.problem ? (
        <ErrorState title={t("offerFailed")} onRetry={offer.reload}>
          {offer.problem.message}
        </ErrorState>
      ) : (
        <SkeletonList rows={5} height={72} />
      )}
    </div>
  );
}

function Detail({ offer, onChanged }: { offer: StorePackageDetail; onChanged: () => void }) {
  const t = useT();
  return (
    <>
      <Head offer={offer} onChanged={onChanged} />
      {offer.warnings.map(text => (
        <Notice key={text} level="warning" title={t("lookClosely")}>
          <span dir="auto">{text}</span>
        </Notice>
      ))}
      {offer.screenshots > 0 && <Shots offer={offer} />}
      <div className="store-columns">
        <div className="store-column">
          <Part title={t("about")}>
            <p className="store-about" dir="auto">
              {offer.description}
            </p>
          </Part>
          <Part title={t("permissions")} text={t("permissionsText")}>
            {offer.permissions.length === 0 ? (
              <p className="store-quiet">{t("permissionsNone")}</p>
            ) : (
              <Permissions label={t("permissions")} permissions={offer.permissions} />
            )}
          </Part>
        </div>
        <div className="store-column">
          <Part title={t("versions")}>
            <Versions offer={offer} />
          </Part>
          <Facts offer={offer} />
        </div>
      </div>
    </>
  );
}

function Part({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <section className="store-part" aria-label={title}>
      <h2>{title}</h2>
      {text && <p className="store-part-text">{text}</p>}
      {children}
    </section>
  );
}

function Head({ offer, onChanged }: { offer: StorePackageDetail; onChanged: () => void }) {
  const t = useT();
  const category = useCategoryLabel();
  return (
    <header className="store-head">
      <AppIcon src={offer.icon ?? undefined} name={offer.name} size={88} />
      <div className="store-head-text">
        <h1 dir="auto">{offer.name}</h1>
        <p className="store-head-line">
          <span>{category(offer.category)}</span>
          <Rating tenths={offer.rating} />
          <span>{t("version", { version: offer.version })}</span>
        </p>
        <p className="store-head-line">
          <span className="store-quiet">{t("signedBy")}</span>
          <Publisher did={offer.publisher.did} system={false} />
        </p>
      </div>
      <Actions offer={offer} onChanged={onChanged} />
    </header>
  );
}

/** One main button, for whatever comes next. */
function Actions({ offer, onChanged }: { offer: StorePackageDetail; onChanged: () => void }) {
  const t = useT();
  const os = useOs();
  const { busy, install } = useInstall();
  const { store, app, version, installed } = offer;
  const get = () => void install({ store, app, version }).then(done => done && onChanged());
  if (!installed)
    return (
      <div className="store-actions">
        <Button variant="primary" size="lg" icon={<Download />} isPending={busy} onPress={get}>
          {t("install")}
        </Button>
        <small className="store-quiet">{t("size", { size: offer.size })}</small>
      </div>
    );
  return (
    <div className="store-actions">
      {installed.update && (
        <Button variant="primary" size="lg" icon={<Download />} isPending={busy} onPress={get}>
          {t("updateTo", { version })}
        </Button>
      )}
      <Button
        size="lg"
        variant={installed.update ? "secondary" : "primary"}
        icon={<ExternalLink />}
        onPress={() => os.windows.open(installed.install)}
      >
        {t("open")}
      </Button>
      <RollBack install={installed.install} name={offer.name} onDone={onChanged} />
    </div>
  );
}

function RollBack({ install, name, onDone }: { install: string; name: string; onDone: () => void }) {
  const t = useT();
  const os = useOs();
  const app = useLoad(`installed ${install}`, () => os.apps.get(install));
  const [busy, setBusy] = useState(false);
  const { reload } = app;
  useEffect(
    () => os.apps.onChange(event => event.install === install && event.op === "updated" && reload()),
    [os, install, reload],
  );
  const before = app.data?.previousVersion;
  if (before == null) return null;
  const rollBack = async () => {
    setBusy(true);
    try {
      await os.apps.rollback(install);
      toast({ level: "success", title: t("rolledBack", { app: name, version: before }) });
      onDone();
    } catch (reason) {
      toast({ level: "error", title: t("rollBackFailed"), body: toProblem(reason).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="lg" icon={<History />} isPending={busy} onPress={rollBack}>
      {t("rollBackTo", { version: before })}
    </Button>
  );
}

function Facts({ offer }: { offer: StorePackageDetail }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const stores = useLoad("stores", () => os.store.list());
  const newest = offer.versions[0];
  return (
    <Part title={t("facts")}>
      <KeyValue
        onCopy={text => os.clipboard.writeText(text)}
        items={[
          { label: t("store"), value: stores.data?.find(each => each.id === offer.store)?.name ?? offer.store },
          { label: t("downloadSize"), value: format.bytes(offer.size) },
          { label: t("appId"), value: offer.app, mono: true, copy: offer.app },
          ...(newest
            ? [{ label: t("digest"), value: `${newest.digest.slice(0, 16)}…`, mono: true, copy: newest.digest }]
            : []),
        ]}
      />
    </Part>
  );
}
