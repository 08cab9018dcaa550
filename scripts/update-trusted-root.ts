import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { initTUF } from "@sigstore/tuf";
import {
  describeSigstoreError,
  parseTrustedRoot,
  type TrustedParty,
  trustedParties,
} from "../packages/release-artifacts/src/sigstore/index.ts";

/**
 * `pnpm trusted-root [--body FILE] [--dry-run]`: takes over the trusted root of Sigstore's public instance from its TUF repository, whose
 * signatures are verified on the way from the root that the TUF client ships, and prints what changes, for review; with `--body` that
 * goes into a file, which `scripts/propose-change.ts` takes. Needs the network; without it nothing is written. Ends with 1 when
 * anything does not hold.
 */
const FOLDER = new URL("../packages/release-artifacts/src/sigstore/", import.meta.url);
const DOCUMENT = fileURLToPath(new URL("public-good-trusted-root.json", FOLDER));
const SOURCE = fileURLToPath(new URL("public-trusted-root.ts", FOLDER));

/** What a trusted root has, one line for each party that it names. Throws on one that does not parse. */
function partiesOf(json: string): ReadonlySet<string> {
  const parsed = parseTrustedRoot(json);
  if (!parsed.ok) throw new Error(describeSigstoreError(parsed.error));
  return new Set(trustedParties(parsed.value).map(partyLine));
}

function partyLine({ kind, name, fromMs, toMs }: TrustedParty): string {
  const end = toMs === Infinity ? "" : ` to ${new Date(toMs).toISOString()}`;
  return `${kind} ${name} from ${new Date(fromMs).toISOString()}${end}`;
}

/** The parties that come and go between two trusted roots, `+` and `-` before them. Throws on one that does not parse. */
export function trustedRootDifference(before: string, after: string): readonly string[] {
  const [old, next] = [partiesOf(before), partiesOf(after)];
  return [
    ...[...old].filter((party) => !next.has(party)).map((party) => `- ${party}`),
    ...[...next].filter((party) => !old.has(party)).map((party) => `+ ${party}`),
  ];
}

/** The source with another day in it. Throws when it has no such constant. */
export function withTakenAt(source: string, now: Date): string {
  const pattern = /(?<=PUBLIC_TRUSTED_ROOT_TAKEN_AT = ")[^"]+(?=")/;
  if (!pattern.test(source)) throw new Error("no PUBLIC_TRUSTED_ROOT_TAKEN_AT in the source");
  return source.replace(pattern, `${now.toISOString().slice(0, 10)}T00:00:00Z`);
}

async function fetchTrustedRoot(): Promise<string> {
  const cachePath = await mkdtemp(join(tmpdir(), "mero-tee-tuf-"));
  try {
    const repository = await initTUF({ cachePath, forceInit: true });
    return await repository.getTarget("trusted_root.json");
  } finally {
    await rm(cachePath, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const options = { body: { type: "string" }, "dry-run": { type: "boolean", default: false } } as const;
  const { values } = parseArgs({ options });
  const [before, source, after] = await Promise.all([
    readFile(DOCUMENT, "utf8"),
    readFile(SOURCE, "utf8"),
    fetchTrustedRoot(),
  ]);
  const difference = trustedRootDifference(before, after);
  const body = difference.length === 0 ? "the same parties\n" : `${difference.join("\n")}\n`;
  if (values.body === undefined) process.stdout.write(body);
  else await writeFile(values.body, body);
  if (values["dry-run"]) return;
  await writeFile(DOCUMENT, after);
  await writeFile(SOURCE, withTakenAt(source, new Date()));
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
