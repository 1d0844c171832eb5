import { type RefObject, useLayoutEffect, useRef } from "react";
import { useSlots } from "./frames/slots";
import { usePhone } from "./phone";
import { useText } from "./strings";
import { WindowFrame } from "./WindowFrame";
import { zoneRect } from "./wm/geometry";
import { dispatch, useGesture, useWm } from "./wm/store";
import "./WindowLayer.css";

/** All windows: their place in the document never changes, only their height does. A frame that moved would start anew. */
export function WindowLayer() {
  const layer = useRef<HTMLDivElement>(null);
  const phone = usePhone();
  useArea(layer, phone);
  const slots = useSlots(state => state.slots);
  const ids = useWm(state => Object.keys(state.windows).join(" "));
  const served = new Set(slots.map(slot => slot.window));
  const others = ids.split(" ").filter(id => id && !served.has(id));
  const dragging = useGesture(state => state.dragging);
  return (
    <div ref={layer} className="windows" data-dragging={dragging || undefined}>
      <SnapPreview />
      {slots.map(slot => (
        <WindowFrame key={slot.id} id={slot.window} slot={slot} phone={phone} layer={layer} />
      ))}
      {others.map(id => (
        <WindowFrame key={id} id={id} phone={phone} layer={layer} />
      ))}
      <ModeHint />
    </div>
  );
}

function useArea(layer: RefObject<HTMLDivElement | null>, phone: boolean) {
  useLayoutEffect(() => {
    const element = layer.current;
    if (!element || phone) return;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      if (width > 0 && height > 0) dispatch({ type: "area", area: { w: Math.round(width), h: Math.round(height) } });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [layer, phone]);
}

function SnapPreview() {
  const preview = useGesture(state => state.preview);
  const area = useWm(state => state.area);
  if (!preview) return null;
  const { x, y, w, h } = zoneRect(preview, area);
  return (
    <div
      className="snap-preview"
      style={{ transform: `translate(${x}px, ${y}px)`, width: w, height: h }}
      aria-hidden="true"
    />
  );
}

/** Says which keys work while a window is moved or resized. */
function ModeHint() {
  const t = useText();
  const mode = useGesture(state => state.mode);
  return (
    <div className="wx-visually-hidden" role="status">
      {mode && t(mode.kind === "move" ? "moveHint" : "resizeHint")}
    </div>
  );
}
