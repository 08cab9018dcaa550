import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  parseAttestAnswer,
  parseAttestRequest,
  parseChallengeAnswer,
  parseChallengeRequest,
  parseErrorBody,
  parseGetKeyAnswer,
  parseGetKeyRequest,
} from "../src/index.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("no body makes a parser throw", () => {
  const bodies = fc.oneof(
    fc.uint8Array(),
    fc.string().map(encode),
    fc.json().map(encode),
    fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "\\", "1", " ", "peerId") }).map(encode),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      for (const parse of [parseChallengeRequest, parseGetKeyRequest, parseAttestRequest]) {
        expect(typeof parse(body).ok).toBe("boolean");
      }
      for (const parse of [parseChallengeAnswer, parseAttestAnswer, parseGetKeyAnswer]) {
        expect(typeof parse(body).ok).toBe("boolean");
      }
      parseErrorBody(body);
    }),
    { numRuns: 300 },
  );
});

test("a challenge request is read exactly if JSON.parse finds one own text in it and its name stands there once", () => {
  const members = fc.array(
    fc.tuple(fc.constantFrom("peerId", "a", "__proto__", "peer\\u0049d"), fc.json({ maxDepth: 2 })),
    {
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(members, (pairs) => {
      const text = `{${pairs.map(([name, value]) => `"${name}":${value}`).join(",")}}`;
      const parsed = parseChallengeRequest(encode(text));
      const own = pairs.filter(([name]) => name === "peerId" || name === "peer\\u0049d");
      const value: unknown = own.length === 1 ? JSON.parse(own[0]?.[1] ?? "") : undefined;
      expect(parsed.ok ? parsed.value.peerId : undefined).toBe(typeof value === "string" ? value : undefined);
    }),
    { numRuns: 300 },
  );
});
