import { SplitView } from "@webx/ui";

export default function Panels() {
  return (
    <div className="tall">
      <SplitView side={<p>Side: drag the divider, or use the arrow keys on it.</p>} initial={160} min={100} max={260}>
        <p>Main</p>
      </SplitView>
    </div>
  );
}
