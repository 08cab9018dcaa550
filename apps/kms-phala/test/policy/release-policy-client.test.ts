import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createReleasePolicySource, type ReleasePolicyOptions } from "../../src/policy/release-policy-client.ts";
import { platform } from "../harness.ts";

const RELEASE = "https://github.com/calimero-network/mero-tee/releases/download/mero-kms-v2.4.0";
const PROFILED = `${RELEASE}/kms-phala-attestation-policy.locked-read-only.json`;
const LEGACY = `${RELEASE}/kms-phala-attestation-policy.json`;
const DOCUMENT = platform.policyDocumentFor("locked-read-only", { tag: "2.4.0" });

type Answers = Readonly<Record<string, () => Response | Promise<Response>>>;

/** A network of fixed answers; asking for anything else fails the connection. */
function sourceOf(answers: Answers, options: Partial<ReleasePolicyOptions> = {}) {
  const asked: { readonly url: string; readonly userAgent: string | undefined; readonly redirect: string }[] = [];
  const source = createReleasePolicySource({
    version: "2.4.0",
    profile: "locked-read-only",
    sha256: null,
    fetch: async (url, { headers, redirect }) => {
      asked.push({ url, userAgent: headers["user-agent"], redirect });
      const answer = answers[url];
      if (answer === undefined) throw new TypeError("fetch failed");
      return answer();
    },
    ...options,
  });
  return { source, asked, urls: () => asked.map(({ url }) => url) };
}

const found =
  (text: string | Uint8Array<ArrayBuffer> = DOCUMENT) =>
  () =>
    new Response(text);
const status = (code: number) => () => new Response("x", { status: code });
const redirect = (location: string) => () => new Response(null, { status: 302, headers: { location } });

/** The document padded with blanks to an exact length. */
function padded(bytes: number): string {
  return `${DOCUMENT}${" ".repeat(bytes - DOCUMENT.length)}`;
}

function hop(index: number): string {
  return `https://assets.example/${index}`;
}

/** Answers that lead to the document over a number of redirects. */
function redirects(length: number): Answers {
  const hops = Array.from({ length }, (_, index) => [
    hop(index + 1),
    index + 1 === length ? found() : redirect(hop(index + 2)),
  ]);
  return { [PROFILED]: redirect(hop(1)), ...Object.fromEntries(hops) };
}

describe("a release's policy", () => {
  test("is the file of the profile, asked for by name", async () => {
    const { source, asked } = sourceOf({ [PROFILED]: found() });
    expect(await source.load()).toMatchObject({
      ok: true,
      value: {
        policy: { source: "release-file", role: "node", tag: "2.4.0" },
        sha256: createHash("sha256").update(DOCUMENT).digest("hex"),
      },
    });
    expect(asked).toEqual([{ url: PROFILED, userAgent: "mero-kms-phala/1.0", redirect: "manual" }]);
  });

  test("is the unprofiled file where the release has no other", async () => {
    const { source, urls } = sourceOf({ [PROFILED]: status(404), [LEGACY]: found() });
    expect(await source.load()).toMatchObject({ ok: true, value: { policy: { source: "legacy-file" } } });
    expect(urls()).toEqual([PROFILED, LEGACY]);
  });

  test("is missing where the release has neither", async () => {
    const { source } = sourceOf({ [PROFILED]: status(404), [LEGACY]: status(404) });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-not-found" } });
  });

  test.each([
    { name: "a connection that fails", answers: {}, code: "policy-unreachable" },
    { name: "status 500", answers: { [PROFILED]: status(500) }, code: "policy-status" },
    { name: "status 403", answers: { [PROFILED]: status(403) }, code: "policy-status" },
    { name: "status 304", answers: { [PROFILED]: () => new Response(null, { status: 304 }) }, code: "policy-status" },
    { name: "content that is no JSON", answers: { [PROFILED]: found("<html>") }, code: "policy-refused" },
    {
      name: "content that is not UTF-8",
      answers: { [PROFILED]: found(Uint8Array.of(0xff, 0xfe)) },
      code: "policy-refused",
    },
    {
      name: "a policy of another profile",
      answers: { [PROFILED]: found(platform.policyDocumentFor("debug", { tag: "2.4.0" })) },
      code: "policy-refused",
    },
    {
      name: "a policy of another release",
      answers: { [PROFILED]: found(platform.policyDocumentFor("locked-read-only", { tag: "2.3.0" })) },
      code: "policy-refused",
    },
  ])("is not looked for elsewhere after $name", async ({ answers, code }) => {
    const { source, urls } = sourceOf({ ...answers, [LEGACY]: found() });
    expect(await source.load()).toMatchObject({ ok: false, error: { code } });
    expect(urls()).toEqual([PROFILED]);
  });

  test("escapes the version in the URL", async () => {
    const { source, urls } = sourceOf({}, { version: "2.4.0+build" });
    await source.load();
    expect(urls()).toEqual([PROFILED.replace("v2.4.0", "v2.4.0%2Bbuild")]);
  });
});

describe("its digest pin", () => {
  const sha256 = createHash("sha256").update(DOCUMENT).digest("hex");

  test("lets the very bytes through", async () => {
    expect(await sourceOf({ [PROFILED]: found() }, { sha256 }).source.load()).toMatchObject({ ok: true });
  });

  test("refuses one changed byte, although the document means the same", async () => {
    const { source, urls } = sourceOf({ [PROFILED]: found(`${DOCUMENT} `), [LEGACY]: found() }, { sha256 });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-digest-mismatch" } });
    expect(urls()).toEqual([PROFILED]);
  });
});

describe("its limits", () => {
  test.each([
    { bytes: 1_048_576, outcome: { ok: true } },
    { bytes: 1_048_577, outcome: { ok: false, error: { code: "policy-too-large" } } },
  ])("$bytes bytes: $outcome", async ({ bytes, outcome }) => {
    expect(await sourceOf({ [PROFILED]: found(padded(bytes)) }).source.load()).toMatchObject(outcome);
  });

  test("a body without end is not read to its end", async () => {
    let pulls = 0;
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const { source } = sourceOf({ [PROFILED]: () => new Response(endless) });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-too-large" } });
    expect(pulls).toBeLessThan(30);
  });

  test("an answer that does not come is given up", async () => {
    const { source } = sourceOf(
      {},
      {
        timeoutMs: 5,
        fetch: (_url, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
      },
    );
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-unreachable" } });
  });
});

describe("redirects", () => {
  test.each([
    { hops: 1, outcome: { ok: true } },
    { hops: 5, outcome: { ok: true } },
    { hops: 6, outcome: { ok: false, error: { code: "policy-unreachable" } } },
  ])("$hops of them: $outcome", async ({ hops, outcome }) => {
    expect(await sourceOf(redirects(hops)).source.load()).toMatchObject(outcome);
  });

  test.each(["http://assets.example/1", "ftp://assets.example/1", "file:///etc/passwd", "http://[bad"])(
    "to %s are not followed",
    async (location) => {
      const { source, urls } = sourceOf({ [PROFILED]: redirect(location), [location]: found() });
      expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-unreachable" } });
      expect(urls()).toEqual([PROFILED]);
    },
  );

  test("may be relative", async () => {
    const { source } = sourceOf({ [PROFILED]: redirect("/elsewhere"), "https://github.com/elsewhere": found() });
    expect(await source.load()).toMatchObject({ ok: true });
  });

  test("that end in 404 lead on to the unprofiled file", async () => {
    const { source } = sourceOf({ [PROFILED]: redirect(hop(1)), [hop(1)]: status(404), [LEGACY]: found() });
    expect(await source.load()).toMatchObject({ ok: true, value: { policy: { source: "legacy-file" } } });
  });

  test("leave the credential in their query out of the log", async () => {
    const { source } = sourceOf({
      [PROFILED]: redirect("https://assets.example/1?sig=planted"),
      "https://assets.example/1?sig=planted": status(500),
    });
    const loaded = await source.load();
    expect(loaded).toMatchObject({ ok: false, error: { detail: "https://assets.example/1: status 500" } });
    expect(JSON.stringify(loaded)).not.toContain("planted");
  });
});

test("the reason that callers see names no address", async () => {
  const loads = await Promise.all(
    [sourceOf({}), sourceOf({ [PROFILED]: status(500) })].map(({ source }) => source.load()),
  );
  for (const loaded of loads) expect(loaded.ok ? "" : loaded.error.reason).not.toMatch(/http|github|\//);
});
