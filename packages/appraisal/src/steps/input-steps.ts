import { describeFailure } from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { fail, info, item, pass, skip, unavailable, warn } from "../finding.ts";
import { contradictions } from "../side-fields.ts";
import type { Finding } from "../step.ts";

/** `input.parse`. */
export function judgeInput({ recognition, request }: Case): Finding {
  const { inputs, problem } = recognition;
  const evidence = inputs.flatMap(({ name, kind, byteLength, sha256 }) => [
    item(name, `${kind}, ${byteLength} bytes`, "user"),
    item(`SHA-256 of ${name}`, sha256, "user", "hex"),
  ]);
  if (inputs.length === 0 && request.origin === "live") {
    const why = request.noAnswer === undefined ? "" : `: ${request.noAnswer}`;
    return unavailable("evidence-missing", `Nothing came back, so there is nothing to judge${why}.`);
  }
  if (problem !== null) return fail(problem.code, problem.sentence, evidence);
  return pass(inputs.map(({ sentence }) => sentence).join(" "), evidence);
}

/** `quote.parse`. */
export function judgeQuoteForm({ quote, view }: Case): Finding {
  if (quote === null) return skip("There is no quote.", "evidence-missing");
  if (quote.isMock) return fail("mock-quote", "This is a mock quote: a development stand-in, which proves nothing.");
  if (!quote.parsed.ok) return fail(quote.parsed.error.code, describeFailure(quote.parsed.error));
  const { version, tdVersion, quoteBytes, certificationData, header } = quote.parsed.value;
  return pass(`A TDX quote of version ${version} with a TD report ${tdVersion}, ${quoteBytes.length} bytes.`, [
    item("Version", version, "quote"),
    item("TD report", tdVersion, "quote"),
    item("Bytes", quoteBytes.length, "quote"),
    item("Quoting enclave vendor", header.qeVendorIdHex, "quote", "hex"),
    item("Certification data type", certificationData.type, "quote"),
    ...Object.entries(view ?? {})
      .filter(([, value]) => /^(?:[0-9a-f]{2})+$/.test(String(value)))
      .map(([label, value]) => item(label, String(value), "quote", "hex")),
  ]);
}

/** `src.side-fields`. */
export function judgeSideFields({ recognition, view }: Case): Finding {
  const { sideFields } = recognition.evidence;
  if (view === null || sideFields.length === 0) return info("Nothing beside the quote repeats what it says.");
  const wrong = contradictions(sideFields, view);
  const evidence = sideFields.flatMap(({ name, field, value }) => [
    item(name, value, "side-field", "hex"),
    item(`${field} in the quote`, view[field] ?? "absent", "quote", "hex"),
  ]);
  if (wrong.length === 0)
    return pass(`What stands beside the quote says the same as the quote (values: ${sideFields.length}).`, evidence);
  return warn(
    "side-field-mismatch",
    `The sender describes its quote wrongly: ${wrong.map(({ name }) => name).join(", ")}. Only the quote's own bytes were used.`,
    evidence,
  );
}
