import { expect, test } from "vitest";

import { createKeptData, KEPT_LIMITS, type Storage } from "../src/kept-data-store.ts";

/** A browser's storage in memory, as far as it is used. */
function memory(): Storage & { readonly caches: Map<string, Map<string, Response>> } {
  const caches = new Map<string, Map<string, Response>>();
  return {
    caches,
    has: async (name) => caches.has(name),
    delete: async (name) => caches.delete(name),
    async open(name) {
      const held = caches.get(name) ?? new Map<string, Response>();
      caches.set(name, held);
      return {
        match: async (path) => held.get(path)?.clone(),
        put: async (path, answer) => void held.set(path, answer),
        delete: async (path) => held.delete(typeof path === "string" ? path : new URL(path.url).pathname),
        keys: async () => [...held.keys()].map((path) => new Request(`https://verifier.example${path}`)),
      };
    },
  };
}

const ANSWERS = new Map([["/api/a", "{}"]]);

test("nothing is kept before the reader says so", async () => {
  const storage = memory();
  const kept = createKeptData(storage);
  await kept.keep(ANSWERS, 5);
  expect(storage.caches.size).toBe(0);
  expect(await kept.find("/api/a")).toBeNull();
});

test("what is kept says since when, and is forgotten with the choice", async () => {
  const storage = memory();
  const kept = createKeptData(storage);
  await kept.turn(true);
  await kept.keep(ANSWERS, 5);
  expect(await kept.find("/api/a")).toEqual({ text: "{}", keptAt: 5 });
  expect(await kept.find("/api/b")).toBeNull();
  await kept.turn(false);
  expect(await kept.isOn()).toBe(false);
  await kept.turn(true);
  expect(await kept.find("/api/a")).toBeNull();
});

test("an answer that is too large is not kept, and the oldest go first", async () => {
  const kept = createKeptData(memory());
  await kept.turn(true);
  await kept.keep(new Map([["/api/large", "x".repeat(KEPT_LIMITS.characters + 1)]]), 1);
  expect(await kept.find("/api/large")).toBeNull();
  const many = Array.from({ length: KEPT_LIMITS.answers + 1 }, (_, index) => [`/api/${index}`, "{}"] as const);
  await kept.keep(new Map(many), 2);
  expect(await kept.find("/api/0")).toBeNull();
  expect(await kept.find("/api/1")).not.toBeNull();
  expect(await kept.find(`/api/${KEPT_LIMITS.answers}`)).not.toBeNull();
});

test("an answer that does not say when it was kept is none", async () => {
  const storage = memory();
  const kept = createKeptData(storage);
  await kept.turn(true);
  storage.caches.get("mero-kept-reference-data")?.set("/api/a", new Response("{}"));
  expect(await kept.find("/api/a")).toBeNull();
});

test.each([
  { name: "no storage", storage: null },
  {
    name: "storage that refuses",
    storage: {
      has: async () => await Promise.reject(new Error("no")),
      open: async () => await Promise.reject(new Error("no")),
      delete: async () => await Promise.reject(new Error("no")),
    },
  },
])("$name is as good as none", async ({ storage }) => {
  const kept = createKeptData(storage);
  await kept.turn(true);
  await kept.keep(ANSWERS, 5);
  expect(await kept.isOn()).toBe(false);
  expect(await kept.find("/api/a")).toBeNull();
  await kept.turn(false);
});
