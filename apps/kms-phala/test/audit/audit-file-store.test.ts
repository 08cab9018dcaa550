import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AuditEvent, verifyAuditFile } from "@mero-tee/kms-protocol/audit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditFile, openAuditFile } from "../../src/audit/audit-file-store.ts";
import { NOW } from "../harness.ts";

const START: AuditEvent = { kind: "start", profile: "debug", trustAnchor: "custom", discardedBytes: 0 };
let folder: string;
let path: string;
const opened: AuditFile[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-audit-"));
  path = join(folder, "audit.jsonl");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((file) => file.close()));
  await rm(folder, { recursive: true });
});

async function openFile(): Promise<AuditFile> {
  const file = await openAuditFile(path, () => NOW);
  if (!file.ok) throw new Error(file.error);
  opened.push(file.value);
  return file.value;
}

async function write(count: number): Promise<void> {
  const file = await openFile();
  for (let index = 0; index < count; index += 1) expect(await file.append(START)).toMatchObject({ ok: true });
  await opened.pop()?.close();
}

async function contents() {
  return verifyAuditFile(await readFile(path));
}

describe("an audit file", () => {
  test("continues its chain after a restart", async () => {
    await write(2);
    await write(3);
    expect(await contents()).toMatchObject({ problem: null, summary: { head: { records: 5 } } });
  });

  test("is readable by its owner only", async () => {
    await write(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("says of each record that it is on the disk, in the order of the calls, however many at once", async () => {
    const file = await openFile();
    const written = await Promise.all(Array.from({ length: 200 }, () => file.append(START)));
    expect(written.map((head) => (head.ok ? head.value.records : 0))).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
    const last = written.at(-1);
    expect(await contents()).toMatchObject({ problem: null, summary: { head: last?.ok === true ? last.value : null } });
  });

  test("refuses what waits beyond its bound, and keeps the rest", async () => {
    const file = await openFile();
    const written = await Promise.all(Array.from({ length: 3_000 }, () => file.append(START)));
    const refused = written.filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toEqual({ ok: false, error: { reason: "too many records wait" } });
    expect(await contents()).toMatchObject({ problem: null, summary: { head: { records: 3_000 - refused.length } } });
  });

  test("never writes a record that would break it, and goes on after it", async () => {
    const file = await openFile();
    const planted: AuditEvent = { kind: "policy", source: 'x\n{"v":1}', tag: null, sha256: null };
    const [first, refused, second] = await Promise.all([START, planted, START].map((event) => file.append(event)));
    expect([first?.ok, refused?.ok, second?.ok]).toEqual([true, false, true]);
    expect(refused).toEqual({ ok: false, error: { reason: "audit-record-malformed" } });
    expect(await contents()).toMatchObject({ problem: null, summary: { head: { records: 2 } } });
  });
});

describe("a file that a crash left", () => {
  test.each([1, 20, 100])("loses %d bytes of an unfinished line, and says how many", async (cut) => {
    await write(3);
    const whole = await readFile(path);
    const secondEnds = whole.lastIndexOf("\n", whole.length - 2) + 1;
    await writeFile(path, whole.subarray(0, whole.length - cut));
    const file = await openFile();
    expect(file.discardedBytes).toBe(whole.length - cut - secondEnds);
    expect(await file.append(START)).toMatchObject({ ok: true, value: { records: 3 } });
    expect(await contents()).toMatchObject({ problem: null, summary: { head: { records: 3 } } });
  });
});

const HAS_PRLIMIT = spawnSync("prlimit", ["--version"]).status === 0;
if (!HAS_PRLIMIT) console.warn("prlimit (util-linux) is absent, the test of a full disk is skipped");

describe.skipIf(!HAS_PRLIMIT)("a disk that fills in the middle of a record", () => {
  test("gets no broken chain: the piece that fitted is taken back, and the record follows once there is room", () => {
    const script = fileURLToPath(new URL("full-disk-process.ts", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script, path, "1000"], { encoding: "utf8" });
    expect({ stdout, stderr }).toEqual({ stdout: '["1","2","3","4","5","EFBIG","EFBIG","6"]', stderr: "" });
    expect(verifyAuditFile(readFileSync(path))).toMatchObject({ problem: null, summary: { head: { records: 6 } } });
  });
});

describe("a file that is not what was written", () => {
  test.each([
    { name: "an edited record", edit: (text: string) => text.replace("debug", "debug-read-only") },
    { name: "a removed record", edit: (text: string) => text.slice(text.indexOf("\n") + 1) },
    { name: "something else", edit: () => "hello\n" },
  ])("is not continued: $name", async ({ edit }) => {
    await write(3);
    const edited = edit(await readFile(path, "utf8"));
    await writeFile(path, edited);
    const file = await openAuditFile(path, () => NOW);
    expect(file).toEqual({ ok: false, error: expect.stringMatching(/^audit-[a-z-]+: .*ine 1|^audit-[a-z-]+: Line 2/) });
    // What is there is evidence, and stays as it was found.
    expect(await readFile(path, "utf8")).toBe(edited);
  });

  test.each([
    { name: "a folder", at: () => folder },
    { name: "a device", at: () => "/dev/null" },
    { name: "a folder that is not there", at: () => join(folder, "absent", "audit.jsonl") },
  ])("is refused: $name", async ({ at }) => {
    expect(await openAuditFile(at(), () => NOW)).toMatchObject({ ok: false });
  });
});

describe("while it is open", () => {
  test("records of another process are noticed and left alone, and nothing is written after them", async () => {
    const file = await openFile();
    await file.append(START);
    await appendFile(path, "planted\n");
    const before = await readFile(path, "utf8");
    expect(await file.append(START)).toEqual({ ok: false, error: { reason: "another process wrote to it" } });
    expect(await file.append(START)).toMatchObject({ ok: false });
    expect(file.isBroken()).toBe(true);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("a file that is cut is noticed", async () => {
    const file = await openFile();
    await file.append(START);
    await writeFile(path, "");
    expect(await file.append(START)).toMatchObject({ ok: false });
  });

  test("a file that was moved away is noticed, and written to again once it is back", async () => {
    const file = await openFile();
    await file.append(START);
    await rename(path, `${path}.1`);
    expect(await file.append(START)).toEqual({ ok: false, error: { reason: "ENOENT" } });
    await writeFile(path, "");
    expect(await file.append(START)).toEqual({ ok: false, error: { reason: "it was moved or replaced" } });
    await rename(`${path}.1`, path);
    expect(await file.append(START)).toMatchObject({ ok: true, value: { records: 2 } });
    expect(file.isBroken()).toBe(false);
    expect(await contents()).toMatchObject({ problem: null, summary: { head: { records: 2 } } });
  });
});
