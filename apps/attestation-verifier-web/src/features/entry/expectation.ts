import { PROFILES } from "@mero-tee/policy";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { TEXT } from "../../messages.ts";
import { RELEASE_TAG } from "../../permalink.ts";
import type { Expectation, LiveCheck } from "../../worker/protocol.ts";

/** The optional fields, as they stand in the form. */
export interface ExpectationFields {
  readonly tag: string;
  readonly profile: string;
  readonly binding: string;
  readonly isStrict: boolean;
}

/** Reads the fields. Errors: the sentence for the reader. */
export function readExpectation(fields: ExpectationFields): Result<Expectation, string> {
  const tag = fields.tag.trim();
  if (tag !== "" && !RELEASE_TAG.test(tag)) return err(TEXT.input.badTag);
  const binding = fields.binding.trim();
  const bindingHex = binding === "" ? null : read32Bytes(binding);
  if (binding !== "" && bindingHex === null) return err(TEXT.input.badBinding);
  return ok({
    tag: tag === "" ? null : tag,
    profile: PROFILES.find((profile) => profile === fields.profile) ?? null,
    bindingHex,
    isStrict: fields.isStrict,
  });
}

/** The fields of a node that binds an application, as they stand in the form. */
interface ApplicationFields {
  readonly applicationId: string;
  readonly applicationHash: string;
}

/** The fields of whoever asks for no application. */
export const NO_APPLICATION: ApplicationFields = { applicationId: "", applicationHash: "" };

/** Reads the application that a node shall bind. Errors: the sentence for the reader. */
export function readApplication(
  fields: ApplicationFields,
): Result<Pick<LiveCheck, "applicationId" | "applicationHashHex">, string> {
  const id = fields.applicationId.trim();
  const hash = readApplicationHash(fields.applicationHash);
  if (!hash.ok) return hash;
  if (hash.value !== null && id === "") return err(TEXT.input.applicationUnnamed);
  return ok({ applicationId: id === "" ? null : id, applicationHashHex: hash.value });
}

/** Reads the hash that a node has to bind: lower-case hex, null for an empty field. Errors: the sentence for the reader. */
export function readApplicationHash(text: string): Result<string | null, string> {
  if (text.trim() === "") return ok(null);
  const hex = read32Bytes(text.trim());
  return hex === null ? err(TEXT.input.badApplicationHash) : ok(hex);
}

/**
 * Reads 32 bytes in hex (of either case, also after `0x`), base64 or base64url.
 *
 * @returns lower-case hex; null for everything else
 */
export function read32Bytes(text: string): string | null {
  const hex = parseHex(text.replace(/^0x/i, ""), 32);
  if (hex !== null) return toHex(hex);
  const standard = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=$/, "");
  const bytes = standard.length === 43 ? parseBase64(`${standard}=`) : null;
  return bytes === null ? null : toHex(bytes);
}
