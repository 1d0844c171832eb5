import { type PointerEvent, type RefObject, useRef, useState } from "react";
import type { Box } from "../model/geometry";

const SLACK = 4;
const EDGE = 28;

interface Marquee {
  /** In the coordinates of the content; undefined while no band is drawn. */
  band: Box | undefined;
  onPointerDown: (event: PointerEvent<HTMLElement>) => void;
}

/** A rubber band drawn with the mouse over the free space of a scrolled area. */
export function useMarquee(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  onBand: (band: Box, first: boolean) => void,
): Marquee {
  const [band, setBand] = useState<Box>();
  const report = useRef(onBand);
  report.current = onBand;

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    const area = scroller.current;
    const inner = content.current;
    if (area === null || inner === null || event.button !== 0 || event.pointerType !== "mouse") return;
    const spot = (x: number, y: number) => {
      const box = inner.getBoundingClientRect();
      return { x: x - box.left, y: y - box.top };
    };
    const start = spot(event.clientX, event.clientY);
    let last = { x: event.clientX, y: event.clientY };
    let drawing = false;
    let frame = 0;

    const draw = () => {
      const now = spot(last.x, last.y);
      if (!drawing && Math.hypot(now.x - start.x, now.y - start.y) < SLACK) return;
      const next = {
        left: Math.min(start.x, now.x),
        top: Math.min(start.y, now.y),
        right: Math.max(start.x, now.x),
        bottom: Math.max(start.y, now.y),
      };
      // Captured only now: a captured press would take the click away from what lies under it.
      if (!drawing) area.setPointerCapture(event.pointerId);
      report.current(next, !drawing);
      drawing = true;
      setBand(next);
    };
    const scroll = () => {
      const box = area.getBoundingClientRect();
      const by = last.y < box.top + EDGE ? last.y - box.top - EDGE : Math.max(0, last.y - box.bottom + EDGE);
      if (by !== 0) {
        area.scrollTop += by / 3;
        draw();
      }
      frame = requestAnimationFrame(scroll);
    };
    const move = (next: globalThis.PointerEvent) => {
      if (next.buttons === 0) return stop();
      last = { x: next.clientX, y: next.clientY };
      if (frame === 0) frame = requestAnimationFrame(scroll);
      draw();
    };
    const stop = () => {
      cancelAnimationFrame(frame);
      area.removeEventListener("pointermove", move);
      area.removeEventListener("pointerup", stop);
      area.removeEventListener("pointercancel", stop);
      setBand(undefined);
    };
    area.addEventListener("pointermove", move);
    area.addEventListener("pointerup", stop);
    area.addEventListener("pointercancel", stop);
  };
  return { band, onPointerDown };
}
