import { createServer, type RequestListener } from "node:http";
import { fetch as undiciFetch } from "undici";
import { describe, expect, test } from "vitest";
import { boundedGet } from "../../src/collateral/bounded-get.ts";
import type { FetchedBodyReader, FetchPort } from "../../src/collateral/fetch-port.ts";

const never = new AbortController().signal;
const request = { subject: "TCB info", url: "https://pcs.example/", maxBodyBytes: 10, signal: never };

interface FakeReader {
  readonly fetch: FetchPort;
  readonly isCancelled: () => boolean;
}

/** A port whose body is the given pieces; after them it ends, or stays silent. */
function portOf(
  pieces: readonly (number | undefined)[],
  { status = 200, isEndless = false, cancel = () => Promise.resolve() } = {},
): FakeReader {
  const left = [...pieces];
  let cancelled = false;
  const reader: FetchedBodyReader = {
    read: () => {
      if (left.length === 0) return isEndless ? new Promise(() => {}) : Promise.resolve({ done: true });
      const length = left.shift();
      return Promise.resolve({ done: false, value: length === undefined ? undefined : new Uint8Array(length).fill(7) });
    },
    cancel: () => {
      cancelled = true;
      return cancel();
    },
  };
  const body = { getReader: () => reader };
  return {
    fetch: () => Promise.resolve({ status, headers: { get: () => null }, body }),
    isCancelled: () => cancelled,
  };
}

async function bodyLength(fetch: FetchPort): Promise<number | string> {
  const result = await boundedGet(fetch, request);
  return result.ok ? result.value.body.length : result.error.code;
}

describe("the body", () => {
  test.each([
    { name: "comes in one piece", pieces: [10], expected: 10 },
    { name: "comes in many pieces, some empty", pieces: [1, 0, 2, undefined, 3, 4], expected: 10 },
    { name: "is empty", pieces: [], expected: 0 },
    { name: "is one byte too long", pieces: [11], expected: "fetch-too-large" },
    { name: "grows too long", pieces: [4, 4, 3], expected: "fetch-too-large" },
  ])("$name: $expected", async ({ pieces, expected }) => {
    const port = portOf(pieces);
    expect(await bodyLength(port.fetch)).toBe(expected);
    expect(port.isCancelled()).toBe(expected === "fetch-too-large");
  });

  test("may be missing", async () => {
    expect(await bodyLength(() => Promise.resolve({ status: 200, headers: { get: () => null }, body: null }))).toBe(0);
  });

  test("keeps its bytes in order", async () => {
    const result = await boundedGet(() => Promise.resolve(new Response("0123456789")), request);
    expect(result.ok && Buffer.from(result.value.body).toString()).toBe("0123456789");
  });

  test("of a refused answer is let go, even if that fails", async () => {
    const refused = portOf([4], { status: 500 });
    expect(await boundedGet(refused.fetch, request)).toMatchObject({ ok: false, error: { facts: { actual: 500 } } });
    expect(refused.isCancelled()).toBe(true);
    const stuck = portOf([4], { status: 500, cancel: () => Promise.reject(new Error("stuck")) });
    expect(await bodyLength(stuck.fetch)).toBe("fetch-status");
    const long = portOf([11], { cancel: () => Promise.reject(new Error("stuck")) });
    expect(await bodyLength(long.fetch)).toBe("fetch-too-large");
  });

  test("of a refused answer may be missing", async () => {
    expect(await bodyLength(() => Promise.resolve({ status: 404, headers: { get: () => null }, body: null }))).toBe(
      "fetch-status",
    );
  });
});

function getReader(): never {
  throw new Error("locked");
}

describe("a port that fails", () => {
  test.each([
    {
      name: "with a system code",
      cause: new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }),
      reason: "ECONNREFUSED",
    },
    {
      name: "with a cause that has no code",
      cause: new TypeError("fetch failed", { cause: new Error("x") }),
      reason: "fetch failed",
    },
    {
      name: "with a code that is no text",
      cause: new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: 7 }) }),
      reason: "fetch failed",
    },
    { name: "with an endless message", cause: new Error("x".repeat(1000)), reason: "x".repeat(200) },
    { name: "with something that is no error", cause: "secret", reason: "the transport failed" },
  ])("$name is a failure", async ({ cause, reason }) => {
    expect(await boundedGet(() => Promise.reject(cause), request)).toEqual({
      ok: false,
      error: { stage: "fetch", code: "fetch-failed", facts: { subject: "TCB info", reason } },
    });
  });

  test("by throwing at once, or on its body, is a failure", async () => {
    expect(
      await bodyLength(() => {
        throw new Error("no network");
      }),
    ).toBe("fetch-failed");
    expect(
      await bodyLength(() => Promise.resolve({ status: 200, headers: { get: () => null }, body: { getReader } })),
    ).toBe("fetch-failed");
  });
});

describe("the deadline", () => {
  const expired = { ok: false, error: { code: "fetch-failed", facts: { reason: "timed out" } } };

  test("ends a request that gets no answer", async () => {
    const controller = new AbortController();
    const pending = boundedGet(() => new Promise(() => {}), { ...request, signal: controller.signal });
    controller.abort(new DOMException("over", "TimeoutError"));
    expect(await pending).toMatchObject(expired);
  });

  test("ends a body that stops coming", async () => {
    const controller = new AbortController();
    const port = portOf([4], { isEndless: true });
    const pending = boundedGet(port.fetch, { ...request, signal: controller.signal });
    setTimeout(() => controller.abort(new DOMException("over", "TimeoutError")));
    expect(await pending).toMatchObject(expired);
  });

  test("that has passed before the request ends it too", async () => {
    const signal = AbortSignal.abort(new DOMException("over", "TimeoutError"));
    expect(await boundedGet(() => new Promise(() => {}), { ...request, signal })).toMatchObject(expired);
  });

  test("does not reject anything after the request has ended", async () => {
    const controller = new AbortController();
    expect(await boundedGet(portOf([1]).fetch, { ...request, signal: controller.signal })).toMatchObject({ ok: true });
    controller.abort();
  });
});

async function withServer<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    return await use(`http://127.0.0.1:${address.port}/`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("over a socket", () => {
  const ports: readonly { readonly name: string; readonly port: FetchPort }[] = [
    { name: "the global fetch", port: fetch },
    { name: "undici's fetch", port: undiciFetch },
  ];

  test.each(ports)("$name reads an answer, and its header whatever its case", async ({ port }) => {
    const result = await withServer(
      (_, response) => response.writeHead(200, { "tcb-info-issuer-CHAIN": "%0A" }).end("body"),
      (url) => boundedGet(port, { ...request, url }),
    );
    expect(result.ok && Buffer.from(result.value.body).toString()).toBe("body");
    expect(result.ok && result.value.headers.get("TCB-Info-Issuer-Chain")).toBe("%0A");
  });

  test.each(ports)("$name does not follow a redirect", async ({ port }) => {
    const paths: (string | undefined)[] = [];
    const result = await withServer(
      (incoming, response) => {
        paths.push(incoming.url);
        response.writeHead(302, { location: "/elsewhere" }).end("moved");
      },
      (url) => boundedGet(port, { ...request, url }),
    );
    expect(result).toMatchObject({ ok: false, error: { code: "fetch-status", facts: { actual: 302 } } });
    expect(paths).toEqual(["/"]);
  });

  test.each(ports)("$name stops at the limit of a body without end", async ({ port }) => {
    const result = await withServer(
      (_, response) => {
        const more = (): void => {
          if (response.write("x".repeat(1000))) setImmediate(more);
          else response.once("drain", more);
        };
        more();
      },
      (url) => boundedGet(port, { ...request, url, maxBodyBytes: 5000 }),
    );
    expect(result).toMatchObject({ ok: false, error: { code: "fetch-too-large" } });
  });

  test.each(ports)("$name says that nobody listens", async ({ port }) => {
    const url = await withServer(
      () => {},
      (address) => Promise.resolve(address),
    );
    expect(await boundedGet(port, { ...request, url })).toMatchObject({
      ok: false,
      error: { code: "fetch-failed", facts: { reason: "ECONNREFUSED" } },
    });
  });
});
