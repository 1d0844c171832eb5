import { PasswordField, SearchField, TextField } from "@webx/ui";
import { useState } from "react";

export default function TextFields() {
  const [name, setName] = useState("Photos");
  return (
    <>
      <TextField label="Name" description="As others see it" defaultValue="Ada" />
      <TextField
        label="Folder"
        value={name}
        onChange={setName}
        error={name === "Photos" ? "This name is taken" : undefined}
      />
      <TextField label="Note" rows={3} placeholder="Several lines" />
      <TextField label="Address" defaultValue="http://webx.localhost" isDisabled />
      <PasswordField label="Passphrase" />
      <SearchField aria-label="Search" placeholder="Search names" />
    </>
  );
}
