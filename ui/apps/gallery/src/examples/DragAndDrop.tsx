import { Icon, IconButton, List, useDragAndDrop } from "@webx/ui";
import { useState } from "react";

const STEPS = ["Wake up", "Coffee", "Read the news", "Write", "Walk"].map((name, n) => ({ id: `${n}`, name }));

/** By pointer, by touch, and by keyboard: Enter on the handle, arrows, Enter. */
export default function DragAndDrop() {
  const [steps, setSteps] = useState(STEPS);
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: keys => [...keys].map(key => ({ "text/plain": steps.find(step => step.id === key)?.name ?? "" })),
    onReorder: ({ keys, target }) => {
      const moved = steps.filter(step => keys.has(step.id));
      const rest = steps.filter(step => !keys.has(step.id));
      const at = rest.findIndex(step => step.id === target.key) + (target.dropPosition === "after" ? 1 : 0);
      setSteps([...rest.slice(0, at), ...moved, ...rest.slice(at)]);
    },
  });
  return (
    <div className="tall">
      <List label="A morning" items={steps} textValue={step => step.name} dragAndDropHooks={dragAndDropHooks}>
        {step => (
          <>
            <IconButton slot="drag" size="sm" label={`Move ${step.name}`} noTooltip>
              <Icon name="grip-vertical" />
            </IconButton>
            {step.name}
          </>
        )}
      </List>
    </div>
  );
}
