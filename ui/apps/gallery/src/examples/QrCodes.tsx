import { QrCode, TextField } from "@webx/ui";
import { useState } from "react";

export default function QrCodes() {
  const [text, setText] = useState("WEBX:CONTACT:MFRGGZDFMZTWQ2LK");
  return (
    <>
      <TextField label="Text" value={text} onChange={setText} />
      <QrCode text={text} label="The text above, to scan" size={200} />
    </>
  );
}
