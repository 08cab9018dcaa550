import { parseQuote, verifyPckChain, type PlatformModel } from "@mero-tee/tdx-quote";
import { buildCertificate, replaceExtension } from "../../src/certificate.ts";
import { createSimulatedPlatform } from "../../src/index.ts";
import { createSignatureMemo } from "../../src/key-ring.ts";
import { encodePemChain } from "../../src/pem.ts";
import { encodeSgxExtension, SGX_EXTENSION_OID } from "../../src/sgx-extension.ts";
import { CORPUS_NOW } from "../corpus.ts";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { DER_MUTATORS } from "../mutators/der.ts";
import { promise, type Attempt, type FuzzTarget } from "../target.ts";
import { attemptOf } from "./outcome.ts";

const platform = await createSimulatedPlatform({ seed: "fuzz sgx extension", now: CORPUS_NOW });
const recipe = platform.recipe({ reportData: new Uint8Array(64) });
// A quote that names its chain by PPID takes the chain beside it, so that only the leaf is made anew for each input.
const { quote } = platform.buildEvidence({
  ...recipe,
  quote: { ...recipe.quote, certification: { ...recipe.quote.certification, type: 3 } },
  certificationData: new Uint8Array(404),
});
const sign = createSignatureMemo(16);

function extensionOf(ca: "platform" | "processor"): Uint8Array {
  const { sgx } = recipe;
  return encodeSgxExtension(ca === "platform" ? sgx : { ...sgx, platform: null });
}

function inspectModel(input: Uint8Array, model: PlatformModel): void {
  promise(/^[0-9a-f]{12}$/.test(model.fmspc) && /^[0-9a-f]{4}$/.test(model.pceId), "FMSPC and PCE ID have their sizes");
  for (const value of [model.fmspc, model.pceId]) {
    const encoded = Buffer.concat([Uint8Array.of(4, value.length / 2), Buffer.from(value, "hex")]);
    promise(Buffer.from(input).includes(encoded), "FMSPC and PCE ID are values of the extension");
  }
}

async function attemptExtension(input: Uint8Array): Promise<Attempt> {
  const leaf = { ...recipe.pckLeaf, extensions: [...recipe.pckLeaf.extensions] };
  replaceExtension(leaf, { oid: SGX_EXTENSION_OID, critical: false, value: input });
  const [, ...authorities] = recipe.chains.pck;
  const chain = [leaf, ...authorities].map((certificate) => buildCertificate(certificate, sign));
  const parsed = parseQuote(quote);
  promise(parsed.ok, "the quote of the harness is well formed");
  const pckCertificateChain = encodePemChain(chain);
  const result = await verifyPckChain(parsed.value, { now: CORPUS_NOW, rootCa: platform.rootCa, pckCertificateChain });
  return attemptOf(
    result,
    ["collateral-parse", "pck-chain"],
    (model) => inspectModel(input, model),
    (model) => model.ca,
  );
}

/** The reader of Intel's extension of PCK certificates: it runs after the signatures, so each input is signed. */
export const SGX_EXTENSION_TARGET: FuzzTarget = {
  name: "sgx-extension",
  seeds: () => [extensionOf("platform"), extensionOf("processor")],
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: attemptExtension,
};
