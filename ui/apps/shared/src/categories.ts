import { type T, useT } from "./strings";

/** In this order a store lists them. */
export const CATEGORIES = [
  "productivity",
  "communication",
  "media",
  "developer",
  "finance",
  "network",
  "games",
  "education",
  "system",
  "other",
] as const;
export type Category = (typeof CATEGORIES)[number];

const label = (t: T, category: string): string =>
  t(`category_${CATEGORIES.find(each => each === category) ?? "other"}`);

/** The name of a category for people. */
export function useCategoryLabel(): (category: string) => string {
  const t = useT();
  return category => label(t, category);
}
