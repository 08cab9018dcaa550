import { beforeAll, describe, expect, test } from "vitest";
import {
  appraise,
  type AppraisalRequest,
  type AttesterKind,
  type EvidenceFile,
  evidenceFileName,
  readEvidenceFile,
  type ReaderDemands,
  reappraise,
  type StepCode,
  type StepId,
  withDemands,
  writeEvidenceFile,
} from "../../packages/appraisal/src/index.ts";
import { createWorld, NOW, outcome, requestFor, type World, ZEROS } from "./world.ts";

const AUTHOR = { version: "0.0.0", commit: "0".repeat(40) };
let world: World;

beforeAll(async () => {
  world = await createWorld();
}, 120_000);

async function written(kind: AttesterKind, changes: Partial<AppraisalRequest> = {}): Promise<string> {
  const request = await requestFor(world, kind, changes);
  return writeEvidenceFile(request, world.anchors, await appraise(request, world.anchors), AUTHOR);
}

function read(content: string, owner: "user" | "file" = "user"): EvidenceFile {
  const file = readEvidenceFile(content, owner);
  if (!file.ok) throw new Error(file.error.sentence);
  return file.value;
}

describe.each<AttesterKind>(["kms", "node"])("an evidence file of a %s", (kind) => {
  test("says the same again, step by step, from its raw inputs", async () => {
    const file = read(await written(kind));
    expect(file.digestMatches).toBe(true);
    const again = await reappraise(file, world.anchors, NOW);
    expect(again).toMatchObject({ differsFromRecord: [], changedSince: [] });
    expect(again.asOf).toMatchObject({ verdict: "simulated", kind });
    expect(again.asOf.verdict).toBe(file.recorded.verdict);
  });

  test("a year later its reference data has expired, and only the verdict of today says so", async () => {
    const again = await reappraise(read(await written(kind)), world.anchors, NOW + 366 * 86_400);
    expect(again.asOf.verdict).toBe("simulated");
    expect(again.today.verdict).toBe("failed");
    expect(again.changedSince).toContainEqual({ id: "dcap.collateral", before: "pass", now: "fail" });
  });
});

test("a file names everything that was trusted in advance", async () => {
  const request = await requestFor(world, "node");
  const takenAt = "2026-11-01T00:00:00Z";
  const anchors = { ...world.anchors, release: { ...world.anchors.release, trustedRootTakenAt: takenAt } };
  const document: unknown = JSON.parse(writeEvidenceFile(request, anchors, await appraise(request, anchors), AUTHOR));
  expect(document).toMatchObject({
    anchors: {
      intel_root_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sigstore_root_date: takenAt,
      ita_root_sha256: [],
    },
  });
});

test("a file that somebody edited shows it, and its word about steps and verdict changes nothing", async () => {
  const content = await written("node", { challenge: null });
  const edited = content.replace('"verdict": "simulated"', '"verdict": "verified"');
  expect(edited).not.toBe(content);
  const file = read(edited);
  expect(file).toMatchObject({ digestMatches: false, recorded: { verdict: "verified" } });
  expect((await reappraise(file, world.anchors, NOW)).asOf.verdict).toBe("simulated");
});

test("a step that the file claims to have passed is told apart from what it comes to", async () => {
  const content = await written("node", { challenge: null });
  const document: { steps: { id: string; status: string }[] } = JSON.parse(content);
  for (const step of document.steps) if (step.id === "fresh.nonce") step.status = "pass";
  const again = await reappraise(read(JSON.stringify(document)), world.anchors, NOW);
  expect(again.differsFromRecord).toEqual([{ id: "fresh.nonce", before: "pass", now: "skip" }]);
});

test("a second quote that is slipped into a file is refused rather than chosen from", async () => {
  const content = await written("kms");
  const other: { inputs: { quote_b64: string } } = JSON.parse(await written("node"));
  const document: { inputs: { quote_b64: string } } = JSON.parse(content);
  document.inputs.quote_b64 = other.inputs.quote_b64;
  const again = await reappraise(read(JSON.stringify(document)), world.anchors, NOW);
  expect(outcome(again.asOf, "input.parse")).toEqual({ status: "fail", code: "evidence-conflict" });
  expect(again.asOf.verdict).toBe("failed");
});

test("the challenge of a file that somebody else made is their word", async () => {
  const content = await written("node");
  const own = await reappraise(read(content, "user"), world.anchors, NOW);
  const foreign = await reappraise(read(content, "file"), world.anchors, NOW);
  expect(outcome(own.asOf, "fresh.nonce")).toEqual({ status: "pass", code: null });
  expect(outcome(foreign.asOf, "fresh.nonce")).toEqual({ status: "warn", code: "nonce-not-ours" });
});

const NO_DEMANDS: ReaderDemands = {
  kind: null,
  tag: null,
  profile: null,
  binding: null,
  applicationHash: null,
  tcbStatuses: null,
  nonce: null,
};

test.each<{ name: string; demands: Partial<ReaderDemands>; step: StepId; code: StepCode }>([
  { name: "release", demands: { tag: "2.5.0" }, step: "rel.select", code: "release-unknown" },
  { name: "profile", demands: { profile: "debug" }, step: "rel.profile", code: "profile-unexpected" },
  { name: "binding", demands: { binding: ZEROS }, step: "fresh.binding", code: "binding-mismatch" },
  { name: "patch level", demands: { tcbStatuses: [] }, step: "tcb.status", code: "tcb-status-not-allowed" },
  { name: "challenge", demands: { nonce: ZEROS }, step: "fresh.nonce", code: "nonce-mismatch" },
])("a file cannot choose the $name for a reader who demands another", async ({ demands, step, code }) => {
  const file = read(await written("kms"), "file");
  const asMade = await reappraise(withDemands(file, NO_DEMANDS), world.anchors, NOW);
  expect(asMade.today.verdict).toBe("simulated");
  const again = await reappraise(withDemands(file, { ...NO_DEMANDS, ...demands }), world.anchors, NOW);
  expect(outcome(again.today, step)).toEqual({ status: "fail", code });
  expect(again.today.verdict).toBe("failed");
});

test("a file cannot choose the application for a reader who knows its hash", async () => {
  const other = new Uint8Array(32).fill(1);
  const file = read(await written("node", { applicationId: "app-1", applicationHash: ZEROS }), "file");
  const judged = async (demands: Partial<ReaderDemands>) =>
    outcome(
      (await reappraise(withDemands(file, { ...NO_DEMANDS, ...demands }), world.anchors, NOW)).today,
      "fresh.binding",
    );
  expect(await judged({ applicationHash: ZEROS })).toEqual({ status: "pass", code: null });
  expect(await judged({ applicationHash: other })).toEqual({ status: "fail", code: "binding-mismatch" });
});

test.each([
  { name: "is not JSON", edit: (text: string) => text.slice(0, -5), code: "evidence-file-malformed" },
  { name: "is a list", edit: () => "[]", code: "evidence-file-malformed" },
  {
    name: "is of another version",
    edit: (text: string) => text.replace("mero-tee/evidence/1", "mero-tee/evidence/2"),
    code: "evidence-file-unsupported",
  },
  {
    name: "has a nonce of 31 bytes",
    edit: (text: string) => text.replace(/("nonce": \{\s*"b64": ")[^"]+/, `$1${btoa("x".repeat(31))}`),
    code: "evidence-file-malformed",
  },
  {
    name: "has a time that is none",
    edit: (text: string) => text.replace(/("created_at": ")[^"]+/, "$1yesterday"),
    code: "evidence-file-malformed",
  },
  {
    name: "has a profile that does not exist",
    edit: (text: string) => text.replace('"profile": null', '"profile": "root"'),
    code: "evidence-file-malformed",
  },
])("a file that $name is refused", async ({ edit, code }) => {
  const result = readEvidenceFile(edit(await written("node")), "user");
  expect(result).toMatchObject({ ok: false, error: { code } });
});

test("the name of a file of a simulated platform says so", async () => {
  const request = await requestFor(world, "kms");
  const report = await appraise(request, world.anchors);
  expect(evidenceFileName(report)).toBe("SIMULATED-mero-evidence-kms-kms.example.com-20261101T000000Z.json");
  expect(evidenceFileName({ ...report, class: "production", target: null })).toBe(
    "mero-evidence-kms-file-20261101T000000Z.json",
  );
});
