/** Stands in for a view of the desktop: the app of the arguments, as a component of this page. */
import { AppProvider, createOs, localTransport } from "@webx/sdk";
import { type ComponentType, startTransition, useEffect, useState } from "react";
import { calls, subscribe } from "../demo/session";

const os = createOs(localTransport(calls, subscribe));
const texts = new Map<string, Promise<string>>();

function text(id: string, path: string): Promise<string> {
  const name = `${id}/${path}`;
  const known = texts.get(name) ?? calls.packages.file(`install-${id}`, path).then(file => file.text());
  texts.set(name, known);
  return known;
}

function Shown() {
  useEffect(() => {
    document.body.dataset.here = String(Number(document.body.dataset.here ?? 0) + 1);
  }, []);
  return null;
}

export default function Here({ args }: { args?: unknown }) {
  const id = String((args as { id?: unknown } | undefined)?.id ?? "");
  const [App, setApp] = useState<ComponentType>();
  useEffect(() => {
    let gone = false;
    const sheet = document.createElement("style");
    const start = async () => {
      const [code, style] = await Promise.all([text(id, "app.js"), text(id, "app.css")]);
      if (gone) return;
      sheet.textContent = style;
      document.head.append(sheet);
      const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      const module = (await import(/* @vite-ignore */ address)) as { default: ComponentType };
      URL.revokeObjectURL(address);
      startTransition(() => setApp(() => module.default));
    };
    void start();
    return () => {
      gone = true;
      sheet.remove();
    };
  }, [id]);
  if (!App) return null;
  return (
    <AppProvider os={os} launch={{ args: undefined }}>
      <App />
      <Shown />
    </AppProvider>
  );
}
