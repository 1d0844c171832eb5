/**
 * `@webx/ui`: the design system of the desktop and of its apps.
 * Components stand on React Aria; their look comes from `tokens.css` alone.
 */
import "./tokens.css";
import "./base.css";

export * from "./components/Avatar";
export * from "./components/Breadcrumbs";
export * from "./components/Button";
export * from "./components/Checkbox";
export * from "./components/Collections";
export * from "./components/Dialog";
export * from "./components/DragAndDrop";
export * from "./components/FileIcon";
export * from "./components/KeyValue";
export * from "./components/Menu";
export * from "./components/Progress";
export * from "./components/Select";
export * from "./components/Sheet";
export * from "./components/Slider";
export * from "./components/Spinner";
export * from "./components/SplitView";
export * from "./components/States";
export * from "./components/Tabs";
export * from "./components/TextField";
export * from "./components/Toast";
export * from "./components/Toolbar";
export * from "./components/Tooltip";
export * from "./cx";
export * from "./i18n";
export * from "./icons";
export * from "./passphrase";
export * from "./qr/QrCode";
export * from "./wallpapers";
