import { expect, test } from "vitest";

import { recogniseAddress } from "../src/target-address.ts";

test.each([
  {
    input: "https://abc-8080.dstack-prod5.phala.network",
    url: "https://abc-8080.dstack-prod5.phala.network",
    likely: "kms",
  },
  { input: "https://a.phala.network/attest", url: "https://a.phala.network", likely: "kms" },
  { input: "  https://A.PHALA.NETWORK:8443/  ", url: "https://a.phala.network:8443", likely: "kms" },
  { input: "http://34.65.123.45:080/", url: "http://34.65.123.45", likely: "node" },
  { input: "http://34.65.123.45/admin-api/tee/attest", url: "http://34.65.123.45", likely: "node" },
  { input: "https://34.65.123.45/", url: "https://34.65.123.45", likely: "node" },
  { input: "http://[2600:1901:0:1::5]/", url: "http://[2600:1901:0:1::5]", likely: "node" },
] as const)("takes $input as $url", ({ input, url, likely }) =>
  expect(recogniseAddress(input)).toMatchObject({ kind: "address", url, likely }),
);

test.each([
  { input: "http:\\\\34.65.123.45/", reason: "characters" },
  { input: "https://a.phala.network\\@127.0.0.1/", reason: "characters" },
  { input: "https://ａ.phala.network/", reason: "characters" },
  { input: "https://phala。network", reason: "characters" },
  { input: "https://user:pw@a.phala.network/", reason: "userinfo" },
  { input: "https://a.phala.network@127.0.0.1/", reason: "userinfo" },
  { input: "https://a.phala.network/x", reason: "path" },
  { input: "https://a.phala.network/..%2f..%2fadmin", reason: "path" },
  { input: "https://a.phala.network/attest?x=", reason: "query" },
  { input: "https://a.phala.network/#f", reason: "query" },
  { input: "http://34.65.123.45:65536/", reason: "unreadable" },
  { input: "ftp://a.phala.network/", reason: "scheme" },
  { input: "javascript:alert(1)", reason: "scheme" },
  { input: "data:text/html,x", reason: "scheme" },
  { input: `https://a.phala.network/${"x".repeat(2048)}`, reason: "too-long" },
])("refuses $input", ({ input, reason }) => expect(recogniseAddress(input)).toMatchObject({ kind: "refused", reason }));

test.each([
  { input: "34.65.123.45:2528", suggestion: "http://34.65.123.45:2528" },
  { input: "a.phala.network", suggestion: "https://a.phala.network" },
])("offers $suggestion for $input", ({ input, suggestion }) =>
  expect(recogniseAddress(input)).toMatchObject({ kind: "refused", reason: "scheme-missing", suggestion }),
);

test.each(["", "   ", "two words", '{"quote":"…"}', "04000200", "BAACAIEAAAA="])("takes %j for no address", (input) =>
  expect(recogniseAddress(input)).toEqual({ kind: "none" }),
);

test("shows how an encoded name reads", () =>
  expect(recogniseAddress("https://xn--mnchen-3ya.example")).toMatchObject({ unicodeHost: "münchen.example" }));
