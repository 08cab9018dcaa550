import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";

import { DEFAULT_PROFILE, parseProfile, PROFILES, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** The settings of one simulator process. Paths are absolute. */
export interface SimulatorSettings {
  /** 0 picks a free port. */
  readonly port: number;
  readonly profile: Profile;
  /** Absent: no guest agent is served. */
  readonly dstackSocket?: string;
  /** Where the root CA goes, as PEM. */
  readonly rootCaFile?: string;
  /** Where the policy that accepts this platform goes. */
  readonly policyFile?: string;
  /** Where the trusted root of the simulated Sigstore goes, which signs this platform's releases. */
  readonly sigstoreRootFile?: string;
  /** Where everything goes that a verifier of this platform trusts in advance, as one JSON document. */
  readonly anchorsFile?: string;
  /** The same seed makes the same platform, keys included; absent: a new platform at every start. */
  readonly seed?: string;
  /** Stop when the IPC channel, or without one standard input, closes: a killed parent leaves no orphan. */
  readonly exitWithParent: boolean;
}

/** What the command line asks for. */
export type SimulatorCommand =
  { readonly kind: "help" } | { readonly kind: "run"; readonly settings: SimulatorSettings };

/** The text of `--help`. */
export const USAGE: string = `usage: node main.ts [flags]

Serves a simulated TDX platform on loopback and prints one JSON line when it is ready.

  --port N             port of the control surface, 0..65535 (default 0: a free one)
  --dstack-socket PATH serve a dstack guest agent on this Unix socket
  --profile NAME       ${PROFILES.join(", ")} (default ${DEFAULT_PROFILE})
  --root-ca-file PATH  write the platform's root CA there, as PEM
  --policy-file PATH   write a policy there that accepts this platform
  --sigstore-root-file PATH
                       write the trusted root of the simulated Sigstore there
  --anchors-file PATH  write all trust anchors of this platform's world there, as JSON
  --seed TEXT          make the same platform, keys included, for the same text
  --exit-with-parent   stop when the IPC channel, or without one standard input, closes
  --help               print this

example: node main.ts --port 8787 --dstack-socket /tmp/dstack.sock --root-ca-file /tmp/root-ca.pem
`;

/**
 * Reads the flags of the simulator process.
 *
 * @param args - the arguments after the script's name
 * @param workingDirectory - relative paths are resolved against it
 * @returns the command, or one line that names the flag at fault
 */
export function parseCommandLine(args: readonly string[], workingDirectory: string): Result<SimulatorCommand, string> {
  let values: Flags;
  try {
    values = parseFlags(args);
  } catch (error) {
    // parseArgs throws for unknown flags, positionals and missing values; its first sentence names the argument.
    return err((error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "malformed flags");
  }
  if (values.help === true) return ok({ kind: "help" });

  const port = parsePort(last(values.port) ?? "0");
  if (port === null) return err(`--port: not a port number (0..65535): ${last(values.port)}`);
  const profile = parseProfile(last(values.profile) ?? DEFAULT_PROFILE);
  if (!profile.ok) return err(`--profile: not one of ${PROFILES.join(", ")}: ${last(values.profile)}`);

  for (const name of SINGLE_FLAGS) {
    const given = values[name] ?? [];
    if (given.length > 1) return err(`--${name}: given ${given.length} times`);
    if (given[0] === "") return err(`--${name}: empty`);
  }
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(workingDirectory, path));
  const dstackSocket = last(values["dstack-socket"]);
  const rootCaFile = last(values["root-ca-file"]);
  const policyFile = last(values["policy-file"]);
  const sigstoreRootFile = last(values["sigstore-root-file"]);
  const anchorsFile = last(values["anchors-file"]);
  const seed = last(values.seed);
  return ok({
    kind: "run",
    settings: {
      port,
      profile: profile.value,
      ...(dstackSocket === undefined ? {} : { dstackSocket: absolute(dstackSocket) }),
      ...(rootCaFile === undefined ? {} : { rootCaFile: absolute(rootCaFile) }),
      ...(policyFile === undefined ? {} : { policyFile: absolute(policyFile) }),
      ...(sigstoreRootFile === undefined ? {} : { sigstoreRootFile: absolute(sigstoreRootFile) }),
      ...(anchorsFile === undefined ? {} : { anchorsFile: absolute(anchorsFile) }),
      ...(seed === undefined ? {} : { seed }),
      exitWithParent: values["exit-with-parent"] === true,
    },
  });
}

const SINGLE_FLAGS = [
  "port",
  "profile",
  "dstack-socket",
  "root-ca-file",
  "policy-file",
  "sigstore-root-file",
  "anchors-file",
  "seed",
] as const;

type Flags = ReturnType<typeof parseFlags>;

// Every flag is declared repeatable so that a repetition can be refused instead of silently taking the last.
function parseFlags(args: readonly string[]) {
  const text = { type: "string", multiple: true } as const;
  return parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      port: text,
      profile: text,
      "dstack-socket": text,
      "root-ca-file": text,
      "policy-file": text,
      "sigstore-root-file": text,
      "anchors-file": text,
      seed: text,
      "exit-with-parent": { type: "boolean" },
      help: { type: "boolean" },
    },
  }).values;
}

function last(values: readonly string[] | undefined): string | undefined {
  return values?.at(-1);
}

function parsePort(text: string): number | null {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(text)) return null;
  const port = Number(text);
  return port <= 65535 ? port : null;
}
