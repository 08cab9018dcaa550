import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AppraisalRequest,
  appraise,
  evidenceFileName,
  type ReleaseMaterial,
  type Report,
} from "../../packages/appraisal/src/index.ts";
import { describeQuote, parseQuote, type QuoteView } from "../../packages/tdx-quote/src/index.ts";
import { parseHex } from "../../packages/tdx-quote/src/hex.ts";
import { type Document, nodeRelease, type ReleaseChanges } from "./release.ts";
import { createWorld, given, outcome, type World } from "./world.ts";

const FOLDER = new URL("../../../shared/vectors/", import.meta.url);
const HAS_VECTORS = existsSync(FOLDER);
if (!HAS_VECTORS) console.warn("skipped: appraisals of a real quote (no vectors folder beside the repository)");

/** 2025-06-25T00:00:00Z, when the collateral was current. */
const NOW = 1_750_809_600;

function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, FOLDER)));
}

function viewOf(quote: Uint8Array): QuoteView {
  const parsed = parseQuote(quote);
  if (!parsed.ok) throw new Error(parsed.error.code);
  return describeQuote(parsed.value);
}

function halfOf(reportData: string, half: 0 | 1): Uint8Array<ArrayBuffer> {
  return parseHex(reportData.slice(half * 64, half * 64 + 64)) ?? new Uint8Array(0);
}

/** The real machine stands in for a node: a release with its registers is signed for it, by a Sigstore of our own. */
describe.skipIf(!HAS_VECTORS)("a quote of real hardware, beside a signed release that names its registers", () => {
  let world: World;
  let quote: Uint8Array<ArrayBuffer>;
  let view: QuoteView;
  let collateral: string;

  beforeAll(async () => {
    world = await createWorld();
    quote = bytesOf("quotes/dcap-qvl-tdx-v4.bin");
    view = viewOf(quote);
    collateral = new TextDecoder().decode(bytesOf("collateral/dcap-qvl-b0c06f-2025-06.json"));
  }, 120_000);

  function releaseOf(profile: string, changes: ReleaseChanges = {}): ReleaseMaterial {
    return nodeRelease(world.platform, world.sigstore, {
      published: (document: Document) => {
        const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = view;
        const values = Object(Object(document["profiles"])[profile]);
        for (const [register, value] of Object.entries({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3 })) {
          values[register] = value;
          values[`allowed_${register}`] = [value];
        }
        delete values.root_hash;
      },
      ...changes,
    });
  }

  async function judge(changes: Partial<AppraisalRequest> = {}): Promise<Report> {
    const request: AppraisalRequest = {
      origin: "live",
      kind: "node",
      target: { url: "http://node.example.com", remoteAddress: null },
      inputs: [{ name: "quote", bytes: quote }],
      challenge: { nonce: halfOf(view.reportData, 0), source: "verifier", roundTripMs: null },
      binding: null,
      applicationHash: halfOf(view.reportData, 1),
      tag: null,
      profile: null,
      tcbStatuses: null,
      collateral: given(collateral),
      earlyCollateral: { status: "absent", reason: "not asked for" },
      releases: given([releaseOf("locked-read-only")]),
      trustAuthority: { status: "absent", reason: "not asked for" },
      now: NOW,
      otherClock: NOW,
      ...changes,
    };
    const { rootCa: _, ...anchors } = world.anchors;
    return await appraise(request, anchors);
  }

  test("passes every required step but those of a release: nothing extended its RTMR3, so no release may name it", async () => {
    const report = await judge();
    expect(report).toMatchObject({ verdict: "incomplete", class: "production", facts: { profile: null } });
    const others = report.steps.filter(({ id, required }) => required && !id.startsWith("rel."));
    expect(others.length).toBeGreaterThan(10);
    expect(others.map(({ status }) => status)).toEqual(others.map(() => "pass"));
    expect(report.because.every((id) => id.startsWith("rel."))).toBe(true);
    expect(evidenceFileName(report)).toBe("mero-evidence-node-node.example.com-20250625T000000Z.json");
  });

  test.each<{ name: string; change: () => Partial<AppraisalRequest>; verdict: Report["verdict"] }>([
    { name: "without a challenge", change: () => ({ challenge: null }), verdict: "incomplete" },
    {
      name: "with another challenge",
      change: () => ({
        challenge: { nonce: halfOf(view.reportData, 0).with(0, 1), source: "verifier", roundTripMs: null },
      }),
      verdict: "failed",
    },
    {
      name: "with values of the reader's own, which may not name it either,",
      change: () => ({ releases: given([{ ...releaseOf("locked-read-only"), origin: "user" as const, tag: null }]) }),
      verdict: "failed",
    },
    {
      name: "without collateral",
      change: () => ({ collateral: { status: "unavailable", reason: "time ran out" } }),
      verdict: "incomplete",
    },
    { name: "a year later", change: () => ({ now: NOW + 31_536_000, otherClock: null }), verdict: "failed" },
  ])("$name is $verdict", async ({ change, verdict }) => {
    expect((await judge(change())).verdict).toBe(verdict);
  });

  test("notes a wrong description under the verdict", async () => {
    const text = `{"quote":"${Buffer.from(quote).toString("hex")}","mrtd":"00"}`;
    const report = await judge({ inputs: [{ name: "answer", bytes: new TextEncoder().encode(text) }] });
    expect(outcome(report, "src.side-fields").status).toBe("warn");
    expect(report.notes.join(" ")).toContain("The sender describes its quote wrongly");
  });

  test("is never verified with one byte of the quote flipped", { timeout: 300_000 }, async () => {
    const end = viewOf(quote) && parseQuote(quote);
    if (!end.ok) throw new Error(end.error.code);
    const { length } = end.value.quoteBytes;
    const verdicts = new Set<string>();
    for (let at = 0; at < length; at += 151) {
      const flipped = quote.with(at, (quote[at] ?? 0) ^ 0x01);
      verdicts.add((await judge({ inputs: [{ name: "quote", bytes: flipped }] })).verdict);
    }
    expect([...verdicts]).not.toContain("verified");
    expect([...verdicts]).not.toContain("caution");
  });

  test("is never verified with one byte of the release flipped", { timeout: 300_000 }, async () => {
    const release = releaseOf("locked-read-only");
    const [asset] = release.assets;
    if (asset === undefined) throw new Error("no asset");
    const verdicts = new Set<string>();
    for (let at = 0; at < asset.bytes.length; at += 197) {
      const bytes = asset.bytes.with(at, (asset.bytes[at] ?? 0) ^ 0x01);
      verdicts.add((await judge({ releases: given([{ ...release, assets: [{ ...asset, bytes }] }]) })).verdict);
    }
    expect([...verdicts]).not.toContain("verified");
    expect([...verdicts]).not.toContain("caution");
  });
});
