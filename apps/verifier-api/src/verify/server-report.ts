import {
  type Anchors,
  APPRAISAL_ASSETS,
  appraise,
  type AppraisalRequest,
  type AttesterKind,
  likelyRelease,
  RELEASE_SEARCH_LIMIT,
  type ReleaseAsset,
  type ReleaseMaterial,
  type Supply,
  WITHOUT_CATALOG,
  withdrawnReleases,
} from "@mero-tee/appraisal";
import type { ReleaseService } from "../releases/release-service.ts";
import { versionOfTag } from "../releases/release-tag.ts";
import type { CollateralAnswer } from "../wire/collateral-answer.ts";
import type { ServerReport } from "../wire/verify-answer.ts";
import type { ReceivedEvidence } from "./attestation-members.ts";
import type { VerifyOrder } from "./verify-order.ts";

/** Everything that was gathered for one request. */
interface ReportSubject {
  readonly order: VerifyOrder;
  readonly evidence: ReceivedEvidence;
  readonly fetched: { readonly url: string; readonly remote_address: string } | null;
  readonly nonce: Uint8Array<ArrayBuffer> | null;
  readonly nonceSource: "client" | "server" | "none";
  readonly collateral: CollateralAnswer | null;
  readonly earlyCollateral: CollateralAnswer | null;
  readonly opinion: { readonly token: string; readonly keys: readonly unknown[] } | null;
}

/** Makes the report that scripts read: the steps that browsers run, on this machine. */
export interface Reporter {
  /** Null where it could not be made in time. */
  report(subject: ReportSubject): Promise<ServerReport | null>;
}

/** What reports need. */
export interface ReporterPorts {
  readonly anchors: Anchors;
  readonly releases: ReleaseService;
  readonly nowSeconds: () => number;
  readonly version: string;
  /** Resolves to null when no more time is spent on a report. */
  readonly giveUp: () => Promise<null>;
}

const COURIER = "Intel, fetched by this service";

/** Source: docs/verifier-api.md: the same core run on the server, for scripts. */
export function createReporter(ports: ReporterPorts): Reporter {
  return {
    async report(subject) {
      const making = make(subject, ports);
      // Losing the race, it goes on until its downloads end, and fills the memory for the next one.
      making.catch(() => undefined);
      return await Promise.race([making, ports.giveUp()]);
    },
  };
}

async function make(subject: ReportSubject, ports: ReporterPorts): Promise<ServerReport> {
  const { order, evidence, fetched, opinion } = subject;
  const kind = order.subject.kind === "given" ? kindOf(order) : order.subject.kind;
  const text = JSON.stringify(evidence.members);
  const absent = { status: "absent", reason: "not asked for" } as const;
  const request: AppraisalRequest = {
    origin: fetched === null ? "file" : "live",
    kind,
    target: fetched === null ? null : { url: fetched.url, remoteAddress: fetched.remote_address },
    inputs: [{ name: "answer", bytes: new TextEncoder().encode(text) }],
    challenge: challengeOf(subject),
    binding: order.binding,
    ...(order.applicationId === null ? {} : { applicationId: order.applicationId }),
    applicationHash: order.applicationHash,
    tag: order.tag,
    profile: order.profile,
    tcbStatuses: null,
    collateral: supplyOf(subject.collateral),
    earlyCollateral: supplyOf(subject.earlyCollateral),
    releases:
      kind === null ? absent : await gatherReleases(kind, order.tag, likelyRelease(kind, evidence.quote, text), ports),
    trustAuthority:
      opinion === null
        ? absent
        : {
            status: "given",
            value: { token: opinion.token, keySet: JSON.stringify({ keys: opinion.keys }) },
            source: "Intel Trust Authority, asked by this service",
          },
    now: ports.nowSeconds(),
    otherClock: null,
  };
  const { verdict, steps } = await appraise(request, ports.anchors);
  return { verdict, steps, core_version: ports.version };
}

/** The family of the release that a caller names says what the evidence is of. */
function kindOf({ tag }: VerifyOrder): AttesterKind | null {
  if (tag === null) return null;
  return versionOfTag("kms", tag) === null ? "node" : "kms";
}

function challengeOf({ nonce, nonceSource, fetched }: ReportSubject): AppraisalRequest["challenge"] {
  if (nonce === null) return null;
  const source = nonceSource === "server" ? "server" : fetched === null ? "user" : "verifier";
  return { nonce, source, roundTripMs: null };
}

function supplyOf(collateral: CollateralAnswer | null): Supply<string> {
  if (collateral === null) return { status: "unavailable", reason: "No collateral could be fetched" };
  return { status: "given", value: JSON.stringify(collateral), source: COURIER };
}

async function gatherReleases(
  kind: AttesterKind,
  tag: string | null,
  fits: (assets: readonly ReleaseAsset[]) => boolean,
  { releases }: ReporterPorts,
): Promise<Supply<readonly ReleaseMaterial[]>> {
  const unavailable = { status: "unavailable", reason: "No signed release data could be fetched" } as const;
  const [listed, catalog] = await Promise.all([releases.list(kind), releases.catalog()]);
  const withdrawn = catalog.ok ? withdrawnReleases(catalog.value) : null;
  const source = `the release host, asked by this service${withdrawn === null ? WITHOUT_CATALOG : ""}`;
  const given = (value: readonly ReleaseMaterial[]) => ({ status: "given", value, source }) as const;
  const known = listed.ok ? listed.value.releases : [];
  if (tag === null && !listed.ok) return unavailable;
  const newest = known.find((release) => release.newest);
  const listing = newest === undefined ? {} : { newestListed: newest.tag };
  const wanted = tag === null ? known.slice(0, RELEASE_SEARCH_LIMIT).map((release) => release.tag) : [tag];
  const found: ReleaseMaterial[] = [];
  for (const candidate of wanted) {
    const fetched = await Promise.all(APPRAISAL_ASSETS[kind].map((name) => releases.asset(kind, candidate, name)));
    if (fetched.some((asset) => !asset.ok && asset.error.code !== "release_not_found")) {
      return found.length === 0 ? unavailable : given(found);
    }
    const assets = fetched.flatMap((asset, index) =>
      asset.ok
        ? [{ name: APPRAISAL_ASSETS[kind][index] ?? "", bytes: asset.value.bytes, sidecars: asset.value.sidecars }]
        : [],
    );
    if (assets.length === 0) continue;
    const publishedAt = known.find((release) => release.tag === candidate)?.published_at ?? null;
    found.push({
      tag: candidate,
      origin: "published",
      publishedAt,
      withdrawn: withdrawn?.get(candidate) ?? null,
      ...listing,
      assets,
    });
    if (fits(assets)) break;
  }
  return found.length === 0 ? { status: "absent", reason: "There is no such release" } : given(found);
}
