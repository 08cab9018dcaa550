import { describe, expect, test } from "vitest";
import { parseRedisUrl } from "../../src/config/redis-url.ts";

const NOBODY = { username: null, password: null };

describe("a Redis URL", () => {
  test.each([
    {
      url: "redis://redis.example",
      expected: { kind: "single", at: { host: "redis.example", port: 6379 }, isTls: false, database: 0 },
    },
    {
      url: " rediss://redis.example:6380/2 ",
      expected: { kind: "single", at: { host: "redis.example", port: 6380 }, isTls: true, database: 2 },
    },
    { url: "redis://[::1]:7000/", expected: { kind: "single", at: { host: "::1", port: 7000 } } },
    { url: "unix:///run/redis.sock", expected: { kind: "socket", path: "/run/redis.sock" } },
    { url: "redis+unix:///run/redis.sock", expected: { kind: "socket", path: "/run/redis.sock" } },
    {
      url: "redis+sentinel://a.example,b.example:7000/kms/1",
      expected: {
        kind: "sentinel",
        sentinels: [
          { host: "a.example", port: 26_379 },
          { host: "b.example", port: 7000 },
        ],
        master: "kms",
        database: 1,
      },
    },
    {
      url: "rediss+cluster://a.example,10.0.0.2:7000",
      expected: {
        kind: "cluster",
        isTls: true,
        nodes: [
          { host: "a.example", port: 6379 },
          { host: "10.0.0.2", port: 7000 },
        ],
      },
    },
  ])("$url is understood", ({ url, expected }) => {
    const parsed = parseRedisUrl(url);
    expect(parsed).toMatchObject({ ok: true, value: expected });
    expect(parsed.ok && parsed.value.credentials()).toEqual(NOBODY);
  });

  test.each([
    { url: "redis://:p%40ss%3Aword@h", credentials: { username: null, password: "p@ss:word" } },
    { url: "redis://kms:p:w@h", credentials: { username: "kms", password: "p:w" } },
    { url: "redis://kms:pw@h", credentials: { username: "kms", password: "pw" } },
    { url: "redis+cluster://kms:pw@h,i", credentials: { username: "kms", password: "pw" } },
    { url: "unix://kms:pw@/run/redis.sock", credentials: { username: "kms", password: "pw" } },
  ])("$url gives its credentials", ({ url, credentials }) => {
    const parsed = parseRedisUrl(url);
    expect(parsed.ok && parsed.value.credentials()).toEqual(credentials);
  });

  test.each([
    "",
    "redis",
    "redis://",
    "redis:///0",
    "REDIS://h",
    "valkey://h",
    "redis://h:0",
    "redis://h:65536",
    "redis://h:6379x",
    "redis://h/x",
    "redis://h/01",
    "redis://h/0/1",
    "redis://h/0?db=1",
    "rediss://h#insecure",
    "redis://a,b",
    "redis://[::g]",
    "redis://h_-",
    "redis://a b",
    "redis://u:p@q@h",
    "redis://:%zz@h",
    "redis://:%ff@h",
    "unix://host/run/redis.sock",
    "unix:///",
    "redis+sentinel://h",
    "redis+sentinel://h/",
    "redis+sentinel://h/a%20b",
    "redis+sentinel:///kms",
    "redis+cluster://h/1",
    "redis+cluster://h,",
    `redis+cluster://${Array.from({ length: 33 }, () => "h").join(",")}`,
  ])("%j is refused", (url) => {
    expect(parseRedisUrl(url).ok).toBe(false);
  });
});
