import type { QuoteProviderFailure } from "@mero-tee/kms-protocol/client";
import type { PolicyRole, Profile } from "@mero-tee/policy";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import type { JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { HttpPort } from "./http-client.ts";
import { exchangeJson } from "./json-client.ts";
import { jsonMember } from "./json-member.ts";

/** What the simulated platform is asked to quote. */
export interface SimulatedQuoteRequest {
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly profile: Profile;
  readonly role: PolicyRole;
  /** The name of a flaw that the quote is to have. */
  readonly defect?: string;
}

/** The control surface of a running simulated platform. Errors: `quote-provider-failed`. */
export interface SimulatorClient {
  /** A quote of a simulated guest. */
  quote(request: SimulatedQuoteRequest): Promise<Result<Uint8Array<ArrayBuffer>, QuoteProviderFailure>>;
  /** The flaws that it can make, as it describes them. */
  defects(): Promise<Result<readonly JsonValue[], QuoteProviderFailure>>;
}

/** Makes a client of the simulated platform at an address. */
export function createSimulatorClient(fetch: HttpPort, url: string): SimulatorClient {
  const unavailable = (why: string): Result<never, QuoteProviderFailure> =>
    err({ code: "quote-provider-failed", reason: `the simulated platform at ${url}: ${why}` });

  async function exchange(path: string, body?: unknown): Promise<Result<JsonValue, QuoteProviderFailure>> {
    const answer = await exchangeJson(fetch, { url: `${url}${path}`, ...(body === undefined ? {} : { body }) });
    if (!answer.ok) return unavailable(answer.error);
    const { status, value } = answer.value;
    if (status === 200) return ok(value);
    const said = jsonMember(value, "error");
    return unavailable(
      typeof said === "string" ? `status ${status}, ${JSON.stringify(said.slice(0, 200))}` : `status ${status}`,
    );
  }

  return {
    async quote({ reportData, profile, role, defect }) {
      const body = { report_data: toHex(reportData), profile, role, ...(defect === undefined ? {} : { defect }) };
      const answer = await exchange("/quote", body);
      if (!answer.ok) return answer;
      const hex = jsonMember(answer.value, "quote");
      const quote = typeof hex === "string" ? parseHex(hex) : null;
      return quote === null ? unavailable("its answer holds no quote") : ok(quote);
    },
    async defects() {
      const answer = await exchange("/defects");
      if (!answer.ok) return answer;
      const list = jsonMember(answer.value, "defects");
      return isList(list) ? ok(list) : unavailable("its answer holds no list of defects");
    },
  };
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
