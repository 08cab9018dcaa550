import { readJson } from "./read-json.ts";
import type { HttpPort } from "../src/http-client.ts";

/** An answer of a service that is not there. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** A request that reached a fake service. */
export interface FakeRequest {
  readonly url: string;
  readonly body: unknown;
}

/** Answers by the path of the request; anything else is refused like a connection to nobody. */
export function fakeFetch(
  answers: Readonly<Record<string, FakeAnswer | ((request: FakeRequest) => FakeAnswer)>>,
): HttpPort & { readonly requests: FakeRequest[] } {
  const requests: FakeRequest[] = [];
  const fetch: HttpPort = async (address, init) => {
    const url = new URL(address);
    const request = { url: url.href, body: init.body === undefined ? null : readJson<unknown>(init.body) };
    requests.push(request);
    const answer = answers[url.pathname];
    if (answer === undefined) {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
    }
    const { status = 200, headers = {}, body } = typeof answer === "function" ? answer(request) : answer;
    return await Promise.resolve(new Response(body, { status, headers }));
  };
  return Object.assign(fetch, { requests });
}

/** A JSON answer. */
export function json(value: unknown, status = 200): FakeAnswer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
