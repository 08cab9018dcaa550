import { isDeepStrictEqual } from "node:util";
import { encodeCollateral, parseCollateral, type Collateral } from "@mero-tee/tdx-quote";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { COLLATERAL_MUTATORS } from "../mutators/collateral.ts";
import { JSON_MUTATORS } from "../mutators/json.ts";
import { decodeText, promise, type FuzzTarget } from "../target.ts";
import { attemptOf, magnitude } from "./outcome.ts";

function inspectCollateral(input: Uint8Array, collateral: Collateral): void {
  const document: unknown = JSON.parse(decodeText(input));
  for (const [key, value] of Object.entries(collateral.bundle)) {
    const isOwn = typeof document === "object" && document !== null && Object.hasOwn(document, key);
    promise(isOwn && Reflect.get(document, key) === value, "the texts of a bundle are kept as they stand");
  }
  for (const [bytes, text] of [
    [collateral.pckCrl.der, collateral.bundle.pck_crl],
    [collateral.rootCaCrl.der, collateral.bundle.root_ca_crl],
    [collateral.tcbInfoSignature, collateral.bundle.tcb_info_signature],
    [collateral.qeIdentitySignature, collateral.bundle.qe_identity_signature],
  ] as const) {
    promise(Buffer.from(bytes).toString("hex") === text.toLowerCase(), "what is written in hex is read as it stands");
  }
  const again = parseCollateral(encodeCollateral(collateral.bundle));
  promise(again.ok && isDeepStrictEqual(again.value.bundle, collateral.bundle), "a bundle can be written and read");
  promise(
    collateral.tcbInfoSignature.length === 64 && collateral.qeIdentitySignature.length === 64,
    "signatures have 64 bytes",
  );
}

/** `parseCollateral`, with everything in a bundle. */
export const COLLATERAL_TARGET: FuzzTarget = {
  name: "collateral",
  seeds: (corpus) => corpus.collateral,
  mutators: [
    ...COLLATERAL_MUTATORS,
    ...COLLATERAL_MUTATORS,
    ...COLLATERAL_MUTATORS,
    ...JSON_MUTATORS,
    ...BYTE_MUTATORS,
  ],
  attempt: (input) =>
    attemptOf(
      parseCollateral(input),
      ["collateral-parse"],
      (collateral) => inspectCollateral(input, collateral),
      ({ bundle, tcbInfo, pckCrlIssuerChain }) =>
        `${tcbInfo.id}, chain of ${magnitude(pckCrlIssuerChain.length)}, ${bundle.pck_certificate_chain === undefined ? "without" : "with"} PCK chain`,
    ),
};
