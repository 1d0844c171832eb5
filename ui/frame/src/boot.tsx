/** The first script of a frame: waits for an app, draws it, and tells the desktop how it goes. */
import "./seal";
import "@webx/ui/tokens.css";
import "@webx/ui/base.css";
import { AppProvider, createOs, type Launch, type Locale, type Os } from "@webx/sdk";
import { LocaleProvider, SkeletonList, Toasts } from "@webx/ui";
import { Component, type ComponentType, type ReactNode, Suspense, startTransition, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { applyLook } from "./look";
import { connectFrame, type FrameBoot, type FramePort } from "./port";
import { warmUp } from "./warm";
import "./frame.css";

let port: FramePort | undefined;
let done = false;

/** Told once: the desktop takes the frame away. */
function crashed(reason: unknown): void {
  if (done) return;
  done = true;
  const error = reason instanceof Error ? reason : new Error(String(reason));
  port?.hint({ hint: "crashed", message: `${error.name}: ${error.message}`, stack: error.stack ?? "" });
}

/** What apps import by name is there before one comes: an app that opens finds everything evaluated. */
const SHARED = ["react", "react/jsx-runtime", "react-dom", "react-dom/client", "@webx/ui", "@webx/sdk"];

async function run(root: ReturnType<typeof createRoot>): Promise<void> {
  try {
    await Promise.all(SHARED.map(name => import(/* @vite-ignore */ name)));
    warmUp();
    const mine = await connectFrame();
    port = mine;
    const started = mine.boot.then(async boot => {
      applyLook(boot.theme);
      document.title = boot.name;
      addStyle(boot.style);
      const App = await load(boot.code ?? "");
      return { App, boot, os: createOs(mine.transport) };
    });
    started.catch(crashed);
    root.render(<Frame port={mine} started={started} />);
  } catch (reason) {
    crashed(reason);
  }
}

function addStyle(text: string | undefined): void {
  if (!text) return;
  const style = document.createElement("style");
  style.textContent = text;
  document.head.append(style);
}

/** The app is a module whose only addresses are those of the import map; there is nothing else it could load. */
async function load(code: string): Promise<ComponentType> {
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    const module = (await import(/* @vite-ignore */ address)) as { default?: unknown };
    if (typeof module.default !== "function") throw new TypeError("The app has no default export that is a component");
    return module.default as ComponentType;
  } finally {
    URL.revokeObjectURL(address);
  }
}

interface Started {
  App: ComponentType;
  boot: FrameBoot;
  os: Os;
}

/**
 * All that stands around an app, drawn while the frame waits. The app comes in a transition: as long as it loads its
 * texts nothing is shown in its place, so that there is one first picture and not two.
 */
function Frame({ port, started }: { port: FramePort; started: Promise<Started> }) {
  const [app, setApp] = useState<Started>();
  const [language, setLanguage] = useState<Locale["language"]>("en");
  const [launch, setLaunch] = useState<Launch>({});
  useEffect(() => {
    started.then(
      next =>
        startTransition(() => {
          setLanguage(next.boot.locale);
          setLaunch({ args: next.boot.args });
          setApp(next);
        }),
      () => undefined,
    );
  }, [started]);
  useEffect(() => port.onLocale(locale => startTransition(() => setLanguage(locale.language))), [port]);
  useEffect(() => port.onTheme(applyLook), [port]);
  useEffect(() => port.onLaunch(setLaunch), [port]);
  return (
    <LocaleProvider locale={language} root={document.documentElement}>
      <Boundary>
        <Suspense fallback={<SkeletonList />}>
          {app && (
            <>
              <AppProvider os={app.os} launch={launch}>
                <app.App />
              </AppProvider>
              <Shown tell={() => port.hint({ hint: "booted" })} />
            </>
          )}
        </Suspense>
      </Boundary>
      <Toasts of={app?.boot.name} />
    </LocaleProvider>
  );
}

/** Says that the first picture of the app is there. */
function Shown({ tell }: { tell: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(tell, []);
  return null;
}

/** An app that breaks while it is drawn shows nothing any more; the desktop says so and offers to start it again. */
class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? null : this.props.children;
  }
}

const place = document.getElementById("root");
if (place) void run(createRoot(place, { onUncaughtError: crashed, onCaughtError: crashed }));
