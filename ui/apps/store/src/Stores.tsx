import { type Store, toProblem, useLoad, useOs } from "@webx/sdk";
import {
  AlertDialog,
  Badge,
  Button,
  Dialog,
  EmptyState,
  ErrorState,
  IconButton,
  Notice,
  SkeletonList,
  TextField,
  toast,
  useLocale,
} from "@webx/ui";
import Plus from "lucide-react/icons/plus";
import RefreshCw from "lucide-react/icons/refresh-cw";
import StoreGlyph from "lucide-react/icons/store";
import Trash2 from "lucide-react/icons/trash-2";
import { type FormEvent, useState } from "react";
import { useT } from "./strings";

/** Where apps come from: any number of stores, none of them special. */
export function Stores() {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("stores", () => os.store.list());
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const refresh = async () => {
    setBusy(true);
    try {
      await os.store.refresh();
    } catch (reason) {
      toast({ level: "error", title: t("refreshFailed"), body: toProblem(reason).message });
    }
    setBusy(false);
    reload();
  };
  const add = (
    <Button variant="primary" icon={<Plus />} onPress={() => setAdding(true)}>
      {t("addStore")}
    </Button>
  );
  return (
    <div className="store-page store-narrow">
      <div className="store-bar">
        <h1>{t("stores")}</h1>
        {data && data.length > 0 && (
          <>
            <Button icon={<RefreshCw />} isPending={busy} onPress={refresh}>
              {t("refresh")}
            </Button>
            {add}
          </>
        )}
      </div>
      <p className="store-quiet">{t("storesText")}</p>
      {!data && problem && <ErrorState onRetry={reload}>{problem.message}</ErrorState>}
      {!data && !problem && <SkeletonList rows={2} height={88} />}
      {data?.length === 0 && (
        <EmptyState icon={<StoreGlyph />} title={t("noStores")} action={add}>
          {t("noStoresText")}
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <ul className="store-list" aria-label={t("stores")}>
          {data.map(store => (
            <StoreRow key={store.id} store={store} onChange={reload} />
          ))}
        </ul>
      )}
      {adding && (
        <AddStore
          onClose={added => {
            setAdding(false);
            if (added) reload();
          }}
        />
      )}
    </div>
  );
}

function StoreRow({ store, onChange }: { store: Store; onChange: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    try {
      await os.store.remove(store.id);
    } catch (reason) {
      toast({ level: "error", title: t("removeFailed"), body: toProblem(reason).message });
    }
    onChange();
  };
  return (
    <li className="store-row store-store">
      <span className="store-store-icon" aria-hidden="true">
        <StoreGlyph size={22} />
      </span>
      <div className="store-row-text">
        <span className="store-store-name">
          <strong dir="auto">{store.name}</strong>
          <Badge>{t("packages", { count: store.packages })}</Badge>
        </span>
        <small>
          <bdi dir="ltr">{store.location}</bdi>
        </small>
        {store.problem ? (
          <Notice level="warning">
            <span dir="auto">{store.problem}</span>
          </Notice>
        ) : (
          store.refreshedAt && <small>{t("refreshedAt", { at: format.relative(new Date(store.refreshedAt)) })}</small>
        )}
      </div>
      <IconButton label={t("removeStore", { store: store.name })} onPress={() => setAsking(true)}>
        <Trash2 />
      </IconButton>
      <AlertDialog
        title={t("removeStoreTitle", { store: store.name })}
        isOpen={asking}
        onOpenChange={setAsking}
        action={t("remove")}
        onAction={remove}
        danger
      >
        {t("removeStoreText")}
      </AlertDialog>
    </li>
  );
}

function AddStore({ onClose }: { onClose: (added: boolean) => void }) {
  const t = useT();
  const os = useOs();
  const [location, setLocation] = useState("");
  const [fingerprint, setFingerprint] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || location.trim() === "") return;
    setBusy(true);
    setRefused(undefined);
    try {
      const store = await os.store.add(location.trim(), fingerprint.trim() === "" ? undefined : fingerprint.trim());
      toast({ level: "success", title: t("storeAdded", { store: store.name }) });
      onClose(true);
    } catch (reason) {
      setRefused(toProblem(reason).message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("addStore")} isOpen onOpenChange={open => !open && onClose(false)}>
      <form className="store-form" onSubmit={submit}>
        <p>{t("addStoreText")}</p>
        <TextField
          label={t("location")}
          description={t("locationText")}
          placeholder="/home/…/store"
          autoFocus
          autoComplete="off"
          value={location}
          onChange={setLocation}
          error={refused}
        />
        <TextField
          label={t("fingerprint")}
          description={t("fingerprintText")}
          autoComplete="off"
          spellCheck="false"
          value={fingerprint}
          onChange={setFingerprint}
        />
        <div className="store-form-actions">
          <Button onPress={() => onClose(false)}>{t("cancel")}</Button>
          <Button
            type="submit"
            variant="primary"
            isPending={busy}
            {...(location.trim() === "" ? { disabledReason: t("locationMissing") } : {})}
          >
            {t("add")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
