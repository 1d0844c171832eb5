import Check from "lucide-react/icons/check";
import ChevronRight from "lucide-react/icons/chevron-right";
import {
  type ComponentType,
  type MouseEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useRef,
  useState,
} from "react";
import { Header } from "react-aria-components/Header";
import { Keyboard } from "react-aria-components/Keyboard";
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection,
  MenuTrigger,
  SubmenuTrigger,
} from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Separator } from "react-aria-components/Separator";
import { cx } from "../cx";
import "./Menu.css";

export type IconType = ComponentType<{ size?: number; "aria-hidden"?: "true"; className?: string }>;

/** One entry of a menu. */
export type MenuEntry =
  | "separator"
  | {
      id: string;
      label: string;
      icon?: IconType;
      /** The keys that do the same, shown at the end of the line. */
      keys?: string;
      danger?: boolean;
      disabled?: boolean;
      checked?: boolean;
      onAction?: () => void;
      items?: MenuEntry[];
    }
  | { section: string; items: MenuEntry[] };

function entries(items: MenuEntry[]): ReactNode[] {
  return items.map((item, index) => {
    if (item === "separator") {
      // biome-ignore lint/suspicious/noArrayIndexKey: a separator has no identity but its place
      return <Separator key={`separator-${index}`} className="wx-menu-separator" />;
    }
    if ("section" in item) {
      return (
        <MenuSection key={item.section} className="wx-menu-section">
          <Header className="wx-menu-header">{item.section}</Header>
          {entries(item.items)}
        </MenuSection>
      );
    }
    const Icon = item.icon;
    const row = (
      <AriaMenuItem
        key={item.id}
        id={item.id}
        textValue={item.label}
        isDisabled={item.disabled ?? false}
        {...(item.onAction ? { onAction: item.onAction } : {})}
        className={cx("wx-menu-item", item.danger && "wx-menu-item-danger")}
      >
        <span className="wx-menu-icon">
          {item.checked ? <Check size={16} aria-hidden="true" /> : Icon ? <Icon size={16} aria-hidden="true" /> : null}
        </span>
        <span className="wx-menu-label">
          {item.label}
          {item.checked && <span className="wx-visually-hidden"> ✓</span>}
        </span>
        {item.keys && <Keyboard className="wx-menu-keys">{item.keys}</Keyboard>}
        {item.items && <ChevronRight className="wx-menu-more" size={16} aria-hidden="true" />}
      </AriaMenuItem>
    );
    if (!item.items) return row;
    return (
      <SubmenuTrigger key={item.id}>
        {row}
        <Popover className="wx-popover wx-menu-popover">
          <AriaMenu className="wx-menu">{entries(item.items)}</AriaMenu>
        </Popover>
      </SubmenuTrigger>
    );
  });
}

export interface MenuProps {
  /** The button that opens the menu. */
  trigger: ReactElement;
  items: MenuEntry[];
  label?: string;
  placement?: "bottom start" | "bottom end" | "top start" | "top end" | "top" | "bottom";
  onOpenChange?: (open: boolean) => void;
}

export function Menu({ trigger, items, label, placement = "bottom start", onOpenChange }: MenuProps) {
  return (
    <MenuTrigger {...(onOpenChange ? { onOpenChange } : {})}>
      {trigger}
      <Popover className="wx-popover wx-menu-popover" placement={placement} offset={4}>
        <AriaMenu className="wx-menu" {...(label ? { "aria-label": label } : {})}>
          {entries(items)}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface ContextMenuProps {
  /** What the menu is about, for screen readers. */
  label: string;
  /** The entries, asked for at the moment the menu opens. An empty list opens nothing. */
  items: MenuEntry[] | ((target: Element) => MenuEntry[]);
  children: ReactNode;
  className?: string;
}

/** Long presses that a menu further inside has taken. */
const claimed = new WeakSet<Event>();

const LONG_PRESS_MS = 550;
const STILL_PX = 8;

/** Opens a menu where the person right-clicks, presses long, or presses the menu key or Shift+F10. */
export function ContextMenu({ label, items, children, className }: ContextMenuProps) {
  const anchor = useRef<HTMLSpanElement>(null);
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  const [open, setOpen] = useState<{ x: number; y: number; entries: MenuEntry[]; from: Element } | null>(null);

  const openAt = (target: Element, x: number, y: number): boolean => {
    if (target.closest("input, textarea, [contenteditable=true]")) return false;
    const list = typeof items === "function" ? items(target) : items;
    if (list.length === 0) return false;
    setOpen({ x, y, entries: list, from: document.activeElement ?? target });
    return true;
  };

  const onContextMenu = (event: MouseEvent<HTMLElement>) => {
    endPress();
    if (event.defaultPrevented || !(event.target instanceof Element)) return;
    let { clientX: x, clientY: y } = event;
    if (x === 0 && y === 0) {
      // Opened by a key: at the control that has the focus.
      const box = event.target.getBoundingClientRect();
      x = box.left + Math.min(24, box.width / 2);
      y = box.top + Math.min(24, box.height / 2);
    }
    if (openAt(event.target, x, y)) event.preventDefault();
  };

  // Not every browser turns a long press into the event above.
  const endPress = () => {
    clearTimeout(press.current?.timer);
    press.current = null;
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    endPress();
    const { target, clientX: x, clientY: y, nativeEvent } = event;
    if (event.pointerType !== "touch" || !(target instanceof Element) || claimed.has(nativeEvent)) return;
    // The innermost menu answers.
    claimed.add(nativeEvent);
    press.current = { x, y, timer: setTimeout(() => openAt(target, x, y), LONG_PRESS_MS) };
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { current: start } = press;
    if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL_PX) endPress();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the browser's own menu gesture, keyboard included
    <div
      className={cx("wx-context-area", className)}
      onContextMenu={onContextMenu}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={endPress}
      onPointerCancel={endPress}
    >
      {children}
      <span ref={anchor} className="wx-context-anchor" style={open ? { left: open.x, top: open.y } : undefined} />
      {open && (
        <Popover
          className="wx-popover wx-menu-popover"
          aria-label={label}
          triggerRef={anchor}
          placement="bottom start"
          offset={0}
          isOpen
          onOpenChange={isOpen => {
            if (isOpen) return;
            setOpen(null);
            if (open.from instanceof HTMLElement) open.from.focus({ preventScroll: true });
          }}
        >
          <AriaMenu className="wx-menu" aria-label={label} autoFocus="first" onClose={() => setOpen(null)}>
            {entries(open.entries)}
          </AriaMenu>
        </Popover>
      )}
    </div>
  );
}
