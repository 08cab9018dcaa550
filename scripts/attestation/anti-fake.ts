import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expectOk, stopLane } from "../release/lane-stop.ts";
import { textAt } from "../release/mero-tee.ts";
import { freshNonce, keep, type Probe } from "./probe.ts";

/** Byte of a quote that the attestation key signs: the first of MRTD. Source: Intel TDX DCAP quote format, TD report 1.0 and 1.5. */
const MRTD_OFFSET = { 4: 48 + 136, 5: 54 + 136 } as const;
/** Exit code of what was judged and refused. */
const REFUSED = 10;

/**
 * Tries genuine evidence of a node, and three forgeries of it, and writes down what became of each: for a wrong nonce, a changed
 * quote, and another application. A probe whose verifier takes any of these for genuine has proven nothing.
 *
 * @param answer - file with the node's answer, which was verified
 * Source: docs/releases.md, rule E-03.
 */
export async function tryForgeries(probe: Probe, answer: string, said: unknown, nonce: Buffer): Promise<void> {
  const { meroTee, profile } = probe;
  const root = probe.rootCa === undefined ? [] : ["--root-ca", probe.rootCa];
  const collateral = join(probe.out, `collateral-${profile}.json`);
  const source = probe.pccs === undefined ? [] : ["--pccs", probe.pccs];
  expectOk(await meroTee(["collateral", "fetch", answer, "--out", collateral, ...source, ...root]));
  const verify = async (file: string, reportData: Uint8Array): Promise<number> => {
    const wanted = ["--collateral", collateral, "--report-data", Buffer.from(reportData).toString("hex")];
    return (await meroTee(["quote", "verify", file, ...wanted, ...root])).exitCode;
  };
  const nothing = Buffer.alloc(32);
  const genuine = Buffer.concat([nonce, nothing]);
  const quote = Buffer.from(textAt(said, "data", "quoteB64"), "base64");
  const offset = quote.readUInt16LE(0) === 5 ? MRTD_OFFSET[5] : MRTD_OFFSET[4];
  quote.writeUInt8(quote.readUInt8(offset) ^ 1, offset);
  const forged = await keep(probe, `tampered-quote-${profile}.json`, { quoteB64: quote.toString("base64") });
  const checks = {
    positive: { passed: (await verify(answer, genuine)) === 0 },
    wrong_nonce: { rejected: (await verify(answer, Buffer.concat([freshNonce(), nothing]))) === REFUSED },
    tampered_quote: { rejected: (await verify(forged, genuine)) === REFUSED },
    wrong_expected_application_hash: {
      rejected: (await verify(answer, Buffer.concat([nonce, randomBytes(32)]))) === REFUSED,
    },
  };
  await keep(probe, `node-client-verification-${profile}.json`, { schema_version: 1, profile, checks });
  const isSound =
    checks.positive.passed &&
    checks.wrong_nonce.rejected &&
    checks.tampered_quote.rejected &&
    checks.wrong_expected_application_hash.rejected;
  if (!isSound)
    stopLane("probe-refused", `Forged evidence of the ${profile} node passes, or genuine does not.`, ["E-03"]);
}
