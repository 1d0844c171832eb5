import { useOs } from "@webx/sdk";
import { useEffect, useState } from "react";
import "./shared.css";

/** An app's picture, or its first letter while there is none. */
export function AppIcon({ src, name, size = 40 }: { src: string | undefined; name: string; size?: number }) {
  const [broken, setBroken] = useState<string>();
  return (
    <span className="app-icon" style={{ inlineSize: size, blockSize: size, fontSize: size * 0.45 }} aria-hidden="true">
      {src !== undefined && src !== broken ? (
        <img src={src} alt="" width={size} height={size} draggable={false} onError={() => setBroken(src)} />
      ) : (
        ([...name][0]?.toLocaleUpperCase() ?? "")
      )}
    </span>
  );
}

/** Addresses stay as long as the window: icons are few and small. */
const known = new Map<string, Promise<string>>();

/** The picture in the package of an installed app. */
export function InstalledIcon({
  app,
  size,
}: {
  app: { install: string; version: string; name: string };
  size?: number;
}) {
  const os = useOs();
  const { install, version, name } = app;
  const [src, setSrc] = useState<string>();
  useEffect(() => {
    const key = `${install} ${version}`;
    let gone = false;
    let address = known.get(key);
    if (address === undefined) {
      address = os.apps.icon(install).then(icon => URL.createObjectURL(icon));
      known.set(key, address);
      address.catch(() => known.delete(key));
    }
    address.then(
      made => {
        if (!gone) setSrc(made);
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [os, install, version]);
  return <AppIcon src={src} name={name} {...(size === undefined ? {} : { size })} />;
}
