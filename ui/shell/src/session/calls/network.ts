/** QNet and the people one knows, over the node's HTTP API. */
import type { CallOptions, Calls } from "@webx/sdk";
import type { Api } from "../http";

const until = (call?: CallOptions) => (call?.signal ? { signal: call.signal } : {});

export const networkCalls = (api: Api): Calls["network"] => ({
  view: () => api.getNetwork(),
  peers: () => api.listPeers(),
  peer: id => api.getPeer({ path: { id } }),
  ping: (id, call) => api.pingPeer({ path: { id }, ...until(call) }),
  invite: (options, call) => api.makeInvite({ body: options, ...until(call) }),
  join: invite => api.joinNetwork({ body: { invite } }),
  settings: () => api.getNetworkSettings(),
  configure: settings => api.putNetworkSettings({ body: settings }),
});

export const contactsCalls = (api: Api): Calls["contacts"] => ({
  list: query => api.listContacts({ query }),
  get: did => api.getContact({ path: { did } }),
  card: () => api.getCard(),
  add: entry => api.addContact({ body: entry }),
  rename: (did, name) => api.patchContact({ path: { did }, body: { name } }),
  note: (did, text) => api.patchContact({ path: { did }, body: { note: text } }),
  block: (did, blocked) => api.patchContact({ path: { did }, body: { blocked } }),
  remove: did => api.removeContact({ path: { did } }),
  verify: (did, safetyNumber) => api.verifyContact({ path: { did }, body: { safetyNumber } }),
  accept: (did, safetyNumber) => api.acceptContact({ path: { did }, body: { safetyNumber } }),
});

export const copiesCalls = (api: Api): Calls["copies"] => ({
  view: () => api.getCopies(),
  give: (did, bytes) => api.giveSpace({ path: { did }, body: { bytes } }),
  now: () => api.copyNow(),
  restore: () => api.restoreFromCopies(),
});

export const transferCalls = (api: Api): Calls["transfers"] => ({
  list: did => api.listTransfers({ query: did === undefined ? {} : { did } }),
  send: (did, file) => api.sendFile({ path: { did }, body: { node: file } }),
  accept: id => api.acceptTransfer({ path: { id } }),
  end: id => api.endTransfer({ path: { id } }),
});
