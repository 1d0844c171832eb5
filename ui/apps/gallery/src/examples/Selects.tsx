import { Select } from "@webx/ui";
import { useState } from "react";

const TIMES = [
  { id: "1", label: "After a minute" },
  { id: "15", label: "After 15 minutes" },
  { id: "0", label: "Never" },
];

export default function Selects() {
  const [time, setTime] = useState("15");
  return (
    <>
      <Select label="Lock by itself" options={TIMES} value={time} onChange={setTime} />
      <Select label="Nothing chosen yet" placeholder="Choose one" options={TIMES} value={null} onChange={setTime} />
    </>
  );
}
