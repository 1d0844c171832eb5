import { type StorePackageDetail, useLoad, useOs } from "@webx/sdk";
import { Dialog, Skeleton } from "@webx/ui";
import ImageOff from "lucide-react/icons/image-off";
import { useEffect, useState } from "react";
import { useT } from "../strings";

/** Pictures of the app, side by side; each opens large. */
export function Shots({ offer }: { offer: StorePackageDetail }) {
  const t = useT();
  const [open, setOpen] = useState<number>();
  const numbers = Array.from({ length: offer.screenshots }, (_, index) => index);
  return (
    <section className="store-shots" aria-label={t("screenshots")}>
      {numbers.map(index => (
        <button
          key={index}
          type="button"
          className="store-shot"
          aria-label={t("screenshotOf", { number: index + 1, of: offer.screenshots })}
          onClick={() => setOpen(index)}
        >
          <Shot offer={offer} index={index} />
        </button>
      ))}
      <Dialog
        title={t("screenshotOf", { number: (open ?? 0) + 1, of: offer.screenshots })}
        isOpen={open !== undefined}
        onOpenChange={next => !next && setOpen(undefined)}
        className="store-shot-dialog"
      >
        {open !== undefined && <Shot offer={offer} index={open} />}
      </Dialog>
    </section>
  );
}

function Shot({ offer: { store, app, version }, index }: { offer: StorePackageDetail; index: number }) {
  const os = useOs();
  const picture = useLoad(`shot ${store} ${app} ${version} ${index}`, () => os.store.screenshot(store, app, index));
  const [address, setAddress] = useState<string>();
  const { data } = picture;
  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  if (picture.problem) return <ImageOff size={28} aria-hidden="true" />;
  if (address === undefined) return <Skeleton width="100%" height="100%" />;
  return <img src={address} alt="" draggable={false} />;
}
