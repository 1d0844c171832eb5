/**
 * What the shell's broker needs to judge the calls of an app, made from the contract: which methods there are, what each
 * one needs, what its arguments look like. Everything here takes values from outside and never throws on them.
 */
import type { Capability, Method, Topic } from "../contract";
import { METHODS, TOPICS } from "../methods.gen";
import { fits } from "./shapes";
import { SHAPES } from "./shapes.gen";

export { type ArgumentShape, fits, type Shape } from "./shapes";
export { CAPABILITY, SHAPES, TOPIC_CAPABILITY } from "./shapes.gen";

const methods: ReadonlySet<string> = new Set(METHODS);
const topics: ReadonlySet<string> = new Set(TOPICS);

export const isMethod = (name: unknown): name is Method => typeof name === "string" && methods.has(name);
export const isTopic = (name: unknown): name is Topic => typeof name === "string" && topics.has(name);

/** What is wrong with the arguments of a call; `undefined` when nothing is. */
export function complaint(method: Method, args: readonly unknown[]): string | undefined {
  const { least, args: shapes } = SHAPES[method];
  if (args.length < least) return `${method} takes at least ${least} arguments`;
  if (args.length > shapes.length) return `${method} takes at most ${shapes.length} arguments`;
  const wrong = shapes.findIndex((shape, index) => {
    const value = args[index];
    return value === undefined ? index < least : !fits(shape, value);
  });
  return wrong < 0 ? undefined : `argument ${wrong + 1} of ${method} has another shape`;
}

/** Whether somebody who holds `held` may do what needs one of `needed`. */
export function suffices(held: ReadonlySet<Capability>, needed: readonly Capability[]): boolean {
  return needed.length === 0 || needed.some(one => held.has(one));
}
