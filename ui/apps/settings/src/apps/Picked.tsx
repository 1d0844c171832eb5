import { type App, useOs } from "@webx/sdk";
import { Badge, FileIcon, IconButton } from "@webx/ui";
import X from "lucide-react/icons/x";
import { Group } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";

/** Files and folders that the person chose for an app: each can be taken back. */
export function Picked({ app }: { app: App }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  if (app.picked.length === 0) return null;
  return (
    <Group title={t("picked")} text={t("pickedText", { app: app.name })}>
      <ul className="set-picked">
        {app.picked.map(({ node, name, mode }) => (
          <li key={`${node} ${mode}`}>
            <FileIcon name={name ?? ""} />
            <span className="set-picked-name" dir="auto">
              {name ?? t("pickedGone")}
            </span>
            <Badge tone={mode === "write" ? "warning" : "neutral"}>{t(`picked_${mode}`)}</Badge>
            <IconButton
              size="sm"
              label={t("unpick", { name: name ?? t("pickedGone") })}
              onPress={() => attempt(() => os.apps.unpick(app.install, node))}
            >
              <X />
            </IconButton>
          </li>
        ))}
      </ul>
    </Group>
  );
}
