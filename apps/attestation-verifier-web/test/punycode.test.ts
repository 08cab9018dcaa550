import { domainToUnicode } from "node:url";
import { expect, test } from "vitest";

import { unicodeHost } from "../src/punycode.ts";

test.each([
  "xn--mnchen-3ya.de",
  "xn--fiqs8s",
  "a.xn--e1afmkfd.xn--p1ai",
  "xn--bcher-kva.example",
  "xn--80ak6aa92e.com",
])("reads %s as Node does", (host) => expect(unicodeHost(host)).toBe(domainToUnicode(host)));

test("says nothing where nothing is encoded", () => expect(unicodeHost("a.example")).toBeNull());

test.each(["xn--!!!", "xn--99999999999", "xn--a-9999999999999"])("does not read %s", (host) =>
  expect(unicodeHost(host)).toBeNull(),
);
