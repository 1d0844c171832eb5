/** The parts of the system that its own apps reach, over the node's HTTP API. */
import type { Calls, Settings } from "@webx/sdk";
import type { Api } from "../http";
import { setLocale } from "../locale";
import { leave } from "../phase";
import { contactsCalls, copiesCalls, networkCalls, transferCalls } from "./network";

export type SystemParts = Pick<
  Calls,
  | "settings"
  | "security"
  | "devices"
  | "guardians"
  | "activity"
  | "notifications"
  | "jobs"
  | "webdav"
  | "system"
  | "sagas"
  | "network"
  | "contacts"
  | "transfers"
  | "copies"
>;

/** The language of the settings is the language of the screen. */
function followed(settings: Settings): Settings {
  if (settings.language) setLocale(settings.language);
  return settings;
}

export const systemCalls = (api: Api): SystemParts => ({
  settings: {
    get: async () => followed(await api.getSettings()),
    patch: async change => followed(await api.patchSettings({ body: change })),
  },
  security: {
    changePassphrase: (current, next) => api.changePassphrase({ body: { current, next } }),
    checkRecovery: words => api.checkRecovery({ body: { words } }),
    lock: async () => {
      await api.lock();
      await leave();
    },
    signOut: async () => {
      await api.logOut();
      await leave();
    },
  },
  devices: {
    list: () => api.listDevices(),
    offer: () => api.openPairing(),
    pairing: () => api.getPairing(),
    withdraw: () => api.closePairing(),
    admit: (words, digits) => api.confirmPairing({ body: { words, digits } }),
    remove: (node, words) => api.removeDevice({ path: { node }, body: { words } }),
  },
  guardians: {
    get: () => api.getGuardians(),
    appoint: (words, threshold, guardians) => api.appointGuardians({ body: { words, threshold, guardians } }),
    check: () => api.checkGuardians(),
    release: did => api.releaseGuardian({ path: { did } }),
    resign: did => api.resignGuardian({ path: { did } }),
    help: did => api.openHelp({ path: { did } }),
    helping: () => api.getHelp(),
    giveBack: digits => api.confirmHelp({ body: { digits } }),
    withdraw: () => api.closeHelp(),
  },
  activity: { list: query => api.listActivity({ query }) },
  notifications: {
    list: () => api.listNotifications(),
    notify: async request => {
      await api.addNotification({ body: request });
    },
    dismiss: id => api.dismissNotification({ path: { id } }),
  },
  jobs: {
    list: () => api.listJobs(),
    cancel: id => api.cancelJob({ path: { id } }),
  },
  webdav: {
    get: () => api.getWebdav(),
    put: change => api.putWebdav({ body: change }),
  },
  system: { status: () => api.getStatus() },
  sagas: {
    list: query => api.listSagas({ query }),
    retry: id => api.retrySaga({ path: { id } }),
    undo: id => api.undoSaga({ path: { id } }),
  },
  network: networkCalls(api),
  contacts: contactsCalls(api),
  transfers: transferCalls(api),
  copies: copiesCalls(api),
});
