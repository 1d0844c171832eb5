import { Checkbox, RadioGroup, Slider, Switch } from "@webx/ui";
import { useState } from "react";

export default function Choices() {
  const [lock, setLock] = useState<"ten" | "never">("ten");
  const [volume, setVolume] = useState(40);
  return (
    <>
      <div className="row">
        <Checkbox defaultSelected>Remember this device</Checkbox>
        <Checkbox isIndeterminate>Some of them</Checkbox>
        <Checkbox isDisabled>Not now</Checkbox>
      </div>
      <Switch wide defaultSelected description="Windows appear without movement">
        Reduce motion
      </Switch>
      <RadioGroup
        label="Lock"
        cards
        value={lock}
        onChange={setLock}
        options={[
          { id: "ten", label: "After ten minutes", description: "Recommended" },
          { id: "never", label: "Never" },
        ]}
      />
      <Slider label="Volume" value={volume} onChange={setVolume} />
    </>
  );
}
