import { describe, expect, test } from "vitest";
import type { FetchPort } from "@mero-tee/tdx-quote/collateral";

import {
  BrokenDownload,
  fetchCatalog,
  findRelease,
  openAsset,
  openListedAsset,
  parseReleaseVersion,
  type ReleaseSource,
} from "../src/index.ts";

const LIST = "https://api.github.com/repos/calimero-network/mero-tee/releases/tags/mero-kms-v2.4.0";
const CATALOG = "https://api.github.com/repos/calimero-network/mero-tee/contents/compatibility-catalog.json";
const ASSET = "https://github.com/calimero-network/mero-tee/releases/download/mero-kms-v2.4.0/kms-phala-checksums.txt";
const STORE = "https://release-assets.githubusercontent.com/x?sig=secret";
const RELEASE = { lane: "kms", tag: "mero-kms-v2.4.0" } as const;

interface Answer {
  readonly status?: number;
  readonly location?: string;
  readonly body?: readonly (string | Error)[];
}

/** A host that answers each address with what is next in its list, and keeps to its last answer. */
function host(
  answers: Readonly<Record<string, readonly (Answer | Error)[]>>,
): ReleaseSource & { readonly asked: string[]; readonly waits: number[] } {
  const asked: string[] = [];
  const waits: number[] = [];
  const fetch: FetchPort = async (url) => {
    const before = asked.filter((each) => each === url).length;
    asked.push(url);
    const list = answers[url] ?? [{ status: 404 }];
    const answer = list[Math.min(before, list.length - 1)];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("nothing");
    const pieces = [...(answer.body ?? [])];
    const read = async () => {
      const piece = pieces.shift();
      if (piece instanceof Error) throw piece;
      return await Promise.resolve(
        piece === undefined ? { done: true } : { done: false, value: new TextEncoder().encode(piece) },
      );
    };
    return await Promise.resolve({
      status: answer.status ?? 200,
      headers: { get: (name) => (name === "location" ? (answer.location ?? null) : null) },
      body: { getReader: () => ({ read, cancel: async () => await Promise.resolve() }) },
    });
  };
  const wait = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    await Promise.resolve();
  };
  return { fetch, repository: "calimero-network/mero-tee", wait, asked, waits };
}

function version() {
  const parsed = parseReleaseVersion("2.4.0");
  if (parsed === null) throw new Error("2.4.0");
  return parsed;
}

function listing(release: object): Answer {
  return {
    body: [JSON.stringify({ tag_name: "mero-kms-v2.4.0", draft: false, prerelease: false, assets: [], ...release })],
  };
}

async function textOf(source: ReleaseSource, name = "kms-phala-checksums.txt"): Promise<string> {
  const opened = await openAsset(source, RELEASE, name);
  if (!opened.ok) return opened.error.code;
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of opened.value.chunks) pieces.push(piece);
  } catch (error) {
    if (error instanceof BrokenDownload) return error.error.code;
    throw error;
  }
  return Buffer.concat(pieces).toString();
}

describe("the list of a release", () => {
  test("gives its assets by name", async () => {
    const source = host({
      [LIST]: [
        listing({
          prerelease: true,
          assets: [{ name: "a.json", size: 1, browser_download_url: "https://evil.example" }],
        }),
      ],
    });
    expect(await findRelease(source, "kms", version())).toEqual({
      ok: true,
      value: { tag: "mero-kms-v2.4.0", isPrerelease: true, assets: ["a.json"] },
    });
  });

  test.each([
    { name: "no release", answer: { status: 404 }, code: "release-not-found" },
    { name: "a draft", answer: listing({ draft: true }), code: "release-not-found" },
    { name: "another tag", answer: listing({ tag_name: "mero-kms-v2.3.0" }), code: "release-list-malformed" },
    {
      name: "a name that is a path",
      answer: listing({ assets: [{ name: "../../etc/passwd", size: 1 }] }),
      code: "release-list-malformed",
    },
    { name: "an asset without a size", answer: listing({ assets: [{ name: "a" }] }), code: "release-list-malformed" },
    {
      name: "too many assets",
      answer: listing({ assets: Array.from({ length: 1001 }, (_, index) => ({ name: `a${index}`, size: 1 })) }),
      code: "release-list-malformed",
    },
    { name: "cut JSON", answer: { body: ["{"] }, code: "release-list-malformed" },
    {
      name: "an endless list",
      answer: { body: Array.from({ length: 5 }, () => " ".repeat(1024 * 1024)) },
      code: "release-list-malformed",
    },
    { name: "a list that breaks off", answer: { body: ["{", new Error("reset")] }, code: "release-fetch-failed" },
    { name: "a limit of requests", answer: { status: 403 }, code: "release-fetch-failed" },
  ])("$name: $code", async ({ answer, code }) => {
    expect(await findRelease(host({ [LIST]: [answer] }), "kms", version())).toMatchObject({
      ok: false,
      error: { code },
    });
  });
});

test("a release that is not there is named by its tag", async () => {
  expect(await findRelease(host({ [LIST]: [{ status: 404 }] }), "kms", version())).toEqual({
    ok: false,
    error: { code: "release-not-found", message: expect.stringMatching(/^There is no release mero-kms-v2\.4\.0 in /) },
  });
});

describe("an asset", () => {
  test("comes from where redirects within the host's own servers lead", async () => {
    const source = host({ [ASSET]: [{ status: 302, location: STORE }], [STORE]: [{ body: ["a", "b"] }] });
    expect(await textOf(source)).toBe("ab");
    expect(source.asked).toEqual([ASSET, STORE]);
  });

  test.each([
    { name: "another host", location: "https://evil.example/x" },
    { name: "a host that looks like it", location: "https://github.com.evil.example/x" },
    { name: "plain http", location: "http://github.com/x" },
    { name: "another port", location: "https://github.com:8443/x" },
    { name: "somebody's name", location: "https://me@github.com/x" },
    { name: "a file", location: "file:///etc/passwd" },
    { name: "nowhere", location: "" },
  ])("is not taken where a redirect leads to $name", async ({ location }) => {
    const source = host({ [ASSET]: [{ status: 302, location }], [location]: [{ body: ["evil"] }] });
    expect(await textOf(source)).toBe("release-redirect-refused");
    expect(source.asked.filter((url) => url !== ASSET)).toEqual([]);
  });

  test("is not followed in a circle", async () => {
    const source = host({ [ASSET]: [{ status: 302, location: ASSET }] });
    expect(await textOf(source)).toBe("release-redirect-refused");
    expect(source.asked).toHaveLength(6);
  });

  test("is tried again where the server or the connection failed", async () => {
    const source = host({ [ASSET]: [{ status: 503 }, new Error("reset"), { body: ["ok"] }] });
    expect(await textOf(source)).toBe("ok");
    expect(source.waits).toEqual([3000, 3000]);
  });

  test("is given up after five tries", async () => {
    const source = host({ [ASSET]: [new Error("reset")] });
    expect(await textOf(source)).toBe("release-fetch-failed");
    expect(source.asked).toHaveLength(5);
  });

  test("that is not there is asked for once", async () => {
    const source = host({});
    expect(await textOf(source)).toBe("release-not-found");
    expect(source.asked).toHaveLength(1);
  });

  test("that breaks off says so, and what came is not all", async () => {
    expect(await textOf(host({ [ASSET]: [{ body: ["a", new Error("reset")] }] }))).toBe("release-fetch-failed");
  });

  test("that is longer than any of its kind is cut off", async () => {
    const body = Array.from({ length: 6 }, () => " ".repeat(1024 * 1024));
    expect(await textOf(host({ [ASSET]: [{ body }] }))).toBe("release-asset-too-large");
    expect(await textOf(host({ [`${ASSET}.sig`]: [{ body }] }), "kms-phala-checksums.txt.sig")).toBe(
      "release-asset-too-large",
    );
  });

  test("shows no signed address in its failure", async () => {
    const source = host({ [ASSET]: [{ status: 302, location: STORE }], [STORE]: [new Error(`cannot reach ${STORE}`)] });
    const opened = await openAsset(source, RELEASE, "kms-phala-checksums.txt");
    expect(JSON.stringify(opened)).not.toContain("secret");
  });
});

async function openListed(source: ReleaseSource) {
  return await openListedAsset(source, RELEASE, "kms-phala-checksums.txt");
}

describe("an asset that is listed", () => {
  test("is waited for where it comes late", async () => {
    const missing = { status: 404 };
    const source = host({ [ASSET]: [missing, missing, { body: ["late"] }] });
    expect(await openListed(source)).toMatchObject({ ok: true });
    expect(source.waits).toEqual([6000, 6000]);
  });

  test("is waited for ten times, and then named by its rule", async () => {
    const source = host({});
    expect(await openListed(source)).toEqual({
      ok: false,
      error: {
        code: "release-asset-late",
        message: "AS-05: kms-phala-checksums.txt did not come after 10 waits and 11 tries.",
      },
    });
    expect(source.waits).toEqual(Array.from({ length: 10 }, () => 6000));
  });

  test("is not waited for where the host refuses it", async () => {
    const source = host({ [ASSET]: [{ status: 302, location: "https://evil.example/x" }] });
    expect(await openListed(source)).toMatchObject({ ok: false, error: { code: "release-redirect-refused" } });
    expect(source.waits).toEqual([]);
  });
});

describe("the compatibility catalog", () => {
  test("comes as the repository has it", async () => {
    const fetched = await fetchCatalog(host({ [CATALOG]: [{ body: ['{"releases"', ":[]}"] }] }));
    expect(fetched.ok && new TextDecoder().decode(fetched.value)).toBe('{"releases":[]}');
  });

  test.each<{ name: string; answers: readonly (Answer | Error)[]; code: string }>([
    { name: "is absent", answers: [{ status: 404 }], code: "release-not-found" },
    { name: "is refused", answers: [{ status: 403 }], code: "release-fetch-failed" },
    { name: "breaks off", answers: [{ body: ["{", new Error("sig=secret")] }], code: "release-fetch-failed" },
    {
      name: "is endless",
      answers: [{ body: Array.from({ length: 64 }, () => " ".repeat(1024 * 1024)) }],
      code: "release-asset-too-large",
    },
    {
      name: "leads elsewhere",
      answers: [{ status: 302, location: "https://evil.example/x" }],
      code: "release-redirect-refused",
    },
  ])("that $name is an error", async ({ answers, code }) => {
    const fetched = await fetchCatalog(host({ [CATALOG]: answers }));
    expect(fetched).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(fetched)).not.toContain("secret");
  });
});
