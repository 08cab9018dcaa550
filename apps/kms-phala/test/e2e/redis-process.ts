import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Child, startChild } from "./child.ts";
import { REDIS_SERVER } from "./redis-server.ts";

/** A real Redis with a directory of its own. */
export interface RedisProcess {
  readonly port: number;
  /** Its working directory. */
  readonly directory: string;
  readonly child: Child;
  /** Runs one command as its administrator. */
  command(...words: readonly string[]): Promise<unknown>;
  pause(): void;
  resume(): void;
  /** Ends it without a goodbye; what it had not written is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port, with what its directory holds. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface RedisProcessOptions {
  readonly password?: string;
  /** More of its command line. */
  readonly args?: readonly string[];
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function startRedis(options: RedisProcessOptions = {}): Promise<RedisProcess> {
  const directory = await mkdtemp(join(tmpdir(), "kms-redis-"));
  const port = await freePort();
  const secret =
    options.password === undefined ? [] : ["--requirepass", options.password, "--masterauth", options.password];
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no"];
  // A primary would wait 5 s for more replicas before it gives one its data.
  args.push("--repl-diskless-sync-delay", "0");
  const launch = async (): Promise<Child> => {
    const child = startChild(REDIS_SERVER ?? "redis-server", [...args, ...secret, ...(options.args ?? [])]);
    await child.line(/Ready to accept connections/);
    return child;
  };
  let child = await launch();
  return {
    port,
    directory,
    get child() {
      return child;
    },
    async command(name = "ping", ...words) {
      const admin = new Redis({
        host: "127.0.0.1",
        port,
        lazyConnect: true,
        retryStrategy: () => null,
        ...(options.password === undefined ? {} : { password: options.password }),
      });
      admin.on("error", () => undefined);
      try {
        await admin.connect();
        return await admin.call(name, ...words);
      } finally {
        admin.disconnect();
      }
    },
    pause: () => child.signal("SIGSTOP"),
    resume: () => child.signal("SIGCONT"),
    kill: () => child.kill(),
    async restart() {
      child = await launch();
    },
    async close() {
      await child.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
