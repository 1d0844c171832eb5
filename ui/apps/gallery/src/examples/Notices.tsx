import { Button, Notice } from "@webx/ui";

export default function Notices() {
  return (
    <>
      <Notice title="For your eyes only">Nobody else can read this.</Notice>
      <Notice level="success">All blocks are sound.</Notice>
      <Notice level="warning" action={<Button size="sm">Check</Button>}>
        Your words are not confirmed yet.
      </Notice>
      <Notice level="error">One block is damaged.</Notice>
    </>
  );
}
