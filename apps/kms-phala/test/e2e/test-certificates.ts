import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const OPENSSL = "/usr/bin/openssl";

/** Whether certificates can be made here; that they cannot is said in one line. */
export const HAS_OPENSSL: boolean = existsSync(OPENSSL);
if (!HAS_OPENSSL) {
  const why = "no openssl here; get it with: apt-get install openssl";
  if (!["", "0", "false"].includes(process.env["CI"] ?? "")) throw new Error(why);
  process.stderr.write(`skipped: tests with certificates (${why})\n`);
}

/** A certificate authority of this test alone, and what it signed. */
export interface TestCertificates {
  readonly caFile: string;
  readonly caPem: string;
  /** Makes a key and a certificate for a name, such as `IP:127.0.0.1`. */
  issue(subjectAltName: string): Promise<{ readonly certFile: string; readonly keyFile: string }>;
  close(): Promise<void>;
}

export async function createTestCertificates(): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), "kms-certificates-"));
  const caFile = join(folder, "ca.pem");
  const caKey = join(folder, "ca.key");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run(OPENSSL, [
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    caKey,
    "-out",
    caFile,
    "-days",
    "2",
    "-subj",
    "/CN=test-ca",
  ]);
  let issued = 0;
  return {
    caFile,
    caPem: await readFile(caFile, "utf8"),
    async issue(subjectAltName) {
      issued += 1;
      const [keyFile, request, certFile, extension] = ["key", "csr", "pem", "ext"].map((suffix) =>
        join(folder, `server-${issued}.${suffix}`),
      );
      if (keyFile === undefined || request === undefined || certFile === undefined || extension === undefined) {
        throw new Error("no file names");
      }
      await writeFile(extension, `subjectAltName=${subjectAltName}\n`);
      await run(OPENSSL, ["req", ...newKey, "-keyout", keyFile, "-out", request, "-subj", "/CN=redis"]);
      const signed = ["-CA", caFile, "-CAkey", caKey, "-CAcreateserial", "-days", "2", "-extfile", extension];
      await run(OPENSSL, ["x509", "-req", "-in", request, ...signed, "-out", certFile]);
      return { certFile, keyFile };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
