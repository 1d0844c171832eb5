import { type PointerEvent, type RefObject, useMemo } from "react";
import { type Edge, type Rect, resize, type Zone, zoneAt } from "./wm/geometry";
import { boundsOf } from "./wm/reducer";
import { dispatch, useGesture, useWm } from "./wm/store";

const THRESHOLD = 4;

interface Start {
  x: number;
  y: number;
  rect: Rect;
  zone: Zone | null;
  free: Rect;
  moved: boolean;
}

/** Moving by the title bar and resizing by the edges, with the pointer. Escape takes it back. */
export function useWindowDrag(id: string, layer: RefObject<HTMLDivElement | null>) {
  return useMemo(() => {
    let start: Start | null = null;

    const begin = (event: PointerEvent<HTMLElement>) => {
      const window = useWm.getState().windows[id];
      if (event.button !== 0 || !window) return;
      if (event.target instanceof Element && event.target.closest("button, input, a")) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start = {
        x: event.clientX,
        y: event.clientY,
        rect: boundsOf(window, useWm.getState()),
        zone: window.zone,
        free: window.rect,
        moved: false,
      };
      document.addEventListener("keydown", cancel, true);
    };

    const end = () => {
      start = null;
      document.removeEventListener("keydown", cancel, true);
      useGesture.setState({ dragging: false, preview: null });
    };

    const cancel = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !start) return;
      event.preventDefault();
      event.stopPropagation();
      dispatch({ type: "place", id, rect: start.free });
      if (start.zone) dispatch({ type: "snap", id, zone: start.zone });
      end();
    };

    /** How far the pointer went, once it went far enough to mean it. */
    const distance = (event: PointerEvent<HTMLElement>) => {
      if (!start) return null;
      const dx = event.clientX - start.x;
      const dy = event.clientY - start.y;
      if (!start.moved && Math.hypot(dx, dy) < THRESHOLD) return null;
      if (!start.moved) {
        start.moved = true;
        useGesture.setState({ dragging: true });
        if (start.zone) {
          // A snapped window becomes free under the pointer, which keeps its share of the title bar.
          const share = (start.x - (layer.current?.getBoundingClientRect().left ?? 0) - start.rect.x) / start.rect.w;
          start.rect = {
            ...start.free,
            x: start.rect.x + share * (start.rect.w - start.free.w),
            y: start.rect.y,
          };
        }
      }
      return { dx, dy };
    };

    const bar = {
      onPointerDown: begin,
      onPointerMove: (event: PointerEvent<HTMLElement>) => {
        const way = distance(event);
        const box = layer.current?.getBoundingClientRect();
        if (!way || !start || !box) return;
        dispatch({ type: "place", id, rect: { ...start.rect, x: start.rect.x + way.dx, y: start.rect.y + way.dy } });
        const preview = zoneAt(event.clientX - box.left, event.clientY - box.top, useWm.getState().area);
        if (preview !== useGesture.getState().preview) useGesture.setState({ preview });
      },
      onPointerUp: () => {
        const { preview } = useGesture.getState();
        if (start?.moved && preview) {
          // Where it came from, not where the pointer left it at the edge.
          dispatch({ type: "place", id, rect: start.zone ? start.free : start.rect });
          dispatch({ type: "snap", id, zone: preview });
        }
        end();
      },
      onPointerCancel: end,
      onDoubleClick: (event: { target: EventTarget }) => {
        if (event.target instanceof Element && event.target.closest("button")) return;
        dispatch({ type: "maximise", id });
      },
    };

    const edge = (side: Edge) => ({
      onPointerDown: begin,
      onPointerMove: (event: PointerEvent<HTMLElement>) => {
        if (!start) return;
        const dx = event.clientX - start.x;
        const dy = event.clientY - start.y;
        if (!start.moved && Math.hypot(dx, dy) < THRESHOLD) return;
        if (!start.moved) {
          start.moved = true;
          useGesture.setState({ dragging: true });
        }
        dispatch({ type: "place", id, rect: resize(start.rect, side, dx, dy) });
      },
      onPointerUp: end,
      onPointerCancel: end,
    });

    return { bar, edge };
  }, [id, layer]);
}
