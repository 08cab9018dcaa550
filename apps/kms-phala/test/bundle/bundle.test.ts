import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DOCUMENT_SHAPES, parseDocument, readArchive } from "@mero-tee/release-artifacts";
import { publicTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import { SIMULATED_MARK } from "@mero-tee/tee-simulator";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleService } from "../../bundle/bundle-service.ts";
import { bundledPackages } from "../../bundle/bundled-packages.ts";
import { noticesOf } from "../../bundle/notices.ts";
import { releaseFiles } from "../../bundle/release-files.ts";
import { platform } from "../harness.ts";
import { copyWorkspace } from "./other-directory.ts";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const BUILD = { version: "2.4.0", commit: "aed4e223e6c3b94322280fef57aa739cd233ca2d" };
const COMMIT_TIME = 1_768_472_400;
const LIMIT_MS = 180_000;
const MEMBERS = ["mero-kms-phala.mjs", "NOTICES.txt", "LICENSE-APACHE", "LICENSE-MIT"];
const FILES = [
  "mero-kms-phala.mjs",
  "NOTICES.txt",
  "mero-kms-phala_node.tar.gz",
  "kms-phala-binaries-sbom.spdx.json",
] as const;

let files: ReadonlyMap<string, Uint8Array>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-bundle-"));
  files = await releaseFiles(BUILD, COMMIT_TIME);
}, LIMIT_MS);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function textOf(name: (typeof FILES)[number]): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(files.get(name));
}

/** Bytes as they may stand in a program: hex, base64 of either kind, or a list of numbers. */
function spellingsOf(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  return [buffer.toString("hex"), buffer.toString("base64"), buffer.toString("base64url"), [...bytes].join(", ")];
}

/** What of a simulated platform stands in a program. */
function simulatedPartsOf(code: string): readonly string[] {
  const root = platform.rootCa;
  // The public key of a P-256 root starts after the fixed head of its SubjectPublicKeyInfo.
  const head = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");
  const at = Buffer.from(root).indexOf(head) + head.length;
  const key = root.subarray(at, at + 64);
  return [
    "tee-simulator",
    "createSimulatedPlatform",
    "simulated.invalid",
    SIMULATED_MARK,
    ...spellingsOf(root),
    ...spellingsOf(key),
  ].filter((part) => code.includes(part));
}

describe("two builds of one commit", () => {
  test(
    "in two directories, under other circumstances, are the same bytes",
    async () => {
      const elsewhere = await copyWorkspace();
      try {
        const main = join(elsewhere.path, "apps/kms-phala/bundle/main.ts");
        const out = join(folder, "elsewhere");
        const args = [main, "--version", BUILD.version, "--commit", BUILD.commit, "--out", out];
        await execa(process.execPath, args, {
          cwd: folder,
          extendEnv: false,
          env: {
            SOURCE_DATE_EPOCH: String(COMMIT_TIME),
            TZ: "Asia/Tokyo",
            LC_ALL: "C",
            HOME: folder,
            NODE_ENV: "test",
          },
        });
        expect((await readdir(out)).toSorted()).toEqual([...FILES].toSorted());
        for (const name of FILES) {
          const other = await readFile(join(out, name));
          expect({ name, isSame: other.equals(files.get(name) ?? new Uint8Array()) }).toEqual({ name, isSame: true });
        }
      } finally {
        await elsewhere.remove();
      }
    },
    LIMIT_MS,
  );

  test(
    "differ as soon as the commit does",
    async () => {
      const { code } = await bundleService({ ...BUILD, commit: "0".repeat(40) });
      const here = textOf("mero-kms-phala.mjs");
      expect(code === here).toBe(false);
      expect(code.replace("0".repeat(40), BUILD.commit) === here).toBe(true);
    },
    LIMIT_MS,
  );
});

describe("the bundle", () => {
  test("names nothing of the machine that made it", () => {
    for (const name of ["mero-kms-phala.mjs", "NOTICES.txt", "kms-phala-binaries-sbom.spdx.json"] as const) {
      const text = textOf(name);
      for (const trace of [REPOSITORY, "/.pnpm/", process.execPath, tmpdir()]) {
        expect({ name, trace, isIn: text.includes(trace) }).toEqual({ name, trace, isIn: false });
      }
    }
  });

  test("has Intel's root, the trusted root of Sigstore and the floor of policies compiled in", () => {
    const code = textOf("mero-kms-phala.mjs");
    // A long text may stand in pieces, as in the source.
    const whole = code.replaceAll(/"\s*\+\s*"/g, "");
    const logs = publicTrustedRoot().transparencyLogs.map(({ logId }) => Buffer.from(logId).toString("base64"));
    expect(logs.length).toBeGreaterThan(0);
    const intel = Buffer.from(INTEL_SGX_ROOT_CA).toString("base64");
    const parts = [intel, ...logs, "fulcio.sigstore.dev", JSON.stringify(BUILD.version), JSON.stringify(BUILD.commit)];
    expect(parts.filter((part) => !whole.includes(part))).toEqual([]);
  });

  test("has nothing of the simulator, which a service that imports it would have", { timeout: LIMIT_MS }, async () => {
    expect(simulatedPartsOf(textOf("mero-kms-phala.mjs"))).toEqual([]);
    const planted = await bundleService(BUILD, "test/bundle/planted-entry.ts");
    expect(simulatedPartsOf(planted.code)).toEqual(
      expect.arrayContaining(["createSimulatedPlatform", "simulated.invalid", SIMULATED_MARK]),
    );
    for (const spelling of spellingsOf(platform.rootCa)) expect(simulatedPartsOf(spelling)).toContain(spelling);
  });

  test("comes with the licence of every package in it, which the SBOM lists too", async () => {
    const { modules } = await bundleService(BUILD);
    const packages = await bundledPackages(modules);
    const names = packages.map(({ name, version }) => `${name}@${version}`);
    for (const name of ["fastify", "ioredis", "undici", "zod", "@noble/hashes", "hpke", "prom-client"])
      expect(names.some((each) => each.startsWith(`${name}@`))).toBe(true);
    const sbom: {
      packages: { name: string; versionInfo: string; licenseDeclared: string }[];
      relationships: { relationshipType: string }[];
    } = JSON.parse(textOf("kms-phala-binaries-sbom.spdx.json"));
    const read = parseDocument("sbom", textOf("kms-phala-binaries-sbom.spdx.json"), DOCUMENT_SHAPES.sbom);
    expect(read).toMatchObject({ ok: true, value: { value: { creationInfo: { created: "2026-01-15T10:20:00Z" } } } });
    const [own, ...listed] = sbom.packages;
    expect(own).toMatchObject({ name: "mero-kms-phala", versionInfo: "2.4.0" });
    expect(listed.map(({ name, versionInfo }) => `${name}@${versionInfo}`)).toEqual(names);
    expect(sbom.relationships.filter(({ relationshipType }) => relationshipType === "CONTAINS")).toHaveLength(
      names.length,
    );
    for (const { name, version, license, licenseText } of packages) {
      const notice = `${name} ${version} (${license})\n\n${licenseText ?? "Copyright (c) "}`;
      expect({ name, isThere: textOf("NOTICES.txt").includes(notice) }).toEqual({ name, isThere: true });
    }
  });

  test.each([
    { name: "a licence that asks for more", license: "AGPL-3.0-only", licenseText: "text" },
    { name: "a licence without its text", license: "Apache-2.0", licenseText: null },
  ])("is not made with $name", ({ license, licenseText }) => {
    const bundled = { name: "example", version: "1.0.0", author: "somebody", license, licenseText };
    expect(() => noticesOf([bundled])).toThrow("example 1.0.0");
  });

  test("is what the archive of the release holds", async () => {
    const packed = new Blob([new Uint8Array(files.get("mero-kms-phala_node.tar.gz") ?? [])]);
    const archive = await readArchive(packed.stream());
    if (!archive.ok) throw new Error(archive.error.reason);
    expect(archive.value.map(({ name }) => name)).toEqual(MEMBERS);
    const digest = createHash("sha256").update(textOf("mero-kms-phala.mjs")).digest("hex");
    expect(archive.value[0]?.sha256).toBe(digest);
  });
});

describe("the command that bundles", () => {
  const main = join(REPOSITORY, "apps/kms-phala/bundle/main.ts");

  test.each([
    { name: "a version that is none", args: ["--version", "latest"], says: "--version must be" },
    { name: "a short commit", args: ["--commit", "aed4e22"], says: "--commit must be" },
    { name: "a commit without its time", args: ["--commit", BUILD.commit], says: "SOURCE_DATE_EPOCH" },
    { name: "an unknown option", args: ["--minify"], says: "--minify" },
  ])("refuses $name", { timeout: LIMIT_MS }, async ({ args, says }) => {
    const run = await execa(process.execPath, [main, ...args], { reject: false, extendEnv: false });
    expect(run).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining(says) });
  });

  test("says what it would write on a dry run, and writes nothing", { timeout: LIMIT_MS }, async () => {
    const out = join(folder, "dry");
    const args = ["--", "--version", "2.4.0", "--commit", BUILD.commit, "--out", out, "--dry-run", "--json"];
    const env = { SOURCE_DATE_EPOCH: String(COMMIT_TIME) };
    const { stdout } = await execa(process.execPath, [main, ...args], { env });
    const answer: { files: { name: string; sha256: string }[] } = JSON.parse(stdout);
    expect(answer).toMatchObject({ schemaVersion: 1, ...BUILD });
    expect(answer.files.map(({ name }) => name)).toEqual(FILES);
    await expect(readdir(out)).rejects.toThrow("ENOENT");
  });
});
