/*
 * The one definition of what an app can ask of the OS. Every method is asynchronous and every argument and answer can be
 * structured-cloned, so the same calls work in the shell's realm and over a MessagePort. `npm run generate` makes from
 * this file the list of methods, the capability each one needs, the shapes of the arguments that the broker checks, and
 * docs/sdk.md.
 *
 * Tags: `@capability` names what an app must hold; of several, one is enough; `none` means every app. `@patient` marks a
 * call that waits for a person or for many bytes and so has no time-out.
 */
import type {
  ActivityItem,
  ActivityPage,
  ActivityQuery,
  App,
  AppUpdate,
  BackendRequest,
  BackendResponse,
  BackendStatus,
  BlobInfo,
  ByteRange,
  ContactCard,
  ContactDetail,
  ContactItem,
  ContactsChange,
  CopiesView,
  CopyRound,
  DataChoice,
  DeviceItem,
  DidProof,
  Doc,
  DocChange,
  DriveEvent,
  FileClip,
  GuardiansView,
  HelpView,
  Identity,
  ImportResult,
  Installation,
  InstallEvent,
  InstallSource,
  Job,
  Joined,
  Json,
  JsonObject,
  ListQuery,
  Locale,
  NetworkChange,
  NetworkInvite,
  NetworkPeer,
  NetworkPeerDetail,
  NetworkSettings,
  NetworkView,
  NewContact,
  Node,
  NodeId,
  NodePath,
  Notification,
  NotificationRequest,
  OnConflict,
  OwnEvent,
  Page,
  PageQuery,
  PairingOffer,
  PairingView,
  PendingUpload,
  PermissionState,
  PickOptions,
  Ping,
  Removal,
  RemovedApp,
  Restored,
  RestoredDrive,
  RestoredFolder,
  Saga,
  SagaQuery,
  SaveOptions,
  SearchHit,
  Settings,
  SettingsPatch,
  Slice,
  Status,
  Store,
  StorePackage,
  StorePackageDetail,
  StoreQuery,
  Theme,
  Timestamp,
  TransferItem,
  TransfersChange,
  UploadRequest,
  UploadState,
  Usage,
  Version,
  WebDav,
  WriteOptions,
} from "./types";

/** Travels beside the arguments, never inside them. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Moved to the shell instead of copied. Streams and ports among the arguments move by themselves. */
  transfer?: Transferable[];
}

/**
 * The person's encrypted drive. An app with `storage: pick` sees of it only what the person picked; the node answers
 * `app-denied` for everything else.
 */
export interface FilesCalls {
  /**
   * What is in a folder, one page at a time.
   * @capability system:drive storage:pick
   */
  list(folder: NodeId, query?: ListQuery, call?: CallOptions): Promise<Page<Node>>;
  /** @capability system:drive storage:pick */
  stat(id: NodeId): Promise<Node>;
  /** @capability system:drive */
  path(id: NodeId): Promise<NodePath>;
  /** @capability system:drive */
  resolve(path: string): Promise<Node>;
  /** @capability system:drive */
  search(query: string, limit?: number, call?: CallOptions): Promise<SearchHit[]>;
  /** @capability system:drive */
  usage(): Promise<Usage>;

  /**
   * The desktop asks the person to choose. What is chosen can be used from then on; nothing is chosen: an empty list.
   * @capability system:drive storage:pick
   * @patient
   */
  pick(options?: PickOptions, call?: CallOptions): Promise<Node[]>;
  /**
   * The desktop asks the person for a folder and a name and puts the bytes there. `null` when the person went back.
   * @capability system:drive storage:pick
   * @patient
   */
  saveAs(name: string, body: Blob, options?: SaveOptions, call?: CallOptions): Promise<Node | null>;
  /**
   * A new version of a file.
   * @capability system:drive storage:pick
   * @patient
   */
  save(id: NodeId, body: Blob, call?: CallOptions): Promise<Node>;

  /** @capability system:drive storage:pick */
  createFolder(parent: NodeId, name: string, onConflict?: OnConflict): Promise<Node>;
  /**
   * Writes a whole file in one request; for large ones see the upload calls.
   * @capability system:drive storage:pick
   * @patient
   */
  write(parent: NodeId, name: string, body: Blob, options?: WriteOptions, call?: CallOptions): Promise<Node>;
  /** @capability system:drive */
  rename(id: NodeId, name: string): Promise<Node>;
  /** @capability system:drive */
  move(id: NodeId, parent: NodeId, onConflict?: OnConflict): Promise<Node>;
  /** @capability system:drive */
  copy(id: NodeId, parent: NodeId, name?: string, onConflict?: OnConflict): Promise<Node>;
  /**
   * To the trash; `restore` brings it back.
   * @capability system:drive
   */
  trash(id: NodeId): Promise<void>;
  /**
   * The last removed first.
   * @capability system:drive
   */
  trashList(offset?: number, limit?: number): Promise<Page<Node>>;
  /** @capability system:drive */
  restore(id: NodeId): Promise<Restored>;
  /**
   * For ever.
   * @capability system:drive
   */
  purge(id: NodeId): Promise<void>;
  /** @capability system:drive */
  emptyTrash(): Promise<void>;

  /** @capability system:drive */
  versions(id: NodeId): Promise<Version[]>;
  /** @capability system:drive */
  restoreVersion(id: NodeId, version: number): Promise<Node>;
  /**
   * Brings the folder back to what it was at that time.
   * @capability system:drive
   */
  restoreFolderAt(id: NodeId, at: Timestamp): Promise<RestoredFolder>;

  /**
   * The bytes of the file, or of the range.
   * @capability system:drive storage:pick
   * @patient
   */
  read(id: NodeId, range?: ByteRange, version?: number, call?: CallOptions): Promise<Blob>;
  /**
   * An address that `<img>`, `<video>` and `<audio>` of this app can load, ranges included. It opens this one object and
   * is gone when the vault locks.
   * @capability system:drive storage:pick
   */
  objectUrl(id: NodeId, version?: number): Promise<string>;
  /**
   * Hands the file to the browser's downloads; a folder, or more than one thing, as one zip.
   * @capability system:drive storage:pick
   */
  download(ids: NodeId[], version?: number): Promise<void>;

  /** @capability system:drive */
  uploadBegin(request: UploadRequest): Promise<UploadState>;
  /** @capability system:drive */
  uploadState(id: string): Promise<UploadState>;
  /**
   * @capability system:drive
   * @patient
   */
  uploadAppend(id: string, offset: number, chunk: Blob, call?: CallOptions): Promise<{ offset: number }>;
  /**
   * @capability system:drive
   * @patient
   */
  uploadFinish(id: string): Promise<Node>;
  /** @capability system:drive */
  uploadAbort(id: string): Promise<void>;
  /** @capability system:drive */
  uploads(): Promise<PendingUpload[]>;
  /**
   * `frames` is the batch import stream made by `encodeImport`.
   * @capability system:drive
   * @patient
   */
  import(parent: NodeId, frames: Blob, onConflict?: OnConflict, call?: CallOptions): Promise<ImportResult>;

  /**
   * Starts a check of every block; progress comes as a job.
   * @capability system:drive
   */
  verify(): Promise<{ job: string }>;
}

/** Small values under a name, kept for this app in the vault. A value is JSON of at most 64 KiB, a key 1 to 512 bytes. */
export interface KvCalls {
  /**
   * `undefined` when there is nothing under that key.
   * @capability storage:own
   */
  get(key: string): Promise<Json | undefined>;
  /** @capability storage:own */
  set(key: string, value: Json): Promise<void>;
  /** @capability storage:own */
  delete(key: string): Promise<void>;
  /**
   * In order, one page at a time.
   * @capability storage:own
   */
  keys(query?: PageQuery & { prefix?: string }): Promise<Slice<string>>;
}

/** JSON documents in collections, kept for this app in the vault; a document is at most 256 KiB. */
export interface DocsCalls {
  /**
   * `undefined` when there is no such document.
   * @capability storage:own
   */
  get(collection: string, id: string): Promise<Doc | undefined>;
  /** @capability storage:own */
  put(collection: string, id: string, value: JsonObject): Promise<Doc>;
  /** @capability storage:own */
  delete(collection: string, id: string): Promise<void>;
  /**
   * By id, one page at a time.
   * @capability storage:own
   */
  list(collection: string, query?: PageQuery): Promise<Slice<Doc>>;
  /**
   * The documents whose field has that value.
   * @capability storage:own
   */
  query(
    collection: string,
    where: { field: string; equals: string | number | boolean },
    query?: PageQuery,
  ): Promise<Slice<Doc>>;
}

/** Large things under a name, kept for this app in the vault. */
export interface BlobsCalls {
  /**
   * `undefined` when there is nothing under that name.
   * @capability storage:own
   * @patient
   */
  get(name: string, range?: ByteRange, call?: CallOptions): Promise<Blob | undefined>;
  /**
   * @capability storage:own
   * @patient
   */
  put(name: string, body: Blob, call?: CallOptions): Promise<BlobInfo>;
  /** @capability storage:own */
  delete(name: string): Promise<void>;
  /** @capability storage:own */
  list(query?: PageQuery & { prefix?: string }): Promise<Slice<BlobInfo>>;
  /**
   * An address that `<img>`, `<video>` and `<audio>` of this app can load; see `files.objectUrl`.
   * @capability storage:own
   */
  url(name: string): Promise<string>;
}

export interface StorageCalls {
  kv: KvCalls;
  docs: DocsCalls;
  blobs: BlobsCalls;
}

/** The app's own backend. */
export interface BackendCalls {
  /**
   * One request to the backend of this app; `path` begins with `/`. The backend sees who the person is only as far as
   * the app may.
   * @capability backend
   * @patient
   */
  fetch(path: string, request?: BackendRequest, call?: CallOptions): Promise<BackendResponse>;
}

/** What this app may do, and asking for more. */
export interface PermissionCalls {
  /** @capability none */
  list(): Promise<PermissionState[]>;
  /**
   * The desktop asks the person for optional permissions of the manifest, by key. Answers with those that are granted now.
   * @capability none
   * @patient
   */
  request(keys: string[], call?: CallOptions): Promise<string[]>;
}

/** Messages between the open windows of this app. */
export interface EventCalls {
  /**
   * To all windows of this app, this one included.
   * @capability none
   */
  emit(name: string, data?: Json): Promise<void>;
}

export interface WorkflowCalls {
  /**
   * Starts a workflow of the manifest; what happens to it is seen in Settings.
   * @capability none
   */
  start(name: string, input?: Json): Promise<Installation>;
}

/** The person's settings of the desktop. */
export interface SettingsCalls {
  /** @capability system:settings */
  get(): Promise<Settings>;
  /** @capability system:settings */
  patch(change: SettingsPatch): Promise<Settings>;
}

export interface IdentityCalls {
  /**
   * What the person is called.
   * @capability identity:name system:identity
   */
  name(): Promise<string>;
  /**
   * Proves to whoever made the challenge that this person answered it, through this app.
   * @capability identity:did-auth system:identity
   * @patient
   */
  authenticate(challenge: string, call?: CallOptions): Promise<DidProof>;
  /** @capability system:identity */
  get(): Promise<Identity>;
  /** @capability system:identity */
  patch(change: { displayName?: string; deviceName?: string }): Promise<Identity>;
}

/** The person's devices: they stand in the identity, and the 24 words alone can change it. For system apps alone. */
export interface DevicesCalls {
  /**
   * This one first.
   * @capability system:identity
   */
  list(): Promise<DeviceItem[]>;
  /**
   * A code for a new device, good once and for ten minutes.
   * @capability system:security
   */
  offer(): Promise<PairingOffer>;
  /** @capability system:security */
  pairing(): Promise<PairingView>;
  /**
   * Takes the code back, or declines the device that asks.
   * @capability system:security
   */
  withdraw(): Promise<void>;
  /**
   * Lets the device in that asks and shows these digits; waits until it has moved in.
   * @capability system:security
   * @patient
   */
  admit(words: string, digits: string): Promise<DeviceItem>;
  /** @capability system:security */
  remove(node: string, words: string): Promise<void>;
}

/** Who can bring the person back, and whom the person can. For system apps alone. */
export interface GuardiansCalls {
  /** @capability system:security */
  get(): Promise<GuardiansView>;
  /**
   * Gives each of these contacts a share of the 24 words; all of them have to be there.
   * @capability system:security
   * @patient
   */
  appoint(words: string, threshold: number, people: string[]): Promise<GuardiansView>;
  /**
   * Asks all guardians whether they still have their shares.
   * @capability system:security
   * @patient
   */
  check(): Promise<GuardiansView>;
  /** @capability system:security */
  release(did: string): Promise<void>;
  /** @capability system:security */
  resign(did: string): Promise<void>;
  /**
   * A code for a ward's new device, good once and for ten minutes.
   * @capability system:security
   */
  help(did: string): Promise<PairingOffer>;
  /** @capability system:security */
  helping(): Promise<HelpView>;
  /**
   * Gives the share to the device that asks and shows these digits.
   * @capability system:security
   * @patient
   */
  giveBack(digits: string): Promise<void>;
  /**
   * Takes the code back, or declines the device that asks.
   * @capability system:security
   */
  withdraw(): Promise<void>;
}

export interface SecurityCalls {
  /** @capability system:security */
  changePassphrase(current: string, next: string): Promise<void>;
  /** @capability system:security */
  checkRecovery(words: string): Promise<{ matches: boolean }>;
  /**
   * Locks the vault for everybody.
   * @capability system:security
   */
  lock(): Promise<void>;
  /**
   * Ends the session of this browser alone.
   * @capability system:security
   */
  signOut(): Promise<void>;
}

export interface ActivityCalls {
  /** @capability system:activity */
  list(query?: ActivityQuery): Promise<ActivityPage>;
}

export interface NotificationCalls {
  /**
   * Shown with the name of the app.
   * @capability notify system:activity
   */
  notify(request: NotificationRequest): Promise<void>;
  /** @capability system:activity */
  list(): Promise<Notification[]>;
  /** @capability system:activity */
  dismiss(id: string): Promise<void>;
}

export interface JobCalls {
  /** @capability system:jobs */
  list(): Promise<Job[]>;
  /** @capability system:jobs */
  cancel(id: string): Promise<void>;
}

export interface WebDavCalls {
  /** @capability system:webdav */
  get(): Promise<WebDav>;
  /** @capability system:webdav */
  put(change: { enabled: boolean; renewToken?: boolean }): Promise<WebDav>;
}

export interface SystemCalls {
  /** @capability none */
  status(): Promise<Status>;
}

/** The installed apps. For system apps alone. */
export interface AppsCalls {
  /** @capability system:apps */
  list(): Promise<App[]>;
  /** @capability system:apps */
  get(install: string): Promise<App>;
  /**
   * The icon of an installed app.
   * @capability system:apps
   */
  icon(install: string): Promise<Blob>;
  /**
   * Opens the desktop's install sheet, for a new app as for another version. `null` when the person went back.
   * @capability system:apps
   * @patient
   */
  install(source: InstallSource, call?: CallOptions): Promise<Installation | null>;
  /** @capability system:apps */
  remove(install: string, data: DataChoice): Promise<Removal>;
  /**
   * Removed in the last 30 days, and not yet for ever.
   * @capability system:apps
   */
  removed(): Promise<RemovedApp[]>;
  /** @capability system:apps */
  undo(install: string): Promise<Installation>;
  /**
   * Back to the version before.
   * @capability system:apps
   */
  rollback(install: string): Promise<Installation>;
  /** @capability system:apps */
  setGrants(install: string, change: { grant?: string[]; revoke?: string[] }): Promise<App>;
  /**
   * Takes back what the person picked for the app.
   * @capability system:apps
   */
  unpick(install: string, node: NodeId): Promise<void>;
  /** @capability system:apps */
  backend(install: string): Promise<BackendStatus>;
  /** @capability system:apps */
  restartBackend(install: string): Promise<void>;
  /**
   * Hands all data of the app to the browser's downloads.
   * @capability system:apps
   */
  export(install: string): Promise<void>;
}

/** Where apps come from. For system apps alone. */
export interface StoreCalls {
  /** @capability system:store */
  list(): Promise<Store[]>;
  /**
   * With the fingerprint that its keeper told, a store with other keys is refused.
   * @capability system:store
   */
  add(location: string, fingerprint?: string): Promise<Store>;
  /** @capability system:store */
  remove(store: string): Promise<void>;
  /**
   * Reads the index of every store again.
   * @capability system:store
   * @patient
   */
  refresh(): Promise<Store[]>;
  /** @capability system:store */
  search(query?: StoreQuery, call?: CallOptions): Promise<StorePackage[]>;
  /** @capability system:store */
  get(store: string, app: string): Promise<StorePackageDetail>;
  /** @capability system:store */
  screenshot(store: string, app: string, index: number): Promise<Blob>;
  /**
   * Newer versions of what is installed, in any store.
   * @capability system:store
   */
  updates(): Promise<AppUpdate[]>;
}

/** Work in steps that the node finishes or takes back. For system apps alone. */
export interface SagaCalls {
  /** @capability system:sagas */
  list(query?: SagaQuery): Promise<Saga[]>;
  /** @capability system:sagas */
  retry(id: string): Promise<Saga>;
  /** @capability system:sagas */
  undo(id: string): Promise<Saga>;
}

/** QNet: this node, its peers, and what it gives them. For system apps alone. */
export interface NetworkCalls {
  /** @capability system:network */
  view(): Promise<NetworkView>;
  /**
   * Who is connected.
   * @capability system:network
   */
  peers(): Promise<NetworkPeer[]>;
  /** @capability system:network */
  peer(id: string): Promise<NetworkPeerDetail>;
  /**
   * Finds a node, connects, and lets both sides prove who they are.
   * @capability system:network
   * @patient
   */
  ping(id: string, call?: CallOptions): Promise<Ping>;
  /**
   * An invite to this node, and to some that it knows. It holds for 1 to 720 hours.
   * @capability system:network
   * @patient
   */
  invite(options: { label: string; hours: number }, call?: CallOptions): Promise<NetworkInvite>;
  /** @capability system:network */
  join(invite: string): Promise<Joined>;
  /** @capability system:network */
  settings(): Promise<NetworkSettings>;
  /**
   * In force at once.
   * @capability system:network
   * @patient
   */
  configure(settings: NetworkSettings): Promise<NetworkSettings>;
}

/** The people one knows. They live in the vault, with QNet and without. For system apps alone. */
export interface ContactsCalls {
  /**
   * By name, at most 1,000 after skipping `offset`.
   * @capability system:contacts
   */
  list(query?: { offset?: number; limit?: number }): Promise<ContactItem[]>;
  /** @capability system:contacts */
  get(did: string): Promise<ContactDetail>;
  /**
   * The own card, for others.
   * @capability system:contacts
   */
  card(): Promise<ContactCard>;
  /** @capability system:contacts */
  add(entry: NewContact): Promise<ContactItem>;
  /** @capability system:contacts */
  rename(did: string, name: string): Promise<ContactItem>;
  /** @capability system:contacts */
  note(did: string, text: string): Promise<ContactItem>;
  /** @capability system:contacts */
  block(did: string, blocked: boolean): Promise<ContactItem>;
  /** @capability system:contacts */
  remove(did: string): Promise<void>;
  /**
   * The person compared this safety number with the contact's, and they are the same.
   * @capability system:contacts
   */
  verify(did: string, safetyNumber: string): Promise<ContactItem>;
  /**
   * The person saw that the safety number is this one now, and goes on without comparing.
   * @capability system:contacts
   */
  accept(did: string, safetyNumber: string): Promise<ContactItem>;
}

/** Files from person to person. Nothing of a file is sent before its receiver accepts it. For system apps alone. */
export interface TransferCalls {
  /**
   * What is on its way and the last ones that have ended, the newest first: of all, or with one person.
   * @capability system:contacts
   */
  list(did?: string): Promise<TransferItem[]>;
  /**
   * Offers a file that the app may read to a contact.
   * @capability system:contacts
   */
  send(did: string, file: NodeId): Promise<TransferItem>;
  /**
   * The file comes into the folder Received, as soon as the other side is there. One that failed is tried again.
   * @capability system:contacts
   */
  accept(id: number): Promise<void>;
  /**
   * Refuses what was offered, stops what comes, withdraws what was offered to another; one that has ended is forgotten.
   * @capability system:contacts
   */
  end(id: number): Promise<void>;
}

/** Copies of the drive on the nodes of contacts, and what is kept for them. For system apps alone. */
export interface CopiesCalls {
  /**
   * What is agreed with whom, and what the last round found.
   * @capability system:contacts
   */
  view(): Promise<CopiesView>;
  /**
   * Keeps so many bytes for a contact at most; 0 ends it.
   * @capability system:contacts
   */
  give(did: string, bytes: number): Promise<CopiesView>;
  /**
   * Copies what is not copied, checks a sample of what is, and answers when that is done.
   * @capability system:contacts
   */
  now(): Promise<CopyRound>;
  /**
   * Makes the drive, which must be empty, the newest one that contacts keep copies of.
   * @capability system:contacts
   */
  restore(): Promise<RestoredDrive>;
}

/** About the window that made the call. */
export interface WindowCalls {
  /**
   * Opens an app. Arguments reach only another window of the same app, unless a system app gives them.
   * @capability none
   */
  open(app: string, args?: unknown): Promise<void>;
  /** @capability none */
  setTitle(title: string): Promise<void>;
  /** @capability none */
  close(): Promise<void>;
  /**
   * While there is a reason, the desktop tells it and asks before it closes this window; `null` ends that.
   * @capability none
   */
  setBusy(reason: string | null): Promise<void>;
  /**
   * Shows a document, such as a PDF, in a window that the desktop draws.
   * @capability system:drive storage:pick
   */
  viewDocument(id: NodeId, version?: number): Promise<void>;
}

export interface ClipboardCalls {
  /** @capability none */
  writeText(text: string): Promise<void>;
  /** @capability clipboard */
  readText(): Promise<string>;
  /** @capability system:drive */
  writeFiles(clip: FileClip | null): Promise<void>;
  /** @capability system:drive */
  readFiles(): Promise<FileClip | null>;
}

export interface ThemeCalls {
  /** @capability none */
  get(): Promise<Theme>;
}

export interface I18nCalls {
  /** @capability none */
  get(): Promise<Locale>;
}

/** Everything an app can call, by namespace. */
export interface Calls {
  files: FilesCalls;
  storage: StorageCalls;
  backend: BackendCalls;
  permissions: PermissionCalls;
  notifications: NotificationCalls;
  events: EventCalls;
  windows: WindowCalls;
  clipboard: ClipboardCalls;
  theme: ThemeCalls;
  i18n: I18nCalls;
  identity: IdentityCalls;
  workflows: WorkflowCalls;
  system: SystemCalls;
  settings: SettingsCalls;
  security: SecurityCalls;
  devices: DevicesCalls;
  guardians: GuardiansCalls;
  activity: ActivityCalls;
  jobs: JobCalls;
  webdav: WebDavCalls;
  apps: AppsCalls;
  store: StoreCalls;
  sagas: SagaCalls;
  network: NetworkCalls;
  contacts: ContactsCalls;
  transfers: TransferCalls;
  copies: CopiesCalls;
}

/** Everything an app can listen to. */
export interface Topics {
  /** @capability system:drive storage:pick */
  files: DriveEvent;
  /**
   * Documents of this app that changed, in this window or in another.
   * @capability storage:own
   */
  docs: DocChange;
  /**
   * What windows of this app tell each other.
   * @capability none
   */
  events: OwnEvent;
  /**
   * What this app may do now, whenever that changes.
   * @capability none
   */
  permissions: PermissionState[];
  /** @capability none */
  theme: Theme;
  /** @capability none */
  i18n: Locale;
  /** @capability system:drive */
  clipboard: FileClip | null;
  /**
   * `false` while the node cannot be reached; `true` again means: what you have may be stale.
   * @capability none
   */
  online: boolean;
  /** @capability system:settings */
  settings: Settings;
  /** @capability system:identity */
  identity: Identity;
  /** @capability system:activity */
  activity: ActivityItem;
  /** @capability system:activity */
  notifications: Notification;
  /** @capability system:jobs */
  jobs: Job;
  /** @capability system:apps */
  apps: InstallEvent;
  /** @capability system:sagas */
  sagas: Saga;
  /** @capability system:network */
  network: NetworkChange;
  /** @capability system:contacts */
  contacts: ContactsChange;
  /** @capability system:contacts */
  transfers: TransfersChange;
}

export type Topic = keyof Topics;

type MethodsOf<T, Before extends string> = {
  [K in keyof T & string]: T[K] extends (...args: never[]) => unknown
    ? `${Before}${K}`
    : MethodsOf<T[K], `${Before}${K}.`>;
}[keyof T & string];

/** `files.list`, `storage.kv.get`, … */
export type Method = MethodsOf<Calls, "">;

/**
 * What an app must hold for a call: a permission of its manifest (`storage:own`), an area of the system (`system:drive`),
 * a backend of its own.
 */
export type Capability =
  | "storage:own"
  | "storage:pick"
  | "identity:name"
  | "identity:did-auth"
  | "notify"
  | "clipboard"
  | "backend"
  | `system:${Area}`;

/** Parts of the system that only apps of the program itself may use. */
export type Area =
  | "drive"
  | "settings"
  | "identity"
  | "security"
  | "activity"
  | "jobs"
  | "webdav"
  | "apps"
  | "store"
  | "sagas"
  | "network"
  | "contacts";
