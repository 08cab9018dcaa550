import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rate } from "../../src/config/rate-limits.ts";
import { clientKey } from "../../src/limits/client-key.ts";
import { createMemoryRateLimiter } from "../../src/limits/rate-limiter.ts";

const TEN_A_MINUTE: Rate = { count: 10, seconds: 60 };

describe("the rate limiter", () => {
  test("admits as many at once as a rate names, then one for each drop that comes back", async () => {
    let now = 1_000_000;
    const limiter = createMemoryRateLimiter(() => now);
    const draw = () => limiter.draw({ key: "a", rates: [TEN_A_MINUTE] });
    for (let left = 9; left >= 0; left -= 1) expect(await draw()).toMatchObject({ isAdmitted: true, remaining: left });
    expect(await draw()).toEqual({ isAdmitted: false, retryAfterSeconds: 6, limit: 10 });
    now += 5_999;
    expect(await draw()).toMatchObject({ isAdmitted: false, retryAfterSeconds: 1 });
    now += 1;
    expect(await draw()).toMatchObject({ isAdmitted: true, remaining: 0 });
    expect(await draw()).toMatchObject({ isAdmitted: false });
  });

  test("counts each key by itself", async () => {
    const limiter = createMemoryRateLimiter(() => 0);
    const rates = [{ count: 1, seconds: 60 }];
    expect(await limiter.draw({ key: "a", rates })).toMatchObject({ isAdmitted: true });
    expect(await limiter.draw({ key: "a", rates })).toMatchObject({ isAdmitted: false });
    expect(await limiter.draw({ key: "b", rates })).toMatchObject({ isAdmitted: true });
  });

  test("takes from no rate where one of them is empty", async () => {
    let now = 0;
    const limiter = createMemoryRateLimiter(() => now);
    const rates = [
      { count: 1, seconds: 1 },
      { count: 3, seconds: 3_600 },
    ];
    const draw = () => limiter.draw({ key: "a", rates });
    await draw();
    for (let refused = 0; refused < 50; refused += 1) expect(await draw()).toMatchObject({ isAdmitted: false });
    now = 1_000;
    expect(await draw()).toMatchObject({ isAdmitted: true });
    now = 2_000;
    expect(await draw()).toMatchObject({ isAdmitted: true });
    now = 3_000;
    expect(await draw()).toMatchObject({ isAdmitted: false, retryAfterSeconds: 1_197 });
  });

  test("stays within its capacity, and forgets first who has waited longest", async () => {
    let now = 0;
    const limiter = createMemoryRateLimiter(() => now, 3);
    const rates = [{ count: 1, seconds: 60 }];
    for (const key of ["a", "b", "c", "d"]) {
      now += 1;
      await limiter.draw({ key, rates });
    }
    expect(await limiter.draw({ key: "d", rates })).toMatchObject({ isAdmitted: false });
    expect(await limiter.draw({ key: "c", rates })).toMatchObject({ isAdmitted: false });
    expect(await limiter.draw({ key: "a", rates })).toMatchObject({ isAdmitted: true });
  });

  test("never admits more in a window than its count and what drips back meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(8_000), { maxLength: 80 }), async (gaps) => {
        let now = 0;
        const limiter = createMemoryRateLimiter(() => now);
        let admitted = 0;
        for (const gap of gaps) {
          now += gap;
          if ((await limiter.draw({ key: "a", rates: [TEN_A_MINUTE] })).isAdmitted) admitted += 1;
        }
        expect(admitted).toBeLessThanOrEqual(10 + now / 6_000);
      }),
    );
  });
});

describe("whom a request counts for", () => {
  test.each([
    { name: "the /24 of an IPv4 address", peer: "198.41.0.4", other: "198.41.0.200", same: true },
    { name: "not another /24", peer: "198.41.0.4", other: "198.41.1.4", same: false },
    { name: "the /56 of an IPv6 address", peer: "2600:1901:0:100::1", other: "2600:1901:0:1ff::2", same: true },
    { name: "not another /56", peer: "2600:1901:0:100::1", other: "2600:1901:0:200::1", same: false },
    { name: "the address inside a mapped one", peer: "::ffff:198.41.0.4", other: "198.41.0.9", same: true },
  ])("is $name", ({ peer, other, same }) => {
    const [left, right] = [peer, other].map((address) => clientKey(new Headers(), address, null));
    expect(left === right).toBe(same);
    expect(left).not.toBe("unknown");
  });

  test("is nobody in particular without an address: all of them share one bucket", () => {
    expect(clientKey(new Headers(), null, null)).toBe("unknown");
    expect(clientKey(new Headers({ "x-vercel-forwarded-for": "garbage" }), null, "vercel")).toBe("unknown");
  });

  test("is what the platform says only where the platform is trusted", () => {
    const headers = new Headers({ "x-vercel-forwarded-for": "8.8.8.8, 1.1.1.1", "x-forwarded-for": "9.9.9.9" });
    expect(clientKey(headers, "198.41.0.4", "vercel")).toBe("8.8.8");
    expect(clientKey(headers, "198.41.0.4", null)).toBe("198.41.0");
  });
});
