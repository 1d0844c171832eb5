import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from "react";

interface Size {
  width: number;
  height: number;
}

/** The inner size of an element, live. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return;
    const measure = () => {
      const now = { width: target.clientWidth, height: target.clientHeight };
      setSize(old => (old.width === now.width && old.height === now.height ? old : now));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** The part of a scrolled list that is in sight; changes only when an entry comes or goes. */
export function useVisible(
  element: RefObject<HTMLElement | null>,
  rangeAt: (top: number, height: number) => [number, number],
): [number, number] {
  const [range, setRange] = useState<[number, number]>([0, 0]);
  const update = useCallback(() => {
    const target = element.current;
    if (target === null) return;
    const next = rangeAt(target.scrollTop, target.clientHeight);
    setRange(old => (old[0] === next[0] && old[1] === next[1] ? old : next));
  }, [element, rangeAt]);
  useLayoutEffect(update, [update]);
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    target.addEventListener("scroll", update, { passive: true });
    return () => target.removeEventListener("scroll", update);
  }, [element, update]);
  return range;
}
