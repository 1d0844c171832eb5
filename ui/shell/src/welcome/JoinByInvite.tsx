import { type Calls, useLoad } from "@webx/sdk";
import { Button, Notice, TextField } from "@webx/ui";
import UserPlus from "lucide-react/icons/user-plus";
import { type FormEvent, useId, useState } from "react";
import { calls } from "../session";
import { explain } from "./explain";
import { useT } from "./strings";

type Network = Pick<Calls["network"], "view" | "join">;

/** Who was invited can join at once; everybody else passes by. */
export function JoinByInvite({ network = calls.network }: { network?: Network }) {
  const t = useT();
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <div className="welcome-join">
      <Button
        variant="ghost"
        icon={<UserPlus />}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onPress={() => setOpen(!open)}
      >
        {t("join")}
      </Button>
      {open && (
        <div id={id}>
          <Way network={network} />
        </div>
      )}
    </div>
  );
}

function Way({ network }: { network: Network }) {
  const t = useT();
  const { data, problem } = useLoad("network", () => network.view());
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [joined, setJoined] = useState(false);
  const [refused, setRefused] = useState<string>();
  if (problem) return <Notice level="error">{explain(problem, t)}</Notice>;
  if (!data) return null;
  if (!data.running) return <Notice>{t("joinOff")}</Notice>;
  if (joined)
    return (
      <div role="status">
        <Notice level="success">{t("joined")}</Notice>
      </div>
    );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || text.trim() === "") return;
    setBusy(true);
    setRefused(undefined);
    try {
      await network.join(text.trim());
      setJoined(true);
    } catch (reason) {
      setRefused(explain(reason, t));
    }
    setBusy(false);
  };
  return (
    <form className="welcome-form" onSubmit={submit}>
      <TextField
        label={t("joinLink")}
        description={t("joinHelp")}
        placeholder="webx:join?…"
        rows={3}
        autoFocus
        autoComplete="off"
        spellCheck="false"
        maxLength={4096}
        value={text}
        onChange={value => {
          setText(value);
          setRefused(undefined);
        }}
        error={refused}
      />
      <Button type="submit" size="lg" isPending={busy} isDisabled={text.trim() === ""}>
        {t("joinNow")}
      </Button>
    </form>
  );
}
