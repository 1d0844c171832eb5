import { useOs, useSettings } from "@webx/sdk";
import { Button, Select, Switch } from "@webx/ui";
import Lock from "lucide-react/icons/lock";
import LogOut from "lucide-react/icons/log-out";
import { useState } from "react";
import { ChangePassphrase } from "../ChangePassphrase";
import { Group, Line, Page, Pending } from "../Page";
import { useT } from "../strings";
import { useChange, useDo } from "../useChange";

const MINUTES = ["1", "5", "15", "30", "60", "240", "0"] as const;
type Minutes = (typeof MINUTES)[number];

/** The passphrase, and when the vault locks. */
export function Security() {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const change = useChange();
  const { data, problem, reload } = useSettings();
  const [changing, setChanging] = useState(false);
  if (!data) return <Pending title={t("security")} problem={problem} onRetry={reload} />;
  const minutes = String(data.autoLockMinutes ?? 15);
  return (
    <Page title={t("security")}>
      <Group title={t("lock")} text={t("lockText")}>
        <Line label={t("lockNow")} text={t("lockNowText")}>
          <Button variant="primary" icon={<Lock />} onPress={() => attempt(() => os.security.lock())}>
            {t("lockNow")}
          </Button>
        </Line>
        <Line label={t("autoLock")} text={t("autoLockText")}>
          <Select<Minutes>
            aria-label={t("autoLock")}
            className="set-select"
            options={MINUTES.map(id => ({
              id,
              label: id === "0" ? t("autoLockNever") : t("autoLockAfter", { minutes: Number(id) }),
            }))}
            value={MINUTES.find(each => each === minutes) ?? null}
            placeholder={t("autoLockAfter", { minutes: Number(minutes) })}
            onChange={id => change({ autoLockMinutes: Number(id) })}
          />
        </Line>
        <Switch
          wide
          isSelected={data.lockOnSleep ?? true}
          onChange={lockOnSleep => change({ lockOnSleep })}
          description={t("lockOnSleepText")}
        >
          {t("lockOnSleep")}
        </Switch>
      </Group>
      <Group title={t("passphrase")} text={t("passphraseText")}>
        <Line label={t("changePassphrase")} text={t("changePassphraseText")}>
          <Button onPress={() => setChanging(true)}>{t("change")}</Button>
        </Line>
        {changing && <ChangePassphrase onClose={() => setChanging(false)} />}
      </Group>
      <Group title={t("browser")} text={t("browserText")}>
        <Line label={t("signOut")} text={t("signOutText")}>
          <Button icon={<LogOut />} onPress={() => attempt(() => os.security.signOut())}>
            {t("signOut")}
          </Button>
        </Line>
      </Group>
    </Page>
  );
}
