import type { IssuedQuote } from "./evidence.ts";
import { deriveDstackAppKey, deriveDstackKey } from "./dstack-key.ts";
import {
  dstackBootEvents,
  measureBoot,
  measurementsOf,
  simulatedApplication,
  type DstackApplication,
  type GuestProfile,
  type Measurements,
} from "./measured-boot.ts";
import type { RuntimeEvent } from "./runtime-event.ts";

/** A running KMS guest under simulated dstack: its RTMR3 grows with every event that the application emits. */
export interface SimulatedGuest {
  readonly profile: GuestProfile;
  readonly application: DstackApplication;
  /** Secret of the simulated application, 32 bytes; every storage key comes from it. */
  readonly appKey: Uint8Array;
  /** The registers as they stand now. */
  registers(): Measurements;
  /** The runtime events until now, in order. */
  runtimeEvents(): readonly RuntimeEvent[];
  /** The dstack log until now, as JSON text. */
  eventLog(): string;
  /** Extends RTMR3 with a runtime event and logs it. */
  extend(name: string, payload: Uint8Array): void;
  /** A quote over 64 bytes of report data, with the log whose replay equals its registers. */
  quote(reportData: Uint8Array): Promise<IssuedQuote>;
  /** The key of a path, 32 bytes. */
  keyFor(path: string): Uint8Array;
}

/** What a guest needs from the platform that it runs on. */
export interface GuestHost {
  /** Root key of the simulated dstack KMS, 32 bytes. */
  readonly rootKey: Uint8Array;
  /** Issues a quote for the guest as it stands. */
  issue(reportData: Uint8Array, runtimeEvents: readonly RuntimeEvent[]): Promise<IssuedQuote>;
  /** Writes the log of the guest as it stands. */
  writeLog(runtimeEvents: readonly RuntimeEvent[]): string;
}

/** Boots a KMS guest up to `system-ready`; its application has emitted nothing yet. */
export function bootGuest(profile: GuestProfile, host: GuestHost, appCompose?: string): SimulatedGuest {
  const application = simulatedApplication(profile, appCompose);
  const appKey = deriveDstackAppKey(host.rootKey, application.appId);
  const boot = measureBoot("kms", profile);
  const events: RuntimeEvent[] = [...dstackBootEvents(application)];
  return {
    profile,
    application,
    appKey,
    registers: () => measurementsOf(boot, events),
    runtimeEvents: () => [...events],
    eventLog: () => host.writeLog(events),
    extend(name, payload) {
      events.push({ name, payload: payload.slice() });
    },
    quote: (reportData) => host.issue(reportData, [...events]),
    keyFor: (path) => deriveDstackKey(appKey, path),
  };
}
