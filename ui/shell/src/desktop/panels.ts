import { create } from "zustand";

/** What the desktop shows over the windows. At most one at a time. */
export type Panel = "launcher" | "notifications" | "shortcuts" | "switcher" | null;

export const usePanel = create<{ panel: Panel }>(() => ({ panel: null }));
export const showPanel = (panel: Panel): void => usePanel.setState({ panel });
export const togglePanel = (panel: Exclude<Panel, null>): void =>
  usePanel.setState(state => ({ panel: state.panel === panel ? null : panel }));
