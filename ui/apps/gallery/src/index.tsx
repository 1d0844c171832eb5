/** Gallery: every component of @webx/ui in all its states, with the code to copy. */
import { useLaunch, useOs } from "@webx/sdk";
import {
  ACCENTS,
  type AccentName,
  Button,
  CopyButton,
  cx,
  Icon,
  SearchField,
  Segmented,
  Select,
  Switch,
  useLocale,
} from "@webx/ui";
import { useId, useRef, useState } from "react";
import { type ExampleName, exampleOf, GROUPS, type Group } from "./examples";
import { useT } from "./strings";
import "./gallery.css";

const NAMES = Object.keys(GROUPS) as Group[];

type Face = "desktop" | "light" | "dark" | "contrast";

/** How the examples are shown, apart from how the desktop looks. */
interface Look {
  face: Face;
  accent: AccentName | "desktop";
  rtl: boolean;
}

/** What a link looks for: `windows.open("gallery", { find: "Button" })`. */
function findOf(args: unknown): string {
  const find = typeof args === "object" && args !== null && "find" in args ? args.find : "";
  return typeof find === "string" ? find : "";
}

export default function App() {
  const t = useT();
  const { dir } = useLocale();
  const { args } = useLaunch();
  const [search, setSearch] = useState(() => findOf(args));
  const [look, setLook] = useState<Look>({ face: "desktop", accent: "desktop", rtl: dir === "rtl" });
  const page = useRef<HTMLDivElement>(null);
  const asked = search.trim().toLowerCase();
  const shown = NAMES.map(group => ({
    group,
    names: GROUPS[group].filter(name => `${name} ${exampleOf(name).code}`.toLowerCase().includes(asked)),
  })).filter(({ names }) => names.length > 0);
  const go = (name: string) =>
    page.current?.querySelector(`[data-example="${name}"]`)?.scrollIntoView({ block: "start" });
  return (
    <div className="gallery">
      <nav className="gallery-side" aria-label={t("components")}>
        <SearchField aria-label={t("search")} placeholder={t("search")} value={search} onChange={setSearch} />
        {shown.map(({ group, names }) => (
          <div key={group} className="gallery-group">
            <h2>{t(`group_${group}`)}</h2>
            <ul>
              {names.map(name => (
                <li key={name}>
                  <button type="button" onClick={() => go(name)}>
                    {t(`example_${name}`)}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="gallery-page" ref={page}>
        <header className="gallery-head">
          <div className="gallery-title">
            <h1>
              <bdi dir="ltr">@webx/ui</bdi>
            </h1>
            <p>{t("about")}</p>
          </div>
          <Looks look={look} onChange={setLook} />
        </header>
        {shown.length === 0 && <p className="gallery-none">{t("noMatch")}</p>}
        {shown.map(({ group, names }) => names.map(name => <Card key={`${group} ${name}`} name={name} look={look} />))}
      </div>
    </div>
  );
}

function Looks({ look, onChange }: { look: Look; onChange: (look: Look) => void }) {
  const t = useT();
  return (
    <div className="gallery-looks">
      <Segmented<Face>
        label={t("theme")}
        value={look.face}
        onChange={face => onChange({ ...look, face })}
        options={(["desktop", "light", "dark", "contrast"] as const).map(id => ({ id, label: t(`theme_${id}`) }))}
      />
      <Select<AccentName | "desktop">
        aria-label={t("accent")}
        className="gallery-accent"
        value={look.accent}
        onChange={accent => onChange({ ...look, accent })}
        options={[
          { id: "desktop", label: t("accent_desktop") },
          ...ACCENTS.map(id => ({ id, label: t(`accent_${id}`) })),
        ]}
      />
      <Switch isSelected={look.rtl} onChange={rtl => onChange({ ...look, rtl })}>
        {t("rtl")}
      </Switch>
    </div>
  );
}

function Card({ name, look }: { name: ExampleName; look: Look }) {
  const t = useT();
  const os = useOs();
  const title = useId();
  const code = useId();
  const [open, setOpen] = useState(false);
  const { Example, code: text } = exampleOf(name);
  return (
    <section className="gallery-card" aria-labelledby={title} data-example={name}>
      <header>
        <h2 id={title}>{t(`example_${name}`)}</h2>
        <Button
          size="sm"
          variant="ghost"
          icon={<Icon name="code" size={16} />}
          aria-expanded={open}
          aria-controls={open ? code : undefined}
          onPress={() => setOpen(!open)}
        >
          {t(open ? "hideCode" : "showCode")}
        </Button>
      </header>
      <div
        className={cx("gallery-stage", look.face !== "desktop" && "gallery-stage-own")}
        dir={look.rtl ? "rtl" : "ltr"}
        {...(look.face === "desktop" ? {} : { "data-theme": look.face })}
        {...(look.accent === "desktop" ? {} : { "data-accent": look.accent })}
      >
        <Example />
      </div>
      {open && (
        <div id={code} className="gallery-code" dir="ltr">
          <CopyButton text={text} label={t("copyCode")} onCopy={all => os.clipboard.writeText(all)} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it can be scrolled by keyboard */}
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        </div>
      )}
    </section>
  );
}
