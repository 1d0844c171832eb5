import { type GuardianItem, type GuardiansView, useLoad, useOs, type WardItem } from "@webx/sdk";
import { Badge, Button, EmptyState, useLocale } from "@webx/ui";
import RefreshCw from "lucide-react/icons/refresh-cw";
import UsersRound from "lucide-react/icons/users-round";
import { useState } from "react";
import { ChooseGuardians } from "../ChooseGuardians";
import { GiveBack } from "../GiveBack";
import { Group, Page, Pending } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";

/** Who can bring this person back when everything is lost, and whom this person can. */
export function Recovery() {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("guardians", () => os.guardians.get());
  const [choosing, setChoosing] = useState(false);
  const [helping, setHelping] = useState<WardItem>();
  if (!data) return <Pending title={t("guardiansPage")} problem={problem} onRetry={reload} />;
  return (
    <Page title={t("guardiansPage")}>
      <Guardians view={data} onChoose={() => setChoosing(true)} onChanged={reload} />
      <Wards view={data} onHelp={setHelping} onChanged={reload} />
      {choosing && (
        <ChooseGuardians
          chosen={data.guardians.map(one => one.did)}
          onClose={() => {
            setChoosing(false);
            reload();
          }}
        />
      )}
      {helping && <GiveBack ward={helping} onClose={() => setHelping(undefined)} />}
    </Page>
  );
}

const TONES = { kept: "success", away: "warning", lost: "danger" } as const;

function Guardians({
  view,
  onChoose,
  onChanged,
}: {
  view: GuardiansView;
  onChoose: () => void;
  onChanged: () => void;
}) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [busy, setBusy] = useState(false);
  const check = async () => {
    setBusy(true);
    await attempt(() => os.guardians.check());
    setBusy(false);
    onChanged();
  };
  const count = view.guardians.length;
  const release = async (one: GuardianItem) => {
    await attempt(() => os.guardians.release(one.did));
    onChanged();
  };
  return (
    <Group title={t("guardians")} text={t("guardiansText")}>
      {count === 0 ? (
        <EmptyState icon={<UsersRound />} title={t("guardiansNone")}>
          {t("guardiansNoneText")}
        </EmptyState>
      ) : (
        <>
          <p>{t("guardiansNeeded", { needed: view.threshold ?? count, count })}</p>
          <ul className="set-devices" aria-label={t("guardians")}>
            {view.guardians.map(one => (
              <Guardian
                key={one.did}
                one={one}
                spare={count > (view.threshold ?? count)}
                onRelease={() => void release(one)}
              />
            ))}
          </ul>
        </>
      )}
      <div className="set-actions">
        {count > 0 && (
          <Button icon={<RefreshCw />} isPending={busy} onPress={check}>
            {t("guardiansCheck")}
          </Button>
        )}
        <Button variant={count === 0 ? "primary" : "secondary"} onPress={onChoose}>
          {t(count === 0 ? "guardiansChoose" : "guardiansChooseAnew")}
        </Button>
      </div>
    </Group>
  );
}

function Guardian({ one, spare, onRelease }: { one: GuardianItem; spare: boolean; onRelease: () => void }) {
  const t = useT();
  const { format } = useLocale();
  const name = one.name ?? one.did;
  return (
    <li className="set-device">
      <div className="set-device-text">
        <span className="set-device-name">
          <bdi>{name}</bdi>
          <Badge tone={TONES[one.state]}>{t(`guardian_${one.state}`)}</Badge>
        </span>
        <small>
          {one.proved ? t("guardianProved", { at: format.datetime(new Date(one.proved)) }) : t("guardianNeverProved")}
        </small>
      </div>
      <Button
        variant="ghost"
        aria-label={t("guardianReleaseNamed", { name })}
        onPress={onRelease}
        {...(spare ? {} : { disabledReason: t("guardianTooFew") })}
      >
        {t("guardianRelease")}
      </Button>
    </li>
  );
}

function Wards({
  view,
  onHelp,
  onChanged,
}: {
  view: GuardiansView;
  onHelp: (ward: WardItem) => void;
  onChanged: () => void;
}) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  if (view.wards.length === 0) return null;
  const resign = async (ward: WardItem) => {
    await attempt(() => os.guardians.resign(ward.did));
    onChanged();
  };
  return (
    <Group title={t("wards")} text={t("wardsText")}>
      <ul className="set-devices" aria-label={t("wards")}>
        {view.wards.map(ward => {
          const name = ward.name ?? ward.did;
          return (
            <li key={ward.did} className="set-device">
              <div className="set-device-text">
                <span className="set-device-name">
                  <bdi>{name}</bdi>
                </span>
                <small>{t("wardSince", { at: format.datetime(new Date(ward.since)) })}</small>
              </div>
              <Button variant="ghost" aria-label={t("wardResignNamed", { name })} onPress={() => void resign(ward)}>
                {t("wardResign")}
              </Button>
              <Button aria-label={t("giveBackNamed", { name })} onPress={() => onHelp(ward)}>
                {t("giveBack")}
              </Button>
            </li>
          );
        })}
      </ul>
    </Group>
  );
}
