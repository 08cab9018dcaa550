import { describe, expect, test } from "vitest";
import type { DocumentDemands } from "../../src/policy/document-policy-source.ts";
import { createReleasePolicySource, type ReleasePolicyOptions } from "../../src/policy/release-policy-client.ts";
import { bundleOf, DEMANDS, POLICY, policyOf, PUBLISHED, sha256 } from "./release-world.ts";

const RELEASE = "https://github.com/calimero-network/mero-tee/releases/download/mero-kms-v2.4.0";
const PROFILED = `${RELEASE}/kms-phala-attestation-policy.locked-read-only.json`;
const LEGACY = `${RELEASE}/kms-phala-attestation-policy.json`;
const NODE = "https://github.com/calimero-network/mero-tee/releases/download/mero-tee-v2.4.0/published-mrtds.json";
const BUNDLE = ".sigstore.json";

type Answers = Readonly<Record<string, () => Response | Promise<Response>>>;

/** A network of fixed answers; asking for anything else fails the connection. */
function sourceOf(
  answers: Answers,
  { demands, ...options }: Partial<Omit<ReleasePolicyOptions, "demands">> & { demands?: Partial<DocumentDemands> } = {},
) {
  const asked: { readonly url: string; readonly headers: Record<string, string>; readonly redirect: string }[] = [];
  const source = createReleasePolicySource({
    version: "2.4.0",
    releasesUrl: null,
    demands: { ...DEMANDS, ...demands },
    fetch: async (url, { headers, redirect }) => {
      asked.push({ url, headers, redirect });
      const answer = answers[url];
      if (answer === undefined) throw new TypeError("fetch failed");
      return answer();
    },
    ...options,
  });
  return { source, asked, urls: () => asked.map(({ url }) => url) };
}

const found =
  (text: string | Uint8Array<ArrayBuffer> = POLICY) =>
  () =>
    new Response(text);
const status = (code: number) => () => new Response("x", { status: code });
const redirect = (location: string) => () => new Response(null, { status: 302, headers: { location } });

/** A file with its signature. */
function signed(url: string, document: string = POLICY): Answers {
  return { [url]: found(document), [url + BUNDLE]: found(bundleOf(document)) };
}

/** The policy padded with blanks to an exact length. */
function padded(bytes: number): string {
  return `${POLICY}${" ".repeat(bytes - POLICY.length)}`;
}

function hop(index: number): string {
  return `https://release-assets.githubusercontent.com/${index}`;
}

/** Answers that lead to the policy over a number of redirects. */
function redirects(length: number): Answers {
  const hops = Array.from({ length }, (_, index) => [
    hop(index + 1),
    index + 1 === length ? found() : redirect(hop(index + 2)),
  ]);
  return { ...signed(PROFILED), [PROFILED]: redirect(hop(1)), ...Object.fromEntries(hops) };
}

/** Where a mirror has what GitHub has at an address. */
function mirror(url: string): string {
  return url.replace("https://github.com/calimero-network/mero-tee/releases/download", "https://mirror.example/tee");
}

describe("a release's policy", () => {
  test("is the file of the profile, asked for by name, and then its signature", async () => {
    const { source, asked } = sourceOf(signed(PROFILED));
    expect(await source.load()).toMatchObject({
      ok: true,
      value: {
        policy: { source: "release-file", role: "node", tag: "2.4.0" },
        sha256: sha256(POLICY),
        signer: { logIndex: 1_000_021 },
        nodePolicySha256: null,
      },
    });
    const headers = { "user-agent": "mero-kms-phala/1.0", "accept-encoding": "identity" };
    expect(asked).toMatchObject([
      { url: PROFILED, headers, redirect: "manual" },
      { url: PROFILED + BUNDLE, headers, redirect: "manual" },
    ]);
  });

  test("is the unprofiled file where the release has no other", async () => {
    const { source, urls } = sourceOf({ [PROFILED]: status(404), ...signed(LEGACY) });
    expect(await source.load()).toMatchObject({ ok: true, value: { policy: { source: "legacy-file" } } });
    expect(urls()).toEqual([PROFILED, LEGACY, LEGACY + BUNDLE]);
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
    { name: "signed content that is no JSON", answers: signed(PROFILED, "<html>"), code: "policy-signature-refused" },
    {
      name: "a policy of another profile",
      answers: signed(PROFILED, policyOf(undefined, "debug")),
      code: "policy-refused",
    },
    {
      name: "a policy of another release",
      answers: signed(PROFILED, policyOf(undefined, "locked-read-only", "2.3.0")),
      code: "policy-refused",
    },
  ])("is not looked for elsewhere after $name", async ({ answers, code }) => {
    const { source, urls } = sourceOf({ ...signed(LEGACY), ...answers });
    expect(await source.load()).toMatchObject({ ok: false, error: { code } });
    expect(urls().filter((url) => url.startsWith(LEGACY))).toEqual([]);
  });

  test("escapes the version in the URL", async () => {
    const { source, urls } = sourceOf({}, { version: "2.4.0+build" });
    await source.load();
    expect(urls()).toEqual([PROFILED.replace("v2.4.0", "v2.4.0%2Bbuild")]);
  });

  test("comes from the repository whose workflow signs it", async () => {
    const signer = { ...DEMANDS.signer, repository: "example/fork" };
    const { source, urls } = sourceOf({}, { demands: { signer } });
    await source.load();
    expect(urls()).toEqual([PROFILED.replace("calimero-network/mero-tee", "example/fork")]);
  });

  test("comes from a mirror that the operator names, and so do the node release's measurements", async () => {
    const answers = { ...signed(mirror(PROFILED)), [mirror(NODE)]: found(PUBLISHED) };
    const options = { releasesUrl: "https://mirror.example/tee", demands: { nodeSha256: sha256(PUBLISHED) } };
    const { source, urls } = sourceOf(answers, options);
    expect(await source.load()).toMatchObject({ ok: true, value: { nodePolicySha256: sha256(PUBLISHED) } });
    expect(urls()).toEqual([mirror(PROFILED), mirror(PROFILED) + BUNDLE, mirror(NODE)]);
  });
});

describe("its digest pin", () => {
  const demands = { sha256: sha256(POLICY) };

  test("lets the very bytes through", async () => {
    expect(await sourceOf(signed(PROFILED), { demands }).source.load()).toMatchObject({ ok: true });
  });

  test("refuses one changed byte, although the document means the same", async () => {
    // Whoever can run the release workflow signs anything; the pin stands against that.
    const { source, urls } = sourceOf({ ...signed(PROFILED, `${POLICY} `), ...signed(LEGACY) }, { demands });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-digest-mismatch" } });
    expect(urls()).toEqual([PROFILED]);
  });
});

describe("its limits", () => {
  test.each([
    { bytes: 1_048_576, outcome: { ok: true } },
    { bytes: 1_048_577, outcome: { ok: false, error: { code: "policy-too-large" } } },
  ])("$bytes bytes: $outcome", async ({ bytes, outcome }) => {
    expect(await sourceOf(signed(PROFILED, padded(bytes))).source.load()).toMatchObject(outcome);
  });

  test.each([PROFILED, PROFILED + BUNDLE, NODE])("%s without end is not read to its end", async (url) => {
    let pulls = 0;
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const answers = { ...signed(PROFILED), [NODE]: found(PUBLISHED), [url]: () => new Response(endless) };
    const { source } = sourceOf(answers, { demands: { nodeSha256: sha256(PUBLISHED) } });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-too-large" } });
    expect(pulls).toBeLessThan(30);
  });

  test("a body that announces 100 MB is not begun with", async () => {
    let pulls = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-length": "104857600" };
    const { source } = sourceOf({ [PROFILED]: () => new Response(body, { headers }) });
    expect(await source.load()).toMatchObject({ ok: false, error: { code: "policy-too-large" } });
    expect(pulls).toBe(0);
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

  test.each([
    "http://github.com/1",
    "https://github.com:8443/1",
    "https://assets.example/1",
    "https://githubusercontent.com.evil.example/1",
    "https://raw.githubusercontent.com/1",
    "https://user:planted@github.com/1",
    "http://169.254.169.254/latest",
    "ftp://github.com/1",
    "file:///etc/passwd",
    "http://[bad",
  ])("to %s are not followed", async (location) => {
    const { source, urls } = sourceOf({ ...signed(PROFILED), [PROFILED]: redirect(location), [location]: found() });
    const loaded = await source.load();
    expect(loaded).toMatchObject({ ok: false, error: { code: "policy-unreachable" } });
    expect(urls()).toEqual([PROFILED]);
    expect(JSON.stringify(loaded)).not.toContain("planted");
  });

  test.each([
    { location: "https://mirror.example/other", ok: true },
    { location: "/other", ok: true },
    { location: "https://github.com/calimero-network", ok: false },
    { location: "https://objects.githubusercontent.com/1", ok: false },
    { location: "https://mirror.example:8443/other", ok: false },
    { location: "https://other.example/other", ok: false },
  ])("of a mirror to $location: $ok", async ({ location, ok }) => {
    const first = "https://mirror.example/mero-kms-v2.4.0/kms-phala-attestation-policy.locked-read-only.json";
    const target = new URL(location, first).href;
    const answers = { ...signed(first), [first]: redirect(location), [target]: found() };
    const { source } = sourceOf(answers, { releasesUrl: "https://mirror.example" });
    expect((await source.load()).ok).toBe(ok);
  });

  test("may be relative", async () => {
    const answers = {
      ...signed(PROFILED),
      [PROFILED]: redirect("/elsewhere"),
      "https://github.com/elsewhere": found(),
    };
    expect(await sourceOf(answers).source.load()).toMatchObject({ ok: true });
  });

  test("that end in 404 lead on to the unprofiled file", async () => {
    const { source } = sourceOf({ [PROFILED]: redirect(hop(1)), [hop(1)]: status(404), ...signed(LEGACY) });
    expect(await source.load()).toMatchObject({ ok: true, value: { policy: { source: "legacy-file" } } });
  });

  test("leave the credential in their query out of the log", async () => {
    const { source } = sourceOf({
      [PROFILED]: redirect(`${hop(1)}?sig=planted`),
      [`${hop(1)}?sig=planted`]: status(500),
    });
    const loaded = await source.load();
    expect(loaded).toMatchObject({ ok: false, error: { detail: `${hop(1)}: status 500` } });
    expect(JSON.stringify(loaded)).not.toContain("planted");
  });
});

test("the reason that callers see names no address", async () => {
  const failing = [
    {},
    { [PROFILED]: status(500) },
    { [PROFILED]: found() },
    { [PROFILED]: found("x".repeat(2 ** 21)) },
  ];
  for (const answers of failing) {
    const loaded = await sourceOf(answers).source.load();
    expect(loaded.ok ? "/" : loaded.error.reason).not.toMatch(/http|github|\//);
  }
});
