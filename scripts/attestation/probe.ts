import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import type { Profile } from "../../packages/policy/src/index.ts";
import { expectOk } from "../release/lane-stop.ts";
import { at, type MeroTee, textAt } from "../release/mero-tee.ts";
import type { Patience } from "./machine-client.ts";

/** What a probe of any machine needs. */
export interface Probe {
  readonly meroTee: MeroTee;
  readonly fetch: HttpPort;
  /** Base address of the machine. */
  readonly url: string;
  readonly profile: Profile;
  readonly machineType: string;
  /** Directory for everything that was seen; files that are there are replaced. */
  readonly out: string;
  /** Where collateral is fetched; Intel's PCS where absent. */
  readonly pccs?: string;
  /** Root that replaces Intel's, for rehearsals. */
  readonly rootCa?: string;
  /** Whether Intel Trust Authority must say the same of the machine; it is asked by the settings of the command's environment. */
  readonly needsSecondOpinion: boolean;
  readonly patience: Patience;
}

/** Where a second opinion says what the MRTD is. */
export interface SeenOpinion {
  /** SHA-256 of the token. */
  readonly tokenSha256: string;
  /** Whom the question went to. */
  readonly url: string;
}

/** A fresh nonce. */
export function freshNonce(): Buffer {
  return randomBytes(32);
}

/** Keeps what was seen, for who looks later. */
export async function keep(probe: Pick<Probe, "out">, name: string, value: unknown): Promise<string> {
  await mkdir(probe.out, { recursive: true });
  const path = join(probe.out, name);
  const isAsItIs = typeof value === "string" || value instanceof Uint8Array;
  await writeFile(path, isAsItIs ? value : `${JSON.stringify(value, null, 2)}\n`);
  return path;
}

/** Whom a command trusts that verifies a quote of the machine. */
export function trustFlags({ pccs, rootCa }: Pick<Probe, "pccs" | "rootCa">): readonly string[] {
  return [...(pccs === undefined ? [] : ["--pccs", pccs]), ...(rootCa === undefined ? [] : ["--root-ca", rootCa])];
}

/**
 * Verifies a quote as genuine, current and made for this very question, on a machine that nobody can debug.
 *
 * @param answer - file with the machine's answer
 * @param reportData - 64 bytes that the quote must carry
 */
export async function verifyProbedQuote(
  probe: Probe,
  answer: string,
  reportData: Uint8Array,
): Promise<{ readonly tcbStatus: string; readonly quote: unknown; readonly opinion: SeenOpinion | null }> {
  const { meroTee, needsSecondOpinion, profile } = probe;
  const outcome = await meroTee([
    "quote",
    "verify",
    answer,
    "--report-data",
    Buffer.from(reportData).toString("hex"),
    ...trustFlags(probe),
    ...(needsSecondOpinion ? ["--ita"] : []),
  ]);
  const { document } = expectOk(outcome);
  const seen = { tcbStatus: textAt(document, "tcbStatus"), quote: at(document, "quote") };
  if (!needsSecondOpinion) return { ...seen, opinion: null };
  const token = textAt(document, "secondOpinion", "token");
  await keep(probe, `external-attestation-token-${profile}.jwt`, token);
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  await keep(probe, `external-attestation-token-claims-${profile}.json`, claims);
  const tokenSha256 = createHash("sha256").update(token).digest("hex");
  return { ...seen, opinion: { tokenSha256, url: textAt(document, "secondOpinion", "appraisalUrl") } };
}

/** Writes what a policy would have to accept for the machine. */
export async function writeCandidates(
  probe: Probe,
  name: string,
  facts: { readonly answer: string; readonly nonce: Buffer; readonly tcbStatus: string },
): Promise<unknown> {
  const outcome = await probe.meroTee([
    "policy",
    "candidates",
    "--quote",
    facts.answer,
    "--nonce",
    facts.nonce.toString("hex"),
    "--tcb-status",
    facts.tcbStatus,
    "--machine-type",
    probe.machineType,
  ]);
  const { document } = expectOk(outcome);
  await keep(probe, name, document);
  return document;
}
