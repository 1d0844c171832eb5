import { catalogue } from "@webx/ui";
import ar from "./locales/ar.json";
import de from "./locales/de.json";
import en from "./locales/en.json";

/** The few texts that must be there before anything else is. */
export const useBootText = catalogue({ en, de, ar });
