import "@webx/ui/tokens.css";
import "@webx/ui/base.css";
import { createRoot } from "react-dom/client";
import { startAppearance } from "./appearance";
import { Root } from "./Root";

startAppearance();
const root = document.getElementById("root");
if (root) createRoot(root).render(<Root />);
