import { expect, test } from "vitest";

import { withoutPraise } from "../src/features/report/shown-class.ts";
import { GLOSSARY } from "../src/glossary.ts";
import { printable } from "../src/printable.ts";
import { routeOf } from "../src/route.ts";

test.each([
  { name: "text that turns around", text: "abc\u202Edef", shown: String.raw`abc\u{202e}def` },
  { name: "a zero-width space", text: "a\u200Bb", shown: String.raw`a\u{200b}b` },
  { name: "an escape sequence", text: "\u001B[31mred", shown: String.raw`\u{1b}[31mred` },
  { name: "a lone surrogate", text: "\uD800", shown: String.raw`\u{d800}` },
  { name: "letters of any language", text: "Prüfung 検証", shown: "Prüfung 検証" },
])("shows $name", ({ text, shown }) => expect(printable(text)).toBe(shown));

test.each(["Genuine, but a debug image", "Verified by Intel; the root is trusted", "unverified, untrusted, genuinely"])(
  "takes the praise out of %j",
  (sentence) => expect(withoutPraise(sentence)).not.toMatch(/verified|genuine|trusted/i),
);

test("the glossary has every word that the page must explain, in one breath each", () => {
  const required =
    "attestation, attestation policy, challenge, nonce, report data, quote, TDX, trust domain, TEE, CVM, TDVF, MRTD, RTMR, RTMR0, RTMR1, RTMR2, RTMR3, event log, compose hash, profile, locked-read-only, debug-read-only, debug, cohort separation, TCB, TCB status, advisory, collateral, PCK certificate, quoting enclave, Intel Trust Authority, KMS, merod, node image, dstack, compatibility map, published MRTDs, Sigstore, transparency log, peer id, key derivation, mutual attestation";
  const known = new Set(GLOSSARY.map(({ name }) => name.toLowerCase()));
  expect(required.split(", ").filter((word) => !known.has(word.toLowerCase()))).toEqual([]);
  expect(GLOSSARY.filter(({ meaning }) => meaning.length > 160).map(({ name }) => name)).toEqual([]);
  expect(new Set(GLOSSARY.map(({ id }) => id)).size).toBe(GLOSSARY.length);
});

test.each([
  ["/", "/"],
  ["/kms/", "/kms"],
  ["/mero-tee", "/node"],
  ["/nothing", null],
])("%s leads to %s", (path, route) => expect(routeOf(path)).toBe(route));
