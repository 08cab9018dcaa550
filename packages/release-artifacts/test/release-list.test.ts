import { describe, expect, test } from "vitest";

import { listReleases } from "../src/index.ts";

const DIGEST = "0".repeat(64);

function release(tag: string, more: object = {}): object {
  const assets = [
    { name: "a.json", size: 1, digest: `sha256:${DIGEST}` },
    { name: "b", size: 2 },
  ];
  return { tag_name: tag, draft: false, prerelease: false, published_at: "2026-01-15T10:20:00Z", assets, ...more };
}

/** Lists what a host answers, page by page. */
async function list(...pages: readonly (string | readonly object[])[]) {
  const asked: string[] = [];
  const outcome = await listReleases({
    repository: "o/n",
    wait: () => Promise.resolve(),
    fetch: (url) => {
      asked.push(url);
      const page = pages[asked.length - 1] ?? [];
      const bytes = new TextEncoder().encode(typeof page === "string" ? page : JSON.stringify(page));
      const pieces = [bytes];
      const read = () => Promise.resolve({ done: pieces.length === 0, value: pieces.shift() });
      const body = { getReader: () => ({ read, cancel: () => Promise.resolve() }) };
      return Promise.resolve({ status: 200, headers: { get: () => null }, body });
    },
  });
  return { asked, outcome };
}

describe("the list of releases", () => {
  test("has the newest version of each lane first, with the digests that the host computed", async () => {
    const tags = ["mero-kms-v2.4.0", "mero-tee-v2.4.0", "mero-kms-v2.10.0", "mero-kms-v2.10.0-rc.2"];
    const { outcome } = await list(tags.map((tag) => release(tag)));
    if (!outcome.ok) throw new Error(outcome.error.message);
    expect(outcome.value.map(({ tag }) => tag)).toEqual([tags[2], tags[3], tags[0], tags[1]]);
    expect(outcome.value[0]?.assets).toEqual(
      new Map([
        ["a.json", DIGEST],
        ["b", null],
      ]),
    );
  });

  test("leaves out drafts, and tags that no lane makes", async () => {
    const others = ["2.4.0", "node-image-gcp-v2.4.0", "mero-kms-v2.4", "mero-kms-v02.4.0", "../mero-kms-v2.4.0", "🦀"];
    const { outcome } = await list([...others.map((tag) => release(tag)), release("mero-kms-v2.4.0", { draft: true })]);
    expect(outcome).toEqual({ ok: true, value: [] });
  });

  test("reads on while pages are full", async () => {
    const full = Array.from({ length: 100 }, (_, index) => release(`mero-tee-v1.0.${index}`));
    const { outcome, asked } = await list(full, [release("mero-tee-v2.0.0")]);
    expect(outcome.ok && outcome.value.length).toBe(101);
    expect(asked.map((url) => new URL(url).searchParams.get("page"))).toEqual(["1", "2"]);
  });

  test.each([
    ["is no JSON", "[{"],
    ["has a key twice", '[{"tag_name":"x","tag_name":"y"}]'],
    ["is no list", "{}"],
    ["has an entry without a tag", [{}]],
    ["has a release twice", [release("mero-kms-v2.4.0"), release("mero-kms-v2.4.0")]],
    ["has an asset whose name is a path", [release("mero-kms-v2.4.0", { assets: [{ name: "../x", size: 1 }] })]],
    ["has an asset without a size", [release("mero-kms-v2.4.0", { assets: [{ name: "x" }] })]],
  ])("that %s is refused", async (_, page) => {
    expect((await list(page)).outcome).toMatchObject({ ok: false, error: { code: "release-list-malformed" } });
  });
});
