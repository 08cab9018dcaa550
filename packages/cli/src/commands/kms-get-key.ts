import { buildCommand, type Command } from "@stricli/core";
import {
  createKmsClient,
  fetchStorageKey,
  isSecureKmsUrl,
  type StorageKeyFailure,
} from "@mero-tee/kms-protocol/client";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfKms } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { keyFingerprint } from "../key-fingerprint.ts";
import { createNodeSide, NODE_FLAGS, type NodeFlags } from "../node-side.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { table } from "../table.ts";

interface GetKeyFlags extends NodeFlags {
  readonly out?: string;
}

/** What the KMS said where it refused: the tag is what nodes look at. */
interface KmsError {
  readonly status: number;
  readonly tag: string | null;
}

const NOTHING_KNOWN = { peerId: null, kmsVerified: false, keyFingerprint: null, out: null, kmsError: null } as const;

async function getKey(ports: Ports, flags: GetKeyFlags, kmsUrl: string): Promise<Report> {
  const client = createKmsClient({ baseUrl: kmsUrl, fetch: ports.fetch });
  if (!client.ok) return reportRefusal(refusalOfKms("transport", client.error), NOTHING_KNOWN);
  if (flags.policy !== undefined && !isSecureKmsUrl(client.value.baseUrl)) {
    const message = "A KMS that is verified by a policy is addressed by https, or by http to a loopback IP address.";
    return reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), NOTHING_KNOWN);
  }
  const node = await createNodeSide(ports, flags, kmsUrl);
  if (!node.ok) return reportRefusal(node.error, NOTHING_KNOWN);
  const { identity, quoteProvider, verifyKms, binding } = node.value;
  const asked = { ...NOTHING_KNOWN, peerId: identity.peerId };

  const key = await withProgress(
    ports,
    `talking to the KMS at ${kmsUrl}`,
    fetchStorageKey({
      client: client.value,
      identity,
      quoteProvider,
      ...(verifyKms === null ? {} : { verifyKms }),
      ...(binding === null ? {} : { binding }),
    }),
  );
  if (!key.ok) {
    const { stage, failure } = key.error;
    const kmsVerified = verifyKms !== null && stage !== "attest";
    return reportRefusal(refusalOfKms(stage, failure), { ...asked, kmsVerified, kmsError: kmsErrorOf(key.error) });
  }
  const known = { ...asked, kmsVerified: verifyKms !== null, keyFingerprint: key.value.use(keyFingerprint) };
  if (flags.out === undefined) {
    key.value.wipe();
    return reportSuccess(known, () => keyText(known, kmsUrl));
  }
  const written = await ports.files.write(flags.out, `${key.value.use(toHex)}\n`, "secret");
  key.value.wipe();
  if (!written.ok) return reportRefusal(refusalOfCli(written.error), known);
  const stored = { ...known, out: flags.out };
  return reportSuccess(stored, () => keyText(stored, kmsUrl));
}

function kmsErrorOf({ failure }: StorageKeyFailure): KmsError | null {
  return failure.code === "kms-refused" ? { status: failure.status, tag: failure.tag } : null;
}

function keyText(
  known: {
    readonly peerId: string;
    readonly kmsVerified: boolean;
    readonly keyFingerprint: string;
    readonly out: string | null;
  },
  kmsUrl: string,
): string {
  return table(
    [
      ["key fingerprint", `${known.keyFingerprint} (SHA-256 of the key, first 8 bytes)`],
      ["key written to", known.out ?? "nowhere; --out FILE writes it"],
      ["peer id", known.peerId],
      ["KMS", `${kmsUrl}, ${known.kmsVerified ? "verified by the policy" : "NOT verified"}`],
    ],
    0,
  );
}

/** `mero-tee kms get-key URL`: plays a node through the key release. */
export const kmsGetKeyCommand: Command<CliContext> = buildCommand({
  func: reporting<GetKeyFlags, [string]>(getKey),
  parameters: {
    flags: {
      ...NODE_FLAGS,
      out: optionalFlag(String, "FILE", "Write the key as hex to a new file that only its owner can read"),
      json: JSON_FLAG,
    },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "URL", brief: "Base address of the KMS" }],
    },
  },
  docs: commandDocs(
    "Play a node, and get its storage key",
    "Verifies the KMS by a policy (with --policy), takes a challenge, quotes, signs, and asks for the key. Prints a fingerprint " +
      "of the key, never the key. Exit code 10 when the KMS refuses or is not believed, 1 when it cannot be reached or is not ready.",
    {
      does: "get the key of a simulated node from the KMS that `mero-tee dev` runs",
      line: "mero-tee kms get-key http://127.0.0.1:8080 --identity node.key --simulator http://127.0.0.1:8787 --policy policy.json --root-ca root-ca.pem",
    },
  ),
});
