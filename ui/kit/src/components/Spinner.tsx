import "./Spinner.css";

/** A turning ring; says nothing to screen readers, the text beside it does. */
export function Spinner({ size = 20 }: { size?: number }) {
  return (
    <svg className="wx-spinner" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <circle cx="12" cy="12" r="9" stroke="currentColor" strokeWidth="3" opacity="0.2" />
      <path d="M21 12a9 9 0 0 0-9-9" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
