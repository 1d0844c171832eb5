import type { ActivityItem } from "@webx/sdk";
import BadgeCheck from "lucide-react/icons/badge-check";
import CircleAlert from "lucide-react/icons/circle-alert";
import DoorOpen from "lucide-react/icons/door-open";
import HardDrive from "lucide-react/icons/hard-drive";
import LayoutGrid from "lucide-react/icons/layout-grid";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import MonitorSmartphone from "lucide-react/icons/monitor-smartphone";
import Power from "lucide-react/icons/power";
import Settings2 from "lucide-react/icons/settings-2";
import Sparkles from "lucide-react/icons/sparkles";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import UserRound from "lucide-react/icons/user-round";
import type en from "./locales/en.json";
import { areaOf } from "./model";
import type { T } from "./strings";

type Key = keyof typeof en;

const KINDS: Readonly<Record<string, Key>> = {
  "node.started": "kindNodeStarted",
  "node.stopped": "kindNodeStopped",
  "vault.created": "kindVaultCreated",
  "vault.unlocked": "kindVaultUnlocked",
  "vault.locked": "kindVaultLocked",
  "vault.refused": "kindVaultRefused",
  "vault.passphrase-changed": "kindVaultPassphrase",
  "identity.created": "kindIdentityCreated",
  "identity.renamed": "kindIdentityRenamed",
  "identity.recovery-confirmed": "kindIdentityRecovery",
  "identity.device-added": "kindDeviceAdded",
  "identity.device-removed": "kindDeviceRemoved",
  "identity.recovered": "kindIdentityRecovered",
  "identity.guardians-appointed": "kindGuardiansAppointed",
  "identity.guardian-released": "kindGuardianReleased",
  "identity.ward-dropped": "kindWardDropped",
  "identity.share-returned": "kindShareReturned",
  "credential.issued": "kindCredentialIssued",
  "credential.revoked": "kindCredentialRevoked",
  "session.opened": "kindSessionOpened",
  "session.closed": "kindSessionClosed",
  "drive.created": "kindDriveCreated",
  "drive.changed": "kindDriveChanged",
  "drive.moved": "kindDriveMoved",
  "drive.renamed": "kindDriveRenamed",
  "drive.trashed": "kindDriveTrashed",
  "drive.restored": "kindDriveRestored",
  "drive.purged": "kindDrivePurged",
  "drive.imported": "kindDriveImported",
  "drive.verified": "kindDriveVerified",
  "drive.damaged": "kindDriveDamaged",
  "drive.full": "kindDriveFull",
  "door.opened": "kindDoorOpened",
  "door.closed": "kindDoorClosed",
  "door.token-renewed": "kindDoorToken",
  "settings.changed": "kindSettingsChanged",
  "app.installed": "kindAppInstalled",
  "app.updated": "kindAppUpdated",
  "app.rolled-back": "kindAppRolledBack",
  "app.removed": "kindAppRemoved",
  "app.restored": "kindAppRestored",
  "app.failed": "kindAppFailed",
};

/** What happened, in words; the kind itself where we have none. */
export function kindLabel(t: T): (kind: string) => string {
  return kind => {
    const key = KINDS[kind];
    return key ? t(key) : kind;
  };
}

const ICONS = {
  drive: HardDrive,
  vault: LockKeyhole,
  identity: UserRound,
  credential: BadgeCheck,
  session: MonitorSmartphone,
  door: DoorOpen,
  settings: Settings2,
  app: LayoutGrid,
  node: Power,
  other: Sparkles,
} as const;

export function KindIcon({ item }: { item: ActivityItem }) {
  const Icon =
    item.level === "error" ? CircleAlert : item.level === "warning" ? TriangleAlert : ICONS[areaOf(item.kind)];
  return (
    <span className={`act-icon act-icon-${item.level}`} aria-hidden="true">
      <Icon size={18} />
    </span>
  );
}
