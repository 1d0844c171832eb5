/**
 * `@webx/ui`: the design system of the desktop and of its apps.
 * Components stand on React Aria; their look comes from `tokens.css` alone.
 */
import "./tokens.css";
import "./base.css";

export * from "./components/Button";
export * from "./components/Dialog";
export * from "./components/Menu";
export * from "./components/Spinner";
export * from "./components/TextField";
export * from "./components/Tooltip";
export * from "./cx";
export * from "./i18n";
