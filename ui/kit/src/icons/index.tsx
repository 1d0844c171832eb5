import Activity from "lucide-react/icons/activity";
import Archive from "lucide-react/icons/archive";
import ArrowDown from "lucide-react/icons/arrow-down";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import ArrowUp from "lucide-react/icons/arrow-up";
import Bell from "lucide-react/icons/bell";
import BookOpen from "lucide-react/icons/book-open";
import Bookmark from "lucide-react/icons/bookmark";
import Calendar from "lucide-react/icons/calendar";
import Camera from "lucide-react/icons/camera";
import ChartColumn from "lucide-react/icons/chart-column";
import Check from "lucide-react/icons/check";
import ChevronDown from "lucide-react/icons/chevron-down";
import ChevronLeft from "lucide-react/icons/chevron-left";
import ChevronRight from "lucide-react/icons/chevron-right";
import ChevronUp from "lucide-react/icons/chevron-up";
import Circle from "lucide-react/icons/circle";
import CircleAlert from "lucide-react/icons/circle-alert";
import CircleCheck from "lucide-react/icons/circle-check";
import CircleHelp from "lucide-react/icons/circle-help";
import CirclePlay from "lucide-react/icons/circle-play";
import Clipboard from "lucide-react/icons/clipboard";
import Clock from "lucide-react/icons/clock";
import Cloud from "lucide-react/icons/cloud";
import Code from "lucide-react/icons/code";
import Copy from "lucide-react/icons/copy";
import CreditCard from "lucide-react/icons/credit-card";
import Database from "lucide-react/icons/database";
import Download from "lucide-react/icons/download";
import Ellipsis from "lucide-react/icons/ellipsis";
import ExternalLink from "lucide-react/icons/external-link";
import Eye from "lucide-react/icons/eye";
import EyeOff from "lucide-react/icons/eye-off";
import File from "lucide-react/icons/file";
import FileText from "lucide-react/icons/file-text";
import Filter from "lucide-react/icons/filter";
import Flag from "lucide-react/icons/flag";
import Folder from "lucide-react/icons/folder";
import FolderOpen from "lucide-react/icons/folder-open";
import Globe from "lucide-react/icons/globe";
import Grid2x2 from "lucide-react/icons/grid-2x2";
import GripVertical from "lucide-react/icons/grip-vertical";
import Hash from "lucide-react/icons/hash";
import Heart from "lucide-react/icons/heart";
import House from "lucide-react/icons/house";
import Picture from "lucide-react/icons/image";
import Inbox from "lucide-react/icons/inbox";
import Info from "lucide-react/icons/info";
import KeyRound from "lucide-react/icons/key-round";
import Layers from "lucide-react/icons/layers";
import LayoutGrid from "lucide-react/icons/layout-grid";
import Link from "lucide-react/icons/link";
import List from "lucide-react/icons/list";
import ListChecks from "lucide-react/icons/list-checks";
import ListFilter from "lucide-react/icons/list-filter";
import Lock from "lucide-react/icons/lock";
import LogOut from "lucide-react/icons/log-out";
import Mail from "lucide-react/icons/mail";
import MapPin from "lucide-react/icons/map-pin";
import Maximize from "lucide-react/icons/maximize";
import MessageSquare from "lucide-react/icons/message-square";
import Mic from "lucide-react/icons/mic";
import Minus from "lucide-react/icons/minus";
import Moon from "lucide-react/icons/moon";
import Music from "lucide-react/icons/music";
import Package from "lucide-react/icons/package";
import Palette from "lucide-react/icons/palette";
import Paperclip from "lucide-react/icons/paperclip";
import Pause from "lucide-react/icons/pause";
import Pencil from "lucide-react/icons/pencil";
import Phone from "lucide-react/icons/phone";
import Pin from "lucide-react/icons/pin";
import Play from "lucide-react/icons/play";
import Plus from "lucide-react/icons/plus";
import Printer from "lucide-react/icons/printer";
import Puzzle from "lucide-react/icons/puzzle";
import Redo2 from "lucide-react/icons/redo-2";
import RefreshCw from "lucide-react/icons/refresh-cw";
import Rocket from "lucide-react/icons/rocket";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import Save from "lucide-react/icons/save";
import Search from "lucide-react/icons/search";
import Send from "lucide-react/icons/send";
import Server from "lucide-react/icons/server";
import Settings from "lucide-react/icons/settings";
import Share2 from "lucide-react/icons/share-2";
import Shield from "lucide-react/icons/shield";
import ShieldCheck from "lucide-react/icons/shield-check";
import ShoppingBag from "lucide-react/icons/shopping-bag";
import ShoppingCart from "lucide-react/icons/shopping-cart";
import SlidersHorizontal from "lucide-react/icons/sliders-horizontal";
import Sparkles from "lucide-react/icons/sparkles";
import SquarePen from "lucide-react/icons/square-pen";
import Star from "lucide-react/icons/star";
import Store from "lucide-react/icons/store";
import Sun from "lucide-react/icons/sun";
import Tag from "lucide-react/icons/tag";
import Terminal from "lucide-react/icons/terminal";
import ThumbsUp from "lucide-react/icons/thumbs-up";
import Timer from "lucide-react/icons/timer";
import Trash2 from "lucide-react/icons/trash-2";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import Undo2 from "lucide-react/icons/undo-2";
import Upload from "lucide-react/icons/upload";
import User from "lucide-react/icons/user";
import UserPlus from "lucide-react/icons/user-plus";
import Users from "lucide-react/icons/users";
import Video from "lucide-react/icons/video";
import Wallet from "lucide-react/icons/wallet";
import Wifi from "lucide-react/icons/wifi";
import Wrench from "lucide-react/icons/wrench";
import X from "lucide-react/icons/x";
import Zap from "lucide-react/icons/zap";
import ZoomIn from "lucide-react/icons/zoom-in";
import ZoomOut from "lucide-react/icons/zoom-out";
import type { IconType } from "../components/Menu";

/** Icons that every app has without shipping them, by their Lucide names. */
export type IconName =
  | "activity"
  | "archive"
  | "arrow-down"
  | "arrow-left"
  | "arrow-right"
  | "arrow-up"
  | "bell"
  | "book-open"
  | "bookmark"
  | "calendar"
  | "camera"
  | "chart-column"
  | "check"
  | "chevron-down"
  | "chevron-left"
  | "chevron-right"
  | "chevron-up"
  | "circle"
  | "circle-alert"
  | "circle-check"
  | "circle-help"
  | "circle-play"
  | "clipboard"
  | "clock"
  | "cloud"
  | "code"
  | "copy"
  | "credit-card"
  | "database"
  | "download"
  | "ellipsis"
  | "external-link"
  | "eye"
  | "eye-off"
  | "file"
  | "file-text"
  | "filter"
  | "flag"
  | "folder"
  | "folder-open"
  | "globe"
  | "grid-2x2"
  | "grip-vertical"
  | "hash"
  | "heart"
  | "house"
  | "image"
  | "inbox"
  | "info"
  | "key-round"
  | "layers"
  | "layout-grid"
  | "link"
  | "list"
  | "list-checks"
  | "list-filter"
  | "lock"
  | "log-out"
  | "mail"
  | "map-pin"
  | "maximize"
  | "message-square"
  | "mic"
  | "minus"
  | "moon"
  | "music"
  | "package"
  | "palette"
  | "paperclip"
  | "pause"
  | "pencil"
  | "phone"
  | "pin"
  | "play"
  | "plus"
  | "printer"
  | "puzzle"
  | "redo-2"
  | "refresh-cw"
  | "rocket"
  | "rotate-ccw"
  | "save"
  | "search"
  | "send"
  | "server"
  | "settings"
  | "share-2"
  | "shield"
  | "shield-check"
  | "shopping-bag"
  | "shopping-cart"
  | "sliders-horizontal"
  | "sparkles"
  | "square-pen"
  | "star"
  | "store"
  | "sun"
  | "tag"
  | "terminal"
  | "thumbs-up"
  | "timer"
  | "trash-2"
  | "triangle-alert"
  | "undo-2"
  | "upload"
  | "user"
  | "user-plus"
  | "users"
  | "video"
  | "wallet"
  | "wifi"
  | "wrench"
  | "x"
  | "zap"
  | "zoom-in"
  | "zoom-out";

const ICONS: Readonly<Record<IconName, IconType>> = {
  activity: Activity,
  archive: Archive,
  "arrow-down": ArrowDown,
  "arrow-left": ArrowLeft,
  "arrow-right": ArrowRight,
  "arrow-up": ArrowUp,
  bell: Bell,
  "book-open": BookOpen,
  bookmark: Bookmark,
  calendar: Calendar,
  camera: Camera,
  "chart-column": ChartColumn,
  check: Check,
  "chevron-down": ChevronDown,
  "chevron-left": ChevronLeft,
  "chevron-right": ChevronRight,
  "chevron-up": ChevronUp,
  circle: Circle,
  "circle-alert": CircleAlert,
  "circle-check": CircleCheck,
  "circle-help": CircleHelp,
  "circle-play": CirclePlay,
  clipboard: Clipboard,
  clock: Clock,
  cloud: Cloud,
  code: Code,
  copy: Copy,
  "credit-card": CreditCard,
  database: Database,
  download: Download,
  ellipsis: Ellipsis,
  "external-link": ExternalLink,
  eye: Eye,
  "eye-off": EyeOff,
  file: File,
  "file-text": FileText,
  filter: Filter,
  flag: Flag,
  folder: Folder,
  "folder-open": FolderOpen,
  globe: Globe,
  "grid-2x2": Grid2x2,
  "grip-vertical": GripVertical,
  hash: Hash,
  heart: Heart,
  house: House,
  image: Picture,
  inbox: Inbox,
  info: Info,
  "key-round": KeyRound,
  layers: Layers,
  "layout-grid": LayoutGrid,
  link: Link,
  list: List,
  "list-checks": ListChecks,
  "list-filter": ListFilter,
  lock: Lock,
  "log-out": LogOut,
  mail: Mail,
  "map-pin": MapPin,
  maximize: Maximize,
  "message-square": MessageSquare,
  mic: Mic,
  minus: Minus,
  moon: Moon,
  music: Music,
  package: Package,
  palette: Palette,
  paperclip: Paperclip,
  pause: Pause,
  pencil: Pencil,
  phone: Phone,
  pin: Pin,
  play: Play,
  plus: Plus,
  printer: Printer,
  puzzle: Puzzle,
  "redo-2": Redo2,
  "refresh-cw": RefreshCw,
  rocket: Rocket,
  "rotate-ccw": RotateCcw,
  save: Save,
  search: Search,
  send: Send,
  server: Server,
  settings: Settings,
  "share-2": Share2,
  shield: Shield,
  "shield-check": ShieldCheck,
  "shopping-bag": ShoppingBag,
  "shopping-cart": ShoppingCart,
  "sliders-horizontal": SlidersHorizontal,
  sparkles: Sparkles,
  "square-pen": SquarePen,
  star: Star,
  store: Store,
  sun: Sun,
  tag: Tag,
  terminal: Terminal,
  "thumbs-up": ThumbsUp,
  timer: Timer,
  "trash-2": Trash2,
  "triangle-alert": TriangleAlert,
  "undo-2": Undo2,
  upload: Upload,
  user: User,
  "user-plus": UserPlus,
  users: Users,
  video: Video,
  wallet: Wallet,
  wifi: Wifi,
  wrench: Wrench,
  x: X,
  zap: Zap,
  "zoom-in": ZoomIn,
  "zoom-out": ZoomOut,
};

export const ICON_NAMES = Object.keys(ICONS) as IconName[];

export interface IconProps {
  name: IconName;
  /** CSS pixels. */
  size?: number;
  /** What it means, where no text beside it says so; without one it is decoration. */
  label?: string;
  className?: string;
}

/** One of the icons of the desktop, in the colour of the text around it. */
export function Icon({ name, size = 18, label, className }: IconProps) {
  const Glyph = ICONS[name];
  const glyph = <Glyph size={size} aria-hidden="true" {...(className === undefined ? {} : { className })} />;
  if (label === undefined) return glyph;
  return (
    <span role="img" aria-label={label} style={{ display: "inline-flex" }}>
      {glyph}
    </span>
  );
}
