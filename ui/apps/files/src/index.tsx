/** Files: the person's encrypted drive as a file manager. */
import { ROOT, useLoad, useOs } from "@webx/sdk";
import { ErrorState, SkeletonList } from "@webx/ui";
import { explain } from "./model/actions";
import { useT } from "./strings";
import "./files.css";
import { Window } from "./Window";

export default function App() {
  const os = useOs();
  const t = useT();
  const root = useLoad("root", () => os.files.stat(ROOT));
  if (root.data !== undefined) return <Window os={os} root={root.data} />;
  return (
    <div className="fx">
      {root.problem === undefined ? (
        <div className="fx-loading">
          <SkeletonList rows={10} height={28} />
        </div>
      ) : (
        <ErrorState title={t("listFailed")} onRetry={root.reload}>
          {explain(t, root.problem)}
        </ErrorState>
      )}
    </div>
  );
}
