import { ok } from "@mero-tee/tdx-quote/result";
import { encodePemChain } from "../../src/pem.ts";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { PEM_MUTATORS } from "../mutators/pem.ts";
import { decodeText, promise, type Attempt, type FuzzTarget } from "../target.ts";
import { parseInBundle } from "./bundle.ts";
import { inspectCertificate } from "./certificate.ts";
import { attemptOf, magnitude } from "./outcome.ts";

function attemptChain(input: Uint8Array): Attempt {
  const text = decodeText(input);
  const parsed = parseInBundle({ tcb_info_issuer_chain: text });
  const chain = parsed.ok ? ok(parsed.value.tcbInfoIssuerChain) : parsed;
  return attemptOf(
    chain,
    ["collateral-parse"],
    (certificates) => {
      promise(
        certificates.length === text.split("-----BEGIN ").length - 1,
        "every block of a chain is a certificate of it",
      );
      certificates.forEach(inspectCertificate);
      const again = parseInBundle({ tcb_info_issuer_chain: encodePemChain(certificates.map(({ der }) => der)) });
      promise(
        again.ok && again.value.tcbInfoIssuerChain.length === certificates.length,
        "a chain can be written and read",
      );
    },
    ({ length }) => `${magnitude(length)} certificates`,
  );
}

/** The reader of PEM chains, with the certificates inside. */
export const PEM_CHAIN_TARGET: FuzzTarget = {
  name: "pem-chain",
  seeds: (corpus) => corpus.chains,
  mutators: [...PEM_MUTATORS, ...PEM_MUTATORS, ...BYTE_MUTATORS],
  attempt: attemptChain,
};
