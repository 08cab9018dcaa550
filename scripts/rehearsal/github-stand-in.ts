import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

/** A release host on loopback: the part of GitHub's interface that lanes, operators and a KMS use, over a local directory. */
export interface GithubStandIn {
  /** Where `api.github.com`, `uploads.github.com` and `github.com` are. */
  readonly origins: ReadonlyMap<string, string>;
  /** Below which every release has a folder named by its tag, for `MERO_TEE_RELEASES_URL`. */
  readonly releasesUrl: string;
  /** Where the files of a release are. */
  readonly directoryOf: (tag: string) => string;
  /** Does what no lane does: puts another file in the place of a published one. */
  readonly replaceAsset: (tag: string, name: string, content: Uint8Array) => Promise<void>;
  /** Does what no lane does: takes a published file away. */
  readonly removeAsset: (tag: string, name: string) => Promise<void>;
  /** Does what no lane does: marks a candidate as a release, or the reverse. */
  readonly setPrerelease: (tag: string, isPrerelease: boolean) => void;
  /** The next upload of a file of this name arrives with one bit turned over. */
  readonly damageUpload: (name: string) => void;
  /** Keeps everything as it is now; what it gives brings that back. */
  readonly snapshot: () => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

interface StoredAsset {
  readonly name: string;
  readonly size: number;
  readonly digest: string;
}

interface StoredRelease {
  readonly id: number;
  tag_name: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  published_at: string | null;
  readonly assets: Map<string, StoredAsset>;
}

const MAX_UPLOAD_BYTES = 512 * 1024 * 1024;

/** Serves a directory as the releases of one repository. */
export async function startGithubStandIn(directory: string, repository: string): Promise<GithubStandIn> {
  const releases: StoredRelease[] = [];
  let lastId = 0;
  let snapshots = 0;
  const damaged = new Set<string>();
  const directoryOf = (tag: string): string => join(directory, encodeURIComponent(tag));
  const byTag = (tag: string): StoredRelease | undefined =>
    releases.find((release) => release.tag_name === tag && !release.draft);
  const published = (tag: string): StoredRelease => {
    const release = byTag(tag);
    if (release === undefined) throw new Error(`${tag} is not published`);
    return release;
  };
  const store = async (release: StoredRelease, name: string, content: Uint8Array): Promise<StoredAsset> => {
    const folder = directoryOf(release.tag_name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), content);
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    const asset = { name, size: content.length, digest };
    release.assets.set(name, asset);
    return asset;
  };

  const routes: readonly Route[] = [
    route("GET", /^\/api\/releases$/, ({ url }) => {
      const page = Number(url.searchParams.get("page") ?? "1");
      const size = Number(url.searchParams.get("per_page") ?? "30");
      const some = releases.toReversed().slice((page - 1) * size, page * size);
      return json(200, some.map(shown));
    }),
    route("GET", /^\/api\/releases\/tags\/([^/]+)$/, ({ parts: [tag = ""] }) => {
      const release = byTag(tag);
      return release === undefined ? json(404, { message: "Not Found" }) : json(200, shown(release));
    }),
    route("POST", /^\/api\/releases$/, ({ body }) => {
      const asked: Partial<StoredRelease> = JSON.parse(body.toString("utf8"));
      const release: StoredRelease = {
        id: (lastId += 1),
        tag_name: asked.tag_name ?? "",
        name: asked.name ?? "",
        body: asked.body ?? "",
        draft: asked.draft === true,
        prerelease: asked.prerelease === true,
        published_at: null,
        assets: new Map(),
      };
      releases.push(release);
      return json(201, shown(release));
    }),
    route("GET", /^\/api\/releases\/(\d+)$/, ({ parts: [id] }) => found(id, (release) => json(200, shown(release)))),
    route("GET", /^\/api\/releases\/(\d+)\/assets$/, ({ url, parts: [id] }) =>
      found(id, (release) => {
        const page = Number(url.searchParams.get("page") ?? "1");
        const size = Number(url.searchParams.get("per_page") ?? "30");
        return json(200, [...release.assets.values()].slice((page - 1) * size, page * size));
      }),
    ),
    route("PATCH", /^\/api\/releases\/(\d+)$/, ({ parts: [id], body }) =>
      found(id, (release) => {
        const change: Partial<StoredRelease> = JSON.parse(body.toString("utf8"));
        if (change.body !== undefined) release.body = change.body;
        if (change.draft === false) {
          release.draft = false;
          release.published_at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
        }
        return json(200, shown(release));
      }),
    ),
    route("DELETE", /^\/api\/releases\/(\d+)$/, async ({ parts: [id] }) => {
      const index = releases.findIndex((release) => String(release.id) === id);
      const [removed] = index === -1 ? [] : releases.splice(index, 1);
      if (removed !== undefined) await rm(directoryOf(removed.tag_name), { recursive: true, force: true });
      return { status: 204, type: "application/json", content: Buffer.alloc(0) };
    }),
    route("POST", /^\/uploads\/releases\/(\d+)\/assets$/, async ({ url, parts: [id], body }) => {
      const release = releases.find((each) => String(each.id) === id);
      const name = url.searchParams.get("name") ?? "";
      if (release === undefined || !release.draft || release.assets.has(name) || !/^[\w.-]+$/.test(name))
        return json(422, { message: "Validation Failed" });
      if (damaged.delete(name)) body[0] = (body[0] ?? 0) ^ 1;
      return json(201, await store(release, name, body));
    }),
    route("GET", /^\/web\/releases\/download\/([^/]+)\/([^/]+)$/, async ({ parts: [tag = "", name = ""] }) => {
      if (byTag(tag)?.assets.has(name) !== true) return json(404, { message: "Not Found" });
      const content = await readFile(join(directoryOf(tag), name));
      return { status: 200, type: "application/octet-stream", content };
    }),
  ];
  const found = (id: string | undefined, answer: (release: StoredRelease) => Answer): Answer => {
    const release = releases.find((each) => String(each.id) === id);
    return release === undefined ? json(404, { message: "Not Found" }) : answer(release);
  };

  const server = createServer((request, response) => {
    void answerRequest(routes, repository, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the release host has no port");
  const base = `http://127.0.0.1:${address.port}`;
  return {
    origins: new Map([
      ["https://api.github.com", `${base}/api`],
      ["https://uploads.github.com", `${base}/uploads`],
      ["https://github.com", `${base}/web`],
    ]),
    releasesUrl: `${base}/web/${repository}/releases/download`,
    directoryOf,
    async replaceAsset(tag, name, content) {
      await store(published(tag), name, content);
    },
    async removeAsset(tag, name) {
      published(tag).assets.delete(name);
      await rm(join(directoryOf(tag), name));
    },
    setPrerelease(tag, isPrerelease) {
      published(tag).prerelease = isPrerelease;
    },
    damageUpload: (name) => void damaged.add(name),
    async snapshot() {
      const kept = structuredClone(releases);
      const copy = `${directory}-${(snapshots += 1)}`;
      await cp(directory, copy, { recursive: true });
      return async () => {
        releases.splice(0, releases.length, ...structuredClone(kept));
        damaged.clear();
        await rm(directory, { recursive: true, force: true });
        await cp(copy, directory, { recursive: true });
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function shown({ assets, ...release }: StoredRelease): object {
  return { ...release, assets: [...assets.values()] };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly content: Uint8Array;
}

interface Asked {
  readonly url: URL;
  readonly parts: readonly string[];
  readonly body: Buffer;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly answer: (asked: Asked) => Answer | Promise<Answer>;
}

function route(method: string, path: RegExp, answer: Route["answer"]): Route {
  return { method, path, answer };
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", content: Buffer.from(JSON.stringify(value)) };
}

async function answerRequest(
  routes: readonly Route[],
  repository: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerFor(routes, repository, request).catch((error: unknown) =>
    json(500, { message: String(error) }),
  );
  response.writeHead(answer.status, { "content-type": answer.type, "content-length": answer.content.length });
  response.end(answer.content);
}

async function answerFor(routes: readonly Route[], repository: string, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://loopback");
  // One repository: its name is in every address, with `repos/` before it where GitHub has that.
  const path = url.pathname.replace(/^\/(api|uploads|web)\/(?:repos\/)?/, "/$1/").replace(`/${repository}/`, "/");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_UPLOAD_BYTES) return json(413, { message: "too large" });
    chunks.push(bytes);
  }
  for (const { method, path: pattern, answer } of routes) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (match === null) continue;
    return await answer({ url, parts: match.slice(1).map(decodeURIComponent), body: Buffer.concat(chunks) });
  }
  return json(404, { message: "Not Found" });
}
