import { expect, test } from "vitest";

import { EMPTY_LINK, formatLink, linkOf, type LinkState, parseLegacyQuery, parseLink } from "../src/permalink.ts";

const FULL: LinkState = {
  kind: "kms",
  url: "https://a.phala.network",
  tag: "mero-kms-v2.4.0",
  profile: "debug-read-only",
  binding: `${"A".repeat(42)}8`,
  isSimulated: true,
};

test("a link says again what was written into it", () => expect(parseLink(formatLink(FULL))).toEqual(FULL));

test("the link to a check says what was asked, and takes nothing from the address bar", () => {
  const { url, tag, profile } = FULL;
  const bindingHex = `${"00".repeat(31)}0f`;
  const check = {
    origin: "live",
    kind: "kms",
    url: String(url),
    expected: { tag, profile, bindingHex, isStrict: true },
    applicationId: null,
    applicationHashHex: null,
    asksIntel: true,
  } as const;
  expect(parseLink(linkOf(check, true))).toEqual(FULL);
});

test("a form without anything has no fragment", () => expect(formatLink(EMPTY_LINK)).toBe(""));

test.each([
  { name: "another version", link: "#v=2&k=kms" },
  { name: "no version", link: "#k=kms" },
  { name: "more than 1,024 characters", link: `#v=1&k=kms&x=${"y".repeat(1024)}` },
])("ignores a link with $name", ({ link }) => expect(parseLink(link)).toEqual(EMPTY_LINK));

test.each([
  { name: "a kind", link: "#v=1&k=server", key: "kind" },
  { name: "an address with a path", link: "#v=1&u=https://a.phala.network/x", key: "url" },
  { name: "an address that is code", link: "#v=1&u=javascript:alert(1)", key: "url" },
  { name: "a tag", link: "#v=1&tag=mero-kms-v..", key: "tag" },
  { name: "a tag of another family", link: "#v=1&tag=mero-verifier-v1.0.0", key: "tag" },
  { name: "a profile", link: "#v=1&p=locked", key: "profile" },
  { name: "a binding with stray bits", link: `#v=1&b=${"A".repeat(42)}9`, key: "binding" },
] as const)("drops $name that its field would refuse", ({ link, key }) => expect(parseLink(link)[key]).toBeNull());

test("carries no verdict, quote, token or nonce, whatever a link says", () =>
  expect(parseLink("#v=1&verdict=verified&quote=00&token=a.b.c&nonce=00")).toEqual(EMPTY_LINK));

test.each([
  { query: "?kms_url=https://a.phala.network&release_tag=mero-kms-v2.4.0", kind: "kms", tag: "mero-kms-v2.4.0" },
  { query: "?node_url=http://34.65.123.45&profile=debug", kind: "node", tag: null },
  { query: "?nodeUrl=http://34.65.123.45&releaseTag=mero-tee-v2.4.0", kind: "node", tag: "mero-tee-v2.4.0" },
])("reads the older link $query", ({ query, kind, tag }) =>
  expect(parseLegacyQuery(query)).toMatchObject({ kind, tag }),
);

test("a query that says nothing is no older link", () => expect(parseLegacyQuery("?utm_source=x")).toBeNull());
