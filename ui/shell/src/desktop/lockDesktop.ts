import { lock } from "../session";
import { flushLayout } from "./layout";

/** Writes the last change of the layout, then locks the node for everybody. */
export async function lockDesktop(): Promise<void> {
  await flushLayout();
  await lock();
}
