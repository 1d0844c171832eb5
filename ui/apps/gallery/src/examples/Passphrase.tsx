import { chosenPassphrase, NewPassphrase, NO_PASSPHRASE } from "@webx/ui";
import { useState } from "react";

export default function Passphrase() {
  const [value, setValue] = useState(NO_PASSPHRASE);
  return (
    <>
      <NewPassphrase value={value} onChange={setValue} tried={false} known={["Ada"]} />
      <p>{chosenPassphrase(value) === undefined ? "Not yet good enough." : "This one can be used."}</p>
    </>
  );
}
