import { catalogue } from "./i18n";
import ar from "./locales/ar.json";
import de from "./locales/de.json";
import en from "./locales/en.json";

/** The kit's own few texts; part of the bundle, so that no component waits. */
export const useKitText = catalogue({ en, de, ar });
