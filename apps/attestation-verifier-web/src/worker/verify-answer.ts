import { isJsonObject, type JsonValue, toPlainJson } from "@mero-tee/tdx-quote/json";
import { object, optional, type Shape, text } from "@mero-tee/tdx-quote/json-shape";
import { ok } from "@mero-tee/tdx-quote/result";

/** The parts of the API's answer that are carried on. Everything that the API itself concluded stays behind. */
export interface CarriedAnswer {
  /** The attester's answer, as JSON text. */
  readonly attestation: string | null;
  readonly collateral: string | null;
  readonly earlyCollateral: string | null;
  readonly token: string | null;
  readonly itaStatus: string;
  readonly remoteAddress: string | null;
  /** The server's own verdict: compared, never used. */
  readonly serverVerdict: string | null;
}

/** A member as text of its own: what was parsed strictly is written again, so that no duplicate key can hide in it. */
const asText: Shape<string | null> = (value) =>
  ok(value === undefined || value === null ? null : JSON.stringify(toPlainJson(value)));

/** A text, or nothing where there is none: an optional member of a courier is no reason to give up. */
const maybeText: Shape<string | null> = (value) => ok(typeof value === "string" ? value : null);

const ITA = object({ status: optional(text, "unavailable") });
const FETCHED = object({ remote_address: maybeText });
const SERVER = object({ verdict: maybeText });

/** Reads the answer of `POST /api/verify`. Source: docs/verifier-api.md. */
export function readVerifyAnswer(json: JsonValue): CarriedAnswer | null {
  if (!isJsonObject(json)) return null;
  const member = (name: string): JsonValue | undefined => json.get(name);
  const part = (name: string): string | null => {
    const read = asText(member(name));
    return read.ok ? read.value : null;
  };
  const ita = ITA(member("ita"));
  const fetched = FETCHED(member("fetched"));
  const server = SERVER(member("server_report"));
  const token = maybeText(member("ita_token"));
  return {
    attestation: part("attestation"),
    collateral: part("collateral"),
    earlyCollateral: part("collateral_early"),
    token: token.ok ? token.value : null,
    itaStatus: ita.ok ? ita.value.status : "unavailable",
    remoteAddress: fetched.ok ? fetched.value.remote_address : null,
    serverVerdict: server.ok ? server.value.verdict : null,
  };
}
