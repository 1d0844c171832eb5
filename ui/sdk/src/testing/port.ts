import type { Method } from "../contract";
import { PATIENT } from "../methods.gen";
import { createOs, type Os, type Transport } from "../os";
import { createPortTransport, type PortOptions, type PortTransport } from "../port";
import { answerPort, type PortHost } from "./answer";
import type { MemoryOs } from "./memory";

/** The same OS in memory, reached over a real MessagePort as from a frame. */
export interface PortOs {
  os: Os;
  transport: PortTransport;
  host: PortHost;
}

/** Puts a port between an app and the OS in memory, with the checks that the shell makes. */
export function throughPort(memory: Pick<MemoryOs, "transport">, options: PortOptions = {}): PortOs {
  const { port1, port2 } = new MessageChannel();
  const inner: Transport = memory.transport;
  const host = answerPort(port1, {
    call: (method: Method, args, call) => inner.call(method, args, call),
    subscribe: inner.subscribe,
  });
  const transport = createPortTransport(port2, { patient: PATIENT, ...options });
  return { os: createOs(transport), transport, host };
}
