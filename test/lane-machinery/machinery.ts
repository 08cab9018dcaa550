import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach } from "vitest";
import { ROOT } from "../markdown.ts";

/** What GitHub or Phala Cloud says; status 200 and no members where nothing else is said. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

interface AskedRequest {
  /** Method and path. */
  readonly line: string;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
}

/** What the scripts of a lane meet: GitHub, Phala Cloud and gcloud, and a folder to work in. */
export interface Machinery {
  readonly directory: string;
  /** By method and path; 404 for all others. */
  answers: Readonly<Record<string, Answer>>;
  requests: AskedRequest[];
  /** Runs one of the project's scripts as a step of a workflow; `outputs` is what it left for later steps. */
  readonly script: (
    name: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ) => Promise<{ exitCode: number | undefined; stdout: string; stderr: string; outputs: string }>;
  /** What gcloud was asked for. */
  readonly gcloudLines: () => Promise<readonly string[]>;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return `http://127.0.0.1:${typeof bound === "object" ? (bound?.port ?? 0) : 0}`;
}

/** Machinery that is made anew for each test of the file that asks for it. */
export function laneMachinery(): Machinery {
  let directory = "";
  let address = "";
  let server: Server;

  const lane: Machinery = {
    get directory() {
      return directory;
    },
    answers: {},
    requests: [],
    async script(name, args, environment = {}) {
      const outputs = join(directory, "outputs");
      await rm(outputs, { force: true });
      const { exitCode, stdout, stderr } = await execa(process.execPath, [join(ROOT, "scripts", name), ...args], {
        cwd: directory,
        extendEnv: false,
        env: {
          PATH: `${directory}:${process.env["PATH"] ?? ""}`,
          GITHUB_API_URL: address,
          GITHUB_REPOSITORY: "owner/name",
          GITHUB_REF: "refs/heads/master",
          GITHUB_EVENT_NAME: "push",
          GITHUB_OUTPUT: outputs,
          GITHUB_TOKEN: "t",
          PHALA_CLOUD_API_PREFIX: address,
          PHALA_CLOUD_API_KEY: "the-key",
          ...environment,
        },
        reject: false,
      });
      return { exitCode, stdout, stderr, outputs: await readFile(outputs, "utf8").catch(() => "") };
    },
    async gcloudLines() {
      const log = await readFile(join(directory, "gcloud.log"), "utf8").catch(() => "");
      return log.split("\n").filter(Boolean);
    },
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mero-tee-machinery-"));
    [lane.requests, lane.answers] = [[], {}];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const line = `${request.method ?? ""} ${request.url ?? ""}`;
        const text = Buffer.concat(chunks).toString();
        lane.requests.push({ line, body: text === "" ? null : JSON.parse(text), headers: request.headers });
        const { status = 200, body = {} } = lane.answers[line] ?? { status: 404 };
        response.statusCode = status;
        response.end(JSON.stringify(body));
      });
    });
    address = await listen(server);
    // A gcloud that writes down what it is asked, and answers with what the test left for it.
    const gcloud = join(directory, "gcloud");
    await writeFile(gcloud, `#!/bin/sh\necho "$*" >> "${directory}/gcloud.log"\ncat "${directory}/answer.json"\n`);
    await writeFile(join(directory, "answer.json"), "");
    await chmod(gcloud, 0o755);
  });

  afterEach(async () => {
    await new Promise((resolve) => void server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  return lane;
}
