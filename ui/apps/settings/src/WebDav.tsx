import { type WebDav as Door, useLoad, useOs } from "@webx/sdk";
import { Button, KeyValue, Notice, SkeletonList, Switch } from "@webx/ui";
import KeyRound from "lucide-react/icons/key-round";
import { useState } from "react";
import { Group } from "./Page";
import { useT } from "./strings";
import { useDo } from "./useChange";

/** The door by which a file manager of the operating system mounts the drive. */
export function WebDav() {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { data, problem, reload } = useLoad("webdav", () => os.webdav.get());
  // The token lives here and nowhere else: it is gone when the page is left.
  const [answer, setAnswer] = useState<Door>();
  const [busy, setBusy] = useState(false);
  const door = answer ?? data;
  const put = async (change: { enabled: boolean; renewToken?: boolean }) => {
    setBusy(true);
    await attempt(async () => setAnswer(await os.webdav.put(change)));
    setBusy(false);
  };
  return (
    <Group title={t("webdav")} text={t("webdavText")}>
      {!door && !problem && <SkeletonList rows={1} height={48} />}
      {problem && !door && (
        <Notice level="error" action={<Button onPress={reload}>{t("retry")}</Button>}>
          {problem.message}
        </Notice>
      )}
      {door && (
        <Switch
          wide
          isSelected={door.enabled}
          isDisabled={busy}
          onChange={enabled => put({ enabled })}
          description={t("webdavSwitchText")}
        >
          {t("webdavSwitch")}
        </Switch>
      )}
      {door?.enabled && (
        <>
          <KeyValue
            onCopy={text => os.clipboard.writeText(text)}
            items={[
              { label: t("webdavUrl"), value: <bdi dir="ltr">{door.url}</bdi>, mono: true, copy: door.url },
              { label: t("webdavUser"), value: <bdi dir="ltr">{door.username}</bdi>, mono: true, copy: door.username },
              ...(door.token
                ? [{ label: t("webdavToken"), value: <bdi dir="ltr">{door.token}</bdi>, mono: true, copy: door.token }]
                : []),
            ]}
          />
          {door.token && <Notice level="warning">{t("webdavOnce")}</Notice>}
          <div className="set-actions">
            <Button icon={<KeyRound />} isDisabled={busy} onPress={() => put({ enabled: true, renewToken: true })}>
              {t("webdavRenew")}
            </Button>
          </div>
        </>
      )}
    </Group>
  );
}
