import { toProblem } from "@webx/sdk";
import { Button, EmptyState, ErrorState, FileIcon, ProgressBar } from "@webx/ui";
import Download from "lucide-react/icons/download";
import { useCallback, useEffect, useState } from "react";
import { callsAs } from "../../session";
import { trusted } from "../../session/trusted";
import { appOf, FILES } from "../apps";
import { os } from "../os";
import { useText } from "../strings";
import { dispatch } from "../wm/store";
import "./views.css";

interface Args {
  id: string;
  version?: number;
  name: string;
  mime?: string | null;
  size?: number;
}

function argsOf(value: unknown): Args | undefined {
  const { id, name } = (value ?? {}) as Partial<Args>;
  return typeof id === "string" && typeof name === "string" ? (value as Args) : undefined;
}

const isPdf = ({ name, mime }: Args) => mime === "application/pdf" || /\.pdf$/i.test(name);

type State = { kind: "loading" } | { kind: "shown"; address: string } | { kind: "failed"; detail: string };

/** The node gives out an address for this one document; no frame of the desktop shows what was made up in the browser. */
async function documentAddress(id: string, version: number | undefined): Promise<string> {
  const files = appOf(FILES);
  if (!files) throw new TypeError("the app Files is not there yet");
  return callsAs(files.install).files.objectUrl(id, version);
}

/**
 * A document in the browser's own viewer. An app's frame has none and gets none: the desktop shows the document, and the
 * app learns nothing of it.
 */
export default function DocumentView({ window, args }: { window: string; args: unknown }) {
  const t = useText();
  const wanted = argsOf(args);
  const [state, setState] = useState<State>({ kind: "loading" });
  const [round, setRound] = useState(0);
  const id = wanted?.id;
  const version = wanted?.version;
  const name = wanted?.name ?? "";

  useEffect(() => {
    if (name) dispatch({ type: "title", id: window, title: name });
  }, [window, name]);

  const shown = wanted !== undefined && isPdf(wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks again
  useEffect(() => {
    if (id === undefined || !shown) return;
    let current = true;
    setState({ kind: "loading" });
    documentAddress(id, version).then(
      address => current && setState({ kind: "shown", address }),
      (reason: unknown) => current && setState({ kind: "failed", detail: toProblem(reason).message }),
    );
    return () => {
      current = false;
    };
  }, [id, version, shown, round]);

  const download = useCallback(() => {
    if (id !== undefined) void os.files.download([id], version);
  }, [id, version]);

  if (!wanted) return <ErrorState title={t("documentFailed")} />;
  if (!shown)
    return (
      <EmptyState
        icon={<FileIcon name={name} size={64} />}
        title={name}
        action={
          <Button icon={<Download />} onPress={download}>
            {t("download")}
          </Button>
        }
      >
        {t("documentNoViewer")}
      </EmptyState>
    );
  if (state.kind === "failed")
    return (
      <ErrorState title={t("documentFailed")} onRetry={() => setRound(round + 1)}>
        {state.detail}
      </ErrorState>
    );
  if (state.kind === "loading")
    return (
      <div className="view-waiting">
        <ProgressBar label={t("documentOpening")} />
      </div>
    );
  // Not a frame: the desktop's policy lets no frame show a stored file, so that no app leads its own there.
  return <embed className="view-document" title={name} type="application/pdf" src={trusted(state.address)} />;
}
