import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  documentText,
  GITHUB_ACTIONS_ISSUER,
  laneIdentity,
  type ReleaseLane,
  type SidecarSuffix,
} from "../../packages/release-artifacts/src/index.ts";
import { ok } from "../../packages/tdx-quote/src/result.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../../packages/tee-simulator/src/index.ts";
import {
  createSimulatedSigstore,
  type SignOptions,
  type SimulatedSigstore,
} from "../../packages/tee-simulator/src/sigstore/index.ts";
import { startSimulator } from "../../packages/tee-simulator/src/server/index.ts";
import { createGithubHost } from "../release/github-client.ts";
import { createMeroTee } from "../release/mero-tee.ts";
import type { LaneRun, LaneTools } from "../release/release-lane.ts";
import { type GithubStandIn, startGithubStandIn } from "./github-stand-in.ts";
import { startGoogleStandIn } from "./google-stand-in.ts";

/** The repository whose releases are rehearsed: the real one, so that every name and address is the real one too. */
export const REPOSITORY = "calimero-network/mero-tee";
/** Numeric ids of repository and owner, as certificates carry them. */
export const SIGNER_IDS = { repositoryId: "1", ownerId: "2" } as const;

/** Where Intel Trust Authority is asked, and where its keys are. */
const TRUST_AUTHORITY = {
  api: "https://api.trustauthority.intel.com",
  portal: "https://portal.trustauthority.intel.com",
} as const;

/** Everything around a rehearsal: nothing in it is further away than loopback. */
export interface RehearsalWorld {
  /** A directory of its own, removed at the end. */
  readonly directory: string;
  readonly platform: SimulatedPlatform;
  readonly sigstore: SimulatedSigstore;
  readonly github: GithubStandIn;
  /** The trusted root of the simulated Sigstore, and the root certificate of the simulated platform. */
  readonly trustedRootFile: string;
  readonly rootCaFile: string;
  /** The root of who endorses the simulated firmware in Google's place. */
  readonly endorsementRootFile: string;
  /** A compatibility catalog, empty at first. */
  readonly catalogFile: string;
  readonly commit: string;
  /** Goes to loopback, and nowhere else. */
  readonly fetch: typeof fetch;
  readonly close: () => Promise<void>;
}

/** Makes a world: a simulated TDX platform, a Sigstore of its own, a release host. */
export async function createRehearsalWorld(): Promise<RehearsalWorld> {
  const now = Math.floor(Date.now() / 1000);
  // Short, since the path of a Unix socket below it has at most 107 bytes.
  const directory = await mkdtemp(join("/tmp", "mero-tee-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  const platform = await createSimulatedPlatform({ now });
  const sigstore = createSimulatedSigstore({ now, seed: directory });
  const hosted = join(directory, "host");
  await mkdir(hosted);
  const github = await startGithubStandIn(hosted, REPOSITORY);
  const authority = await startSimulator({ platform, now: () => Math.floor(Date.now() / 1000) });
  authority.changeTokens({ claims: { iss: TRUST_AUTHORITY.portal } });
  const google = await startGoogleStandIn(now);
  const trustedRootFile = join(directory, "trusted_root.json");
  const endorsementRootFile = join(directory, "gce-tcb-root.pem");
  const rootCaFile = join(directory, "root-ca.pem");
  await writeFile(trustedRootFile, sigstore.trustedRoot);
  await writeFile(rootCaFile, platform.rootCaPem);
  await writeFile(endorsementRootFile, google.rootPem);
  const catalogFile = join(directory, "compatibility-catalog.json");
  await writeFile(catalogFile, documentText({ schema_version: 1, releases: [] }));
  return {
    directory,
    platform,
    sigstore,
    github,
    trustedRootFile,
    rootCaFile,
    endorsementRootFile,
    catalogFile,
    commit: commitOfCheckout(),
    fetch: loopbackFetch(
      new Map([
        ...github.origins,
        ...google.origins,
        ...Object.values(TRUST_AUTHORITY).map((origin) => [origin, authority.url] as const),
      ]),
    ),
    async close() {
      await authority.close();
      await google.close();
      await github.close();
      remove();
      process.off("exit", remove);
    },
  };
}

/** The commit that is rehearsed; outside of a clone there is none, and one is made up. */
function commitOfCheckout(): string {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  try {
    const commit = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (/^[0-9a-f]{40}\n$/.test(commit)) return commit.trim();
  } catch {
    // No git, or no clone: the rehearsal does not depend on which commit it is.
  }
  return "0".repeat(39) + "1";
}

/** A network in which GitHub, Google's bucket and Intel Trust Authority are on loopback, and nothing else exists. */
function loopbackFetch(origins: ReadonlyMap<string, string>): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const { origin } = new URL(url);
    const stand = origins.get(origin);
    const isLoopback = origin.startsWith("http://127.0.0.1:");
    if (stand === undefined && !isLoopback) throw new TypeError(`a rehearsal goes nowhere: ${origin}`);
    return await fetch(stand === undefined ? url : stand + url.slice(origin.length), init);
  };
}

/** How the signing of one file departs from what a lane does. */
export type SigningChanges = (name: string) => Partial<SignOptions>;

/** The tools of one run: the `mero-tee` command in this world, signing as that run. */
export function toolsOf(world: RehearsalWorld, run: SigningRun, changes: SigningChanges = () => ({})): LaneTools {
  const fetch: typeof globalThis.fetch = world.fetch;
  const meroTee = createMeroTee({
    environment: {
      SOURCE_DATE_EPOCH: String(Math.floor(Date.now() / 1000)),
      ITA_API_KEY: "rehearsal",
    },
    fetch,
    signFile: (name, bytes) => Promise.resolve(ok(signAs(world, run, bytes, changes(name)))),
  });
  return { meroTee, host: createGithubHost({ fetch, repository: REPOSITORY, token: "rehearsal" }) };
}

/** What certificates say about a run. */
export type SigningRun = Pick<LaneRun, "lane" | "commit" | "runId" | "runAttempt">;

/** Signs bytes as the workflow of a lane would, in one run. */
function signAs(
  { sigstore }: RehearsalWorld,
  run: SigningRun,
  bytes: Uint8Array,
  changes: Partial<SignOptions> = {},
): ReadonlyMap<SidecarSuffix, Uint8Array<ArrayBuffer>> {
  const home = `https://github.com/${REPOSITORY}`;
  const extensions = {
    sourceRepositoryUri: home,
    sourceRepositoryDigest: run.commit,
    buildTrigger: "push",
    runnerEnvironment: "github-hosted",
    sourceRepositoryIdentifier: SIGNER_IDS.repositoryId,
    sourceRepositoryOwnerIdentifier: SIGNER_IDS.ownerId,
    runInvocationUri: `${home}/actions/runs/${run.runId}/attempts/${run.runAttempt}`,
    ...changes.extensions,
  };
  const signed = sigstore.sign(bytes, {
    identity: identityOf(run.lane),
    issuer: GITHUB_ACTIONS_ISSUER,
    ...changes,
    extensions,
  });
  const texts: readonly (readonly [SidecarSuffix, string | null])[] = [
    [".sigstore.json", signed.bundle],
    [".bundle.json", signed.cosignBundle],
    [".sig", signed.signature],
    [".pem", signed.certificate],
  ];
  return new Map(
    texts.flatMap(([suffix, text]) => (text === null ? [] : [[suffix, new TextEncoder().encode(text)] as const])),
  );
}

function identityOf(lane: ReleaseLane): string {
  const identity = laneIdentity(lane, REPOSITORY);
  return "exact" in identity ? identity.exact : identity.pattern;
}
