import { DEFAULT_PROFILE, type Profile } from "@mero-tee/policy";

import { toHex } from "@mero-tee/tdx-quote/hex";

import type { Recipe } from "../recipe.ts";
import type { SimulatedGuest } from "../simulated-guest.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";
import { type SimulatedRelease, simulatedReleases } from "../sigstore/simulated-release.ts";
import { createSimulatedSigstore, type SimulatedSigstore } from "../sigstore/simulated-sigstore.ts";
import {
  createSimulatedTrustAuthority,
  type SimulatedTrustAuthority,
  type TokenChanges,
} from "../trust-authority/simulated-trust-authority.ts";
import { adminRoutes } from "./admin-routes.ts";
import { errorAnswer, jsonAnswer } from "./answer.ts";
import { controlRoutes } from "./control-routes.ts";
import { type DstackAgent, startDstackAgent } from "./dstack-agent.ts";
import { createFaultPlan, type Fault, type Hold } from "./faults.ts";
import { startHttpService } from "./http-service.ts";
import { announceNextBar } from "./pcs-collateral.ts";
import { pcsRoutes } from "./pcs-routes.ts";
import { releaseRoutes } from "./release-routes.ts";
import { type Route, routeRequests } from "./routes.ts";
import { trustAuthorityRoutes } from "./trust-authority-routes.ts";

/** What a simulator serves, and where. */
export interface SimulatorOptions {
  readonly platform: SimulatedPlatform;
  /** The clock, Unix seconds: collateral is issued for the present. */
  readonly now: () => number;
  /** TCP port on 127.0.0.1; 0, the default, picks a free one. */
  readonly port?: number;
  /** Serve a dstack guest agent on this Unix socket. */
  readonly dstackSocketPath?: string;
  /** The profile of the guests, `locked-read-only` where absent. */
  readonly profile?: Profile;
  /** The guest behind the agent; a fresh one, up to `system-ready`, where absent. */
  readonly guest?: SimulatedGuest;
  /** Told about every exception inside a handler, besides {@link RunningSimulator.bugs}. */
  readonly onBug?: (error: unknown) => void;
  /** What the release host serves; the releases of the platform's guests where absent. */
  readonly releases?: readonly SimulatedRelease[];
}

/** A simulator that listens. Paths name endpoints as the index at `GET /` lists them. */
export interface RunningSimulator {
  /** `http://127.0.0.1:PORT`: control surface, provisioning service and a node's admin API in one. */
  readonly url: string;
  readonly port: number;
  readonly platform: SimulatedPlatform;
  readonly profile: Profile;
  /** Null where no socket was asked for. */
  readonly agent: DstackAgent | null;
  /** The next `times` requests of an HTTP endpoint fail so (once by default). */
  readonly failNext: (path: string, fault: Fault, times?: number) => void;
  /** The next request of an HTTP endpoint waits until it is released. */
  readonly holdNext: (path: string) => Hold;
  /** Installs an application on the simulated node: attestations may bind the hash of its bytecode, 32 bytes. */
  readonly installApplication: (id: string, blobHash: Uint8Array) => void;
  /** Makes the early edition of the collateral say this in place of a bar that the platform is just below. */
  readonly announceEarly: (adjust: (recipe: Recipe) => void) => void;
  /** The Sigstore whose signatures the release host serves. */
  readonly sigstore: () => SimulatedSigstore;
  /** The stand-in of Intel Trust Authority. */
  readonly trustAuthority: () => Promise<SimulatedTrustAuthority>;
  /** Makes its tokens say something else from now on. */
  readonly changeTokens: (changes: Omit<TokenChanges, "issuedAt">) => void;
  /** Exceptions inside handlers so far; clients saw a bare 500. */
  readonly bugs: readonly unknown[];
  /** Stops listening and drops every connection; removes the socket. */
  readonly close: () => Promise<void>;
}

/** Hex of the largest body that any endpoint has a use for: quotes beyond the size limit are among the defects. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Starts the simulated platform's services on loopback.
 *
 * @throws Error if the port or the socket cannot be taken; nothing stays open then
 */
export async function startSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const { platform, now, profile = DEFAULT_PROFILE } = options;
  const faults = createFaultPlan();
  const applications = new Map<string, Uint8Array>();
  const bugs: unknown[] = [];
  let url = "";
  const early: { adjust: (recipe: Recipe) => void } = { adjust: announceNextBar };

  const sigstore = once(() => createSimulatedSigstore({ seed: toHex(platform.rootCa), now: now() }));
  const releases = once(() => options.releases ?? simulatedReleases(platform, sigstore(), now()));
  const trustAuthority = once(() => createSimulatedTrustAuthority({ now: now(), issuer: url }));
  const tokens: { changes: Omit<TokenChanges, "issuedAt"> } = { changes: {} };

  const onBug = (error: unknown): void => {
    bugs.push(error);
    options.onBug?.(error);
  };
  const routes: readonly Route[] = [
    ...controlRoutes({ platform, profile, now }),
    ...pcsRoutes({ platform, now, adjustEarly: (recipe) => early.adjust(recipe) }),
    ...adminRoutes({ platform, profile, applications }),
    ...releaseRoutes({ releases }),
    ...trustAuthorityRoutes({ authority: trustAuthority, now, changes: () => tokens.changes }),
  ];
  const index: Route = {
    method: "GET",
    path: "/",
    summary: "this list",
    answer: () => jsonAnswer(describeSimulator([index, ...routes], platform, profile, options.dstackSocketPath)),
  };

  const http = await startHttpService(
    { port: options.port ?? 0 },
    {
      bodyLimitBytes: BODY_LIMIT_BYTES,
      tooLarge: errorAnswer(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes`, "request-too-large"),
      answer: routeRequests([index, ...routes], faults),
      onBug,
    },
  );
  const agent = await startAgent(options, profile, onBug).catch(async (error: unknown) => {
    await http.close();
    throw error;
  });

  url = `http://127.0.0.1:${http.port}`;
  return {
    url,
    port: http.port,
    platform,
    profile,
    agent,
    failNext: faults.failNext,
    holdNext: faults.holdNext,
    installApplication: (id, blobHash) => {
      if (blobHash.length !== 32) throw new RangeError("a blob hash is 32 bytes");
      applications.set(id, blobHash.slice());
    },
    sigstore,
    trustAuthority,
    changeTokens: (changes) => {
      tokens.changes = changes;
    },
    announceEarly: (adjust) => {
      early.adjust = adjust;
    },
    bugs,
    close: async () => {
      faults.clear();
      await Promise.all([http.close(), agent?.close()]);
    },
  };
}

/** Makes something when it is first wanted, and then no more. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

function startAgent(
  { platform, now, dstackSocketPath, guest }: SimulatorOptions,
  profile: Profile,
  onBug: (error: unknown) => void,
): Promise<DstackAgent | null> {
  if (dstackSocketPath === undefined) return Promise.resolve(null);
  return startDstackAgent({ socketPath: dstackSocketPath, guest: guest ?? platform.bootGuest(profile), now, onBug });
}

function describeSimulator(
  routes: readonly Route[],
  platform: SimulatedPlatform,
  profile: Profile,
  dstackSocket: string | undefined,
): unknown {
  return {
    schemaVersion: 1,
    name: "mero-tee simulated TDX platform",
    profile,
    fmspc: platform.fmspc,
    dstackSocket: dstackSocket ?? null,
    endpoints: routes.map(({ method, path, summary }) => ({ method, path, summary })),
  };
}
