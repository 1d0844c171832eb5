import { Button, IconButton, Menu, type MenuEntry, SearchField, Segmented, Toolbar, useLocale } from "@webx/ui";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import ArrowUp from "lucide-react/icons/arrow-up";
import ArrowUpDown from "lucide-react/icons/arrow-up-down";
import Info from "lucide-react/icons/info";
import LayoutGrid from "lucide-react/icons/layout-grid";
import ListIcon from "lucide-react/icons/list";
import PanelLeft from "lucide-react/icons/panel-left";
import Plus from "lucide-react/icons/plus";
import Trash2 from "lucide-react/icons/trash-2";
import { type Dispatch, type Ref, type SetStateAction, useEffect, useRef, useState } from "react";
import { type Commands, newEntries } from "./menus";
import { canGoBack, canGoForward, type Place, step, type Trail, visit } from "./model/place";
import { PathBar } from "./panels/PathBar";
import type { Preferences } from "./state/usePreferences";
import { type Key, useT } from "./strings";

const SEARCH_PAUSE = 250;
const SORTS = ["name", "modified", "size", "kind"] as const;

interface BarProps {
  trail: Trail;
  onTrail: Dispatch<SetStateAction<Trail>>;
  onUp: () => void;
  place: Place;
  /** Nothing lies above. */
  root: boolean;
  preferences: Preferences;
  onPreferences: (change: Partial<Preferences>) => void;
  commands: Commands;
  narrow: boolean;
  searchInput: Ref<HTMLInputElement>;
  editingPath: boolean;
  onEditingPath: (editing: boolean) => void;
  sideOpen: boolean;
  onSide: () => void;
}

/** The controls above the entries. */
export function Bar(props: BarProps) {
  const { trail, onTrail, place, preferences, onPreferences, commands, narrow } = props;
  const t = useT();
  const { dir } = useLocale();
  const { sort } = preferences;
  const [Back, Forward] = dir === "rtl" ? [ArrowRight, ArrowLeft] : [ArrowLeft, ArrowRight];

  const sortEntries: MenuEntry[] = [
    ...SORTS.map(key => ({
      id: key,
      label: t(`column.${key}` as Key),
      checked: sort.key === key,
      onAction: () => onPreferences({ sort: { key, descending: sort.key === key ? !sort.descending : false } }),
    })),
    "separator",
    {
      id: "up",
      label: t("ascending"),
      checked: !sort.descending,
      onAction: () => onPreferences({ sort: { ...sort, descending: false } }),
    },
    {
      id: "down",
      label: t("descending"),
      checked: sort.descending,
      onAction: () => onPreferences({ sort: { ...sort, descending: true } }),
    },
  ];

  return (
    <div className="fx-bar">
      <Toolbar label={t("navigation")} className="fx-bar-go">
        {narrow && (
          <IconButton label={t("places")} aria-expanded={props.sideOpen} onPress={props.onSide}>
            <PanelLeft />
          </IconButton>
        )}
        <IconButton label={t("back")} isDisabled={!canGoBack(trail)} onPress={() => onTrail(old => step(old, -1))}>
          <Back />
        </IconButton>
        {!narrow && (
          <IconButton
            label={t("forward")}
            isDisabled={!canGoForward(trail)}
            onPress={() => onTrail(old => step(old, 1))}
          >
            <Forward />
          </IconButton>
        )}
        {!narrow && (
          <IconButton label={t("up")} isDisabled={props.root} onPress={props.onUp}>
            <ArrowUp />
          </IconButton>
        )}
      </Toolbar>
      <PathBar place={place} editing={props.editingPath} onEditing={props.onEditingPath} />
      <Search trail={trail} onTrail={onTrail} place={place} narrow={narrow} input={props.searchInput} />
      <Toolbar label={t("view")} className="fx-bar-view">
        {place.kind === "folder" && (
          <Menu
            label={t("new")}
            placement="bottom end"
            trigger={
              narrow ? (
                <IconButton label={t("new")} variant="primary">
                  <Plus />
                </IconButton>
              ) : (
                <Button variant="primary" icon={<Plus />}>
                  {t("new")}
                </Button>
              )
            }
            items={newEntries(t, commands)}
          />
        )}
        {place.kind === "trash" && (
          <Button variant="danger" icon={<Trash2 />} onPress={commands.emptyTrash}>
            {t("emptyTrash")}
          </Button>
        )}
        <Segmented
          label={t("layout")}
          iconsOnly
          value={preferences.layout}
          onChange={layout => onPreferences({ layout })}
          options={[
            { id: "list", label: t("layoutList"), icon: <ListIcon /> },
            { id: "grid", label: t("layoutGrid"), icon: <LayoutGrid /> },
          ]}
        />
        <Menu
          label={t("sort")}
          placement="bottom end"
          trigger={
            <IconButton label={t("sort")}>
              <ArrowUpDown />
            </IconButton>
          }
          items={sortEntries}
        />
        {!narrow && place.kind !== "trash" && (
          <IconButton
            label={t("details")}
            aria-pressed={preferences.details}
            onPress={() => onPreferences({ details: !preferences.details })}
          >
            <Info />
          </IconButton>
        )}
      </Toolbar>
    </div>
  );
}

/** Searches a moment after the last key. An empty field goes back to where the search began. */
function Search({
  trail,
  onTrail,
  place,
  narrow,
  input,
}: Pick<BarProps, "trail" | "onTrail" | "place" | "narrow"> & { input: Ref<HTMLInputElement> }) {
  const t = useT();
  const query = place.kind === "search" ? place.query : "";
  const [value, setValue] = useState(query);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const kind = place.kind;
  useEffect(() => {
    if (kind !== "search") setValue("");
  }, [kind]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const find = (text: string) => {
    clearTimeout(timer.current);
    if (text.trim() !== "") onTrail(old => visit(old, { kind: "search", query: text.trim() }));
    else if (place.kind === "search" && canGoBack(trail)) onTrail(old => step(old, -1));
  };
  return (
    <SearchField
      className="fx-search"
      inputRef={input}
      aria-label={t("searchPlaceholder")}
      {...(narrow ? {} : { placeholder: t("searchPlaceholder") })}
      value={value}
      onChange={text => {
        setValue(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => find(text), SEARCH_PAUSE);
      }}
      onSubmit={find}
      onClear={() => find("")}
    />
  );
}
