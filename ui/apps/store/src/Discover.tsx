import { AppIcon, CATEGORIES, type Category, useCategoryLabel } from "@webx/app-shared";
import { type StorePackage, useLoad, useOs } from "@webx/sdk";
import { Badge, Button, cx, EmptyState, ErrorState, SearchField, Skeleton } from "@webx/ui";
import SearchX from "lucide-react/icons/search-x";
import StoreGlyph from "lucide-react/icons/store";
import { useDeferredValue, useMemo, useState } from "react";
import type { Place } from ".";
import { Rating } from "./Rating";
import { useT } from "./strings";
import { useCatalogue } from "./useCatalogue";

/** Everything the stores offer, to search and to look through. */
export function Discover({ onOpen, onStores }: { onOpen: (place: Place) => void; onStores: () => void }) {
  const t = useT();
  const os = useOs();
  const categoryLabel = useCategoryLabel();
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState<Category>();
  const asked = useDeferredValue(search.trim());
  const catalogue = useCatalogue(asked, category);
  const everything = useCatalogue("", undefined);
  const stores = useLoad("stores", () => os.store.list());
  const there = useMemo(() => {
    const found = new Set(everything.data?.map(each => each.category));
    return CATEGORIES.filter(each => found.has(each));
  }, [everything.data]);
  const names = new Map(stores.data?.map(store => [store.id, store.name]));
  return (
    <div className="store-page">
      <h1 className="wx-visually-hidden">{t("discover")}</h1>
      <div className="store-find">
        <SearchField
          className="store-search"
          aria-label={t("search")}
          placeholder={t("search")}
          value={search}
          onChange={setSearch}
        />
        {there.length > 1 && (
          <fieldset className="store-chips">
            <legend className="wx-visually-hidden">{t("categories")}</legend>
            <Chip on={category === undefined} label={t("all")} onPress={() => setCategory(undefined)} />
            {there.map(each => (
              <Chip
                key={each}
                on={category === each}
                label={categoryLabel(each)}
                onPress={() => setCategory(category === each ? undefined : each)}
              />
            ))}
          </fieldset>
        )}
      </div>
      <Offers
        catalogue={catalogue}
        none={
          stores.data?.length === 0 ? (
            <EmptyState
              icon={<StoreGlyph />}
              title={t("noStores")}
              action={
                <Button variant="primary" onPress={onStores}>
                  {t("addStore")}
                </Button>
              }
            >
              {t("noStoresText")}
            </EmptyState>
          ) : (
            <EmptyState
              icon={<SearchX />}
              title={t("noMatch")}
              action={
                <Button
                  onPress={() => {
                    setSearch("");
                    setCategory(undefined);
                  }}
                >
                  {t("showAll")}
                </Button>
              }
            >
              {t("noMatchText")}
            </EmptyState>
          )
        }
        storeName={(stores.data?.length ?? 0) > 1 ? id => names.get(id) : () => undefined}
        onOpen={onOpen}
      />
    </div>
  );
}

function Chip({ on, label, onPress }: { on: boolean; label: string; onPress: () => void }) {
  return (
    <button type="button" className={cx("store-chip", on && "store-chip-on")} aria-pressed={on} onClick={onPress}>
      {label}
    </button>
  );
}

const WAITING = ["a", "b", "c", "d", "e", "f"];

function Offers({
  catalogue,
  none,
  storeName,
  onOpen,
}: {
  catalogue: ReturnType<typeof useCatalogue>;
  none: React.ReactNode;
  storeName: (id: string) => string | undefined;
  onOpen: (place: Place) => void;
}) {
  const t = useT();
  if (catalogue.problem && !catalogue.data)
    return (
      <ErrorState title={t("searchFailed")} onRetry={catalogue.reload}>
        {catalogue.problem.message}
      </ErrorState>
    );
  if (!catalogue.data)
    return (
      <div className="store-grid" aria-busy="true">
        {WAITING.map(key => (
          <Skeleton key={key} height={132} className="store-card-waiting" />
        ))}
      </div>
    );
  if (catalogue.data.length === 0) return none;
  return (
    <ul className="store-grid" aria-label={t("offers")}>
      {catalogue.data.map(offer => (
        <li key={`${offer.store} ${offer.app}`}>
          <Card offer={offer} from={storeName(offer.store)} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
}

function Card({
  offer,
  from,
  onOpen,
}: {
  offer: StorePackage;
  from: string | undefined;
  onOpen: (place: Place) => void;
}) {
  const t = useT();
  const categoryLabel = useCategoryLabel();
  return (
    <button type="button" className="store-card" onClick={() => onOpen({ store: offer.store, app: offer.app })}>
      <AppIcon src={offer.icon ?? undefined} name={offer.name} size={52} />
      <span className="store-card-text">
        <span className="store-card-name" dir="auto">
          {offer.name}
        </span>
        <span className="store-card-about" dir="auto">
          {offer.description}
        </span>
        <span className="store-card-line">
          <Rating tenths={offer.rating} />
          <span>{categoryLabel(offer.category)}</span>
          {from !== undefined && <span dir="auto">{from}</span>}
          {offer.installed && (
            <Badge tone={offer.installed.update ? "accent" : "success"}>
              {t(offer.installed.update ? "updateReady" : "installed")}
            </Badge>
          )}
        </span>
      </span>
    </button>
  );
}
