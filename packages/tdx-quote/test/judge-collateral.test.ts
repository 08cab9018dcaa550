import { describe, expect, test } from "vitest";
import type { Collateral } from "../src/collateral-bundle.ts";
import { judgeCollateral } from "../src/judge-collateral.ts";
import { createP256Verifier } from "../src/p256.ts";
import { judgeWithSignatures } from "../src/required-signatures.ts";
import { collateralOf, v5 } from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";

/** Collateral whose root CA CRL lists one more serial, as if its signature covered that. */
function revoking(serialHex: string): Collateral {
  const collateral = collateralOf(v5());
  return { ...collateral, rootCaCrl: { ...collateral.rootCaCrl, revokes: (serial) => serial === serialHex } };
}

describe.skipIf(!HAS_REAL_VECTORS)("a root CA CRL", () => {
  test.each([
    { name: "nothing", serial: () => "ff", verdict: "ok" },
    {
      name: "the root itself",
      serial: () => "22650cd65a9d3489f383b49552bf501b392706ac",
      verdict: "crl/certificate-revoked",
    },
    {
      name: "the TCB signing certificate",
      serial: () => collateralOf(v5()).tcbInfoIssuerChain[0]?.serialHex ?? "",
      verdict: "tcb-info/certificate-revoked",
    },
  ])("that lists $name: $verdict", async ({ serial, verdict }) => {
    const result = await judgeWithSignatures(createP256Verifier(), (signatures) =>
      judgeCollateral(revoking(serial()), { now: v5().now, signatures }),
    );
    expect(result.ok ? "ok" : `${result.error.stage}/${result.error.code}`).toBe(verdict);
  });
});
