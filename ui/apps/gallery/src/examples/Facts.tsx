import { CopyButton, KeyValue, toast } from "@webx/ui";

const copy = (text: string) => void toast({ title: `Copied ${text}` });

export default function Facts() {
  return (
    <>
      <KeyValue
        onCopy={copy}
        items={[
          { label: "Identity", value: "did:scid:vh:1:QmYx…", mono: true, copy: "did:scid:vh:1:QmYx" },
          { label: "Since", value: "22 November 2026" },
        ]}
      />
      <p>
        A code to copy <CopyButton text="7F3A" onCopy={copy} />
      </p>
    </>
  );
}
