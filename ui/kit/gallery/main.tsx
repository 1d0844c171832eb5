import Bell from "lucide-react/icons/bell";
import Copy from "lucide-react/icons/copy";
import Folder from "lucide-react/icons/folder";
import Grid from "lucide-react/icons/layout-grid";
import ListIcon from "lucide-react/icons/list";
import Pencil from "lucide-react/icons/pencil";
import Plus from "lucide-react/icons/plus";
import Trash from "lucide-react/icons/trash-2";
import { type ReactNode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import * as ui from "../src";
import "../src/tokens.css";
import "../src/base.css";
import "./gallery.css";

const themes = ["light", "dark", "contrast"] as const;
type Theme = (typeof themes)[number];
const wish = new URLSearchParams(location.search);

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="gallery-card" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

const menu: ui.MenuEntry[] = [
  { id: "open", label: "Open", icon: Folder, keys: "Enter" },
  { id: "copy", label: "Copy", icon: Copy, keys: "Ctrl+C" },
  { id: "rename", label: "Rename", icon: Pencil, disabled: true },
  {
    id: "more",
    label: "Sort by",
    items: [
      { id: "name", label: "Name", checked: true },
      { id: "size", label: "Size" },
    ],
  },
  "separator",
  { id: "trash", label: "Move to trash", icon: Trash, danger: true },
];
const people = Array.from({ length: 500 }, (_, n) => ({ id: `${n}`, name: `Person ${n + 1}`, files: (n * 37) % 900 }));

function Gallery() {
  const [theme, setTheme] = useState<Theme>(themes.find(each => each === wish.get("theme")) ?? "light");
  const [locale, setLocale] = useState<ui.Locale>(ui.LOCALES.find(each => each === wish.get("lang")) ?? "en");
  const [accent, setAccent] = useState<ui.AccentName>("indigo");
  const [view, setView] = useState<"list" | "grid">("list");
  const [volume, setVolume] = useState(40);
  const [sheet, setSheet] = useState(false);
  const [alert, setAlert] = useState(false);
  const [sort, setSort] = useState<ui.SortDescriptor>({ column: "name", direction: "ascending" });
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.accent = accent;
  }, [theme, accent]);
  return (
    <ui.LocaleProvider locale={locale} root={document.documentElement}>
      <main className="gallery">
        <header className="gallery-head">
          <h1>@webx/ui</h1>
          <ui.Segmented
            label="Theme"
            options={themes.map(id => ({ id, label: id }))}
            value={theme}
            onChange={setTheme}
          />
          <ui.Segmented
            label="Language"
            options={ui.LOCALES.map(id => ({ id, label: ui.LOCALE_NAMES[id] }))}
            value={locale}
            onChange={setLocale}
          />
          <ui.Select
            aria-label="Accent"
            options={ui.ACCENTS.map(id => ({ id, label: id }))}
            value={accent}
            onChange={setAccent}
          />
        </header>
        <div className="gallery-grid">
          <Card title="Buttons">
            <div className="gallery-row">
              <ui.Button variant="primary" icon={<Plus />}>
                Primary
              </ui.Button>
              <ui.Button>Secondary</ui.Button>
              <ui.Button variant="ghost">Ghost</ui.Button>
              <ui.Button variant="danger">Danger</ui.Button>
              <ui.Button disabledReason="Choose a file first">Disabled</ui.Button>
              <ui.Button isPending>Working</ui.Button>
            </div>
            <div className="gallery-row">
              <ui.Button size="sm">Small</ui.Button>
              <ui.Button size="lg">Large</ui.Button>
              <ui.IconButton label="Notifications">
                <Bell />
              </ui.IconButton>
            </div>
          </Card>
          <Card title="Fields">
            <ui.TextField label="Name" description="As others see it" defaultValue="Ada" />
            <ui.TextField label="Folder" error="This name is taken" defaultValue="Photos" />
            <ui.PasswordField label="Passphrase" />
            <ui.SearchField placeholder="Search names" />
            <ui.TextField label="Note" rows={3} placeholder="Several lines" />
          </Card>
          <Card title="Choices">
            <ui.Checkbox defaultSelected>Remember this device</ui.Checkbox>
            <ui.Checkbox isIndeterminate>Some of them</ui.Checkbox>
            <ui.Switch defaultSelected wide description="Windows appear without movement">
              Reduce motion
            </ui.Switch>
            <ui.RadioGroup
              label="Lock"
              cards
              value="ten"
              onChange={() => undefined}
              options={[
                { id: "ten", label: "After ten minutes", description: "Recommended" },
                { id: "never", label: "Never" },
              ]}
            />
            <ui.Slider label="Volume" value={volume} onChange={setVolume} />
          </Card>
          <Card title="Menus and panels">
            <div className="gallery-row">
              <ui.Menu label="File" trigger={<ui.Button>Menu</ui.Button>} items={menu} />
              <ui.Dialog
                title="Rename"
                trigger={<ui.Button>Dialog</ui.Button>}
                footer={close => (
                  <>
                    <ui.Button onPress={close}>Cancel</ui.Button>
                    <ui.Button variant="primary" onPress={close}>
                      Rename
                    </ui.Button>
                  </>
                )}
              >
                <ui.TextField label="Name" defaultValue="Photos" />
              </ui.Dialog>
              <ui.Button onPress={() => setAlert(true)}>Question</ui.Button>
              <ui.Button onPress={() => setSheet(true)}>Sheet</ui.Button>
              <ui.Button
                onPress={() =>
                  ui.toast({ title: "Moved to trash", action: { label: "Undo", onAction: () => undefined } })
                }
              >
                Toast
              </ui.Button>
              <ui.Tooltip text="Explains">
                <ui.Button>Tooltip</ui.Button>
              </ui.Tooltip>
            </div>
            <ui.ContextMenu label="Card" items={menu}>
              <p>Right-click here, or press Shift+F10 on a control.</p>
            </ui.ContextMenu>
            <ui.AlertDialog
              title="Empty the trash?"
              action="Empty"
              danger
              isOpen={alert}
              onOpenChange={setAlert}
              onAction={() => undefined}
            >
              12 things are deleted for ever.
            </ui.AlertDialog>
            <ui.Sheet title="Details" isOpen={sheet} onOpenChange={setSheet}>
              <p>A panel at the side.</p>
            </ui.Sheet>
          </Card>
          <Card title="Navigation">
            <ui.Toolbar label="View">
              <ui.IconButton label="New folder">
                <Plus />
              </ui.IconButton>
              <ui.ToolbarSeparator />
              <ui.Segmented
                label="Layout"
                iconsOnly
                value={view}
                onChange={setView}
                options={[
                  { id: "list", label: "List", icon: <ListIcon /> },
                  { id: "grid", label: "Grid", icon: <Grid /> },
                ]}
              />
            </ui.Toolbar>
            <ui.Breadcrumbs
              label="Path"
              onAction={() => undefined}
              items={[
                { id: "r", label: "Drive" },
                { id: "p", label: "Pictures" },
                { id: "s", label: "Summer" },
              ]}
            />
            <ui.Tabs
              label="Details"
              items={[
                { id: "info", label: "Info", content: <p>About this file.</p> },
                { id: "versions", label: "Versions", content: <p>Earlier ones.</p> },
              ]}
            />
          </Card>
          <Card title="States">
            <ui.ProgressBar label="Uploading 3 files" value={42} valueText="12 MB/s" />
            <ui.ProgressBar label="Checking" />
            <ui.Meter label="Storage" value={92} max={100} valueText="92 of 100 GB" />
            <div className="gallery-row">
              <ui.Avatar name="Ada Lovelace" />
              <ui.Badge>Neutral</ui.Badge>
              <ui.Badge tone="accent">New</ui.Badge>
              <ui.Badge tone="success">Confirmed</ui.Badge>
              <ui.Badge tone="warning">Due</ui.Badge>
              <ui.Badge tone="danger">Failed</ui.Badge>
              <ui.Spinner />
            </div>
            <ui.Notice title="For your eyes only">Nobody else can read this.</ui.Notice>
            <ui.Notice level="success">All blocks are sound.</ui.Notice>
            <ui.Notice level="warning">Your words are not confirmed yet.</ui.Notice>
            <ui.Notice level="error">One block is damaged.</ui.Notice>
          </Card>
          <Card title="Empty">
            <ui.EmptyState
              icon={<Folder />}
              title="No files yet"
              action={<ui.Button variant="primary">Upload</ui.Button>}
            >
              Drop files here, or choose them.
            </ui.EmptyState>
          </Card>
          <Card title="Error">
            <ui.ErrorState onRetry={() => undefined}>The node does not answer.</ui.ErrorState>
          </Card>
          <Card title="Loading">
            <ui.SkeletonList rows={4} />
          </Card>
          <Card title="Facts">
            <ui.KeyValue
              onCopy={() => undefined}
              items={[
                { label: "DID", value: "did:scid:vh:1:QmYx…", mono: true, copy: "did:scid:vh:1:QmYx" },
                { label: "Since", value: "22 November 2026" },
              ]}
            />
            <div className="gallery-row">
              {["a.jpg", "b.mp4", "c.flac", "d.txt", "e.pdf", "f.zip", "g.rs", "h.csv", "i"].map(name => (
                <ui.FileIcon key={name} name={name} size={28} />
              ))}
              <ui.FileIcon name="Folder" kind="folder" size={28} />
            </div>
          </Card>
          <Card title="Table">
            <div className="gallery-tall">
              <ui.Table
                label="People"
                selectionMode="multiple"
                sort={sort}
                onSortChange={setSort}
                rows={people}
                columns={[
                  { id: "name", label: "Name", isRowHeader: true, sortable: true, cell: row => row.name },
                  { id: "files", label: "Files", sortable: true, align: "end", width: 100, cell: row => row.files },
                ]}
              />
            </div>
          </Card>
          <Card title="List">
            <div className="gallery-tall">
              <ui.List label="People" selectionMode="multiple" items={people} textValue={each => each.name}>
                {each => (
                  <>
                    <ui.Avatar name={each.name} size={28} /> {each.name}
                  </>
                )}
              </ui.List>
            </div>
          </Card>
          <Card title="Split">
            <div className="gallery-tall">
              <ui.SplitView side={<p>Side</p>} initial={120} min={80} max={200}>
                <p>Main</p>
              </ui.SplitView>
            </div>
          </Card>
          <Card title="Wallpapers">
            <div className="gallery-walls">
              {ui.WALLPAPERS.map(name => (
                <div key={name} className="gallery-wall">
                  <ui.Wallpaper name={name} />
                </div>
              ))}
            </div>
          </Card>
        </div>
      </main>
      <ui.Toasts />
    </ui.LocaleProvider>
  );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<Gallery />);
