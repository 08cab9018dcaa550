import { buildCommand, type Command } from "@stricli/core";
import {
  createKmsClient,
  fetchStorageKey,
  fetchWrappedStorageKey,
  isSecureKmsUrl,
  type KmsClient,
  type StorageKeyFailure,
} from "@mero-tee/kms-protocol/client";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfKms } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { keyFingerprint } from "../key-fingerprint.ts";
import { createNodeSide, NODE_FLAGS, type NodeFlags, type NodeSide } from "../node-side.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { table } from "../table.ts";

/** How the key travels: sealed to the node, or readable to whoever ends the connection. */
const WIRES = ["wrapped", "plain"] as const;
type Wire = (typeof WIRES)[number];

interface GetKeyFlags extends NodeFlags {
  readonly wire?: Wire;
  readonly out?: string;
}

/** What the KMS said where it refused: the tag is what nodes look at. */
interface KmsError {
  readonly status: number;
  readonly tag: string | null;
}

const NOTHING_KNOWN = {
  peerId: null,
  kmsVerified: false,
  wire: null,
  keyFingerprint: null,
  out: null,
  kmsError: null,
} as const;

async function getKey(ports: Ports, flags: GetKeyFlags, kmsUrl: string): Promise<Report> {
  const client = createKmsClient({ baseUrl: kmsUrl, fetch: ports.fetch });
  if (!client.ok) return reportRefusal(refusalOfKms("transport", client.error), NOTHING_KNOWN);
  if (flags.policy !== undefined && !isSecureKmsUrl(client.value.baseUrl)) {
    const message = "A KMS that is verified by a policy is addressed by https, or by http to a loopback IP address.";
    return reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), NOTHING_KNOWN);
  }
  if (flags.wire === "wrapped" && flags.policy === undefined) {
    const message = "A sealed key is worth as much as the quote that vouches for it: --wire wrapped needs --policy.";
    return reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), NOTHING_KNOWN);
  }
  const node = await createNodeSide(ports, flags, kmsUrl);
  if (!node.ok) return reportRefusal(node.error, NOTHING_KNOWN);
  const { verifyKms } = node.value;
  const wire = flags.wire ?? (verifyKms === null ? "plain" : "wrapped");
  const asked = { ...NOTHING_KNOWN, peerId: node.value.identity.peerId, wire };

  const key = await withProgress(ports, `talking to the KMS at ${kmsUrl}`, fetchKey(client.value, node.value, wire));
  if (!key.ok) {
    const { stage, failure } = key.error;
    const refusal = { ...refusalOfKms(stage, failure), ...hintFor(failure, wire) };
    const kmsVerified = verifyKms !== null && stage !== "attest" && !DOUBTS.has(failure.code);
    return reportRefusal(refusal, { ...asked, kmsVerified, kmsError: kmsErrorOf(key.error) });
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

/** The wire is chosen once: nothing that a KMS answers leads from the one to the other. */
function fetchKey(
  client: KmsClient,
  { identity, quoteProvider, verifyKms, binding }: NodeSide,
  wire: Wire,
): ReturnType<typeof fetchStorageKey> {
  const request = { client, identity, quoteProvider, ...(binding === null ? {} : { binding }) };
  if (verifyKms === null) return fetchStorageKey(request);
  return wire === "wrapped"
    ? fetchWrappedStorageKey({ ...request, verifyKms })
    : fetchStorageKey({ ...request, verifyKms });
}

/** Failures of the key's own step that leave open who answered. */
const DOUBTS: ReadonlySet<StorageKeyFailure["failure"]["code"]> = new Set([
  "kms-quote-mock",
  "kms-report-data-mismatch",
  "kms-quote-refused",
  "kms-collateral-unavailable",
  "kms-policy-refused",
  "answer-key-not-wrapped",
  "key-unwrap-failed",
]);

function hintFor(failure: StorageKeyFailure["failure"], wire: Wire): { readonly details?: string } {
  if (wire === "plain" || failure.code !== "kms-refused" || failure.tag !== "peer_id_mismatch") return {};
  return {
    details:
      "A KMS that does not know sealed keys answers so, and so does one whose requests are changed on the way.\n" +
      "--wire plain asks for the key as an unmodified node does; whoever ends the connection can then read it.\n",
  };
}

function kmsErrorOf({ failure }: StorageKeyFailure): KmsError | null {
  return failure.code === "kms-refused" ? { status: failure.status, tag: failure.tag } : null;
}

function keyText(
  known: {
    readonly peerId: string;
    readonly kmsVerified: boolean;
    readonly wire: Wire;
    readonly keyFingerprint: string;
    readonly out: string | null;
  },
  kmsUrl: string,
): string {
  return table(
    [
      ["key fingerprint", `${known.keyFingerprint} (SHA-256 of the key, first 8 bytes)`],
      [
        "it travelled",
        known.wire === "wrapped" ? "sealed to this node alone" : "plain: whoever ends the connection saw it",
      ],
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
      wire: {
        kind: "enum",
        values: WIRES,
        optional: true,
        brief:
          "How the key travels: wrapped (sealed to the node; the only way with --policy unless this says plain) or plain",
      },
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
    "Verifies the KMS by a policy (with --policy), takes a challenge, quotes, signs, and asks for the key, sealed to this node " +
      "where the KMS is verified. Prints a fingerprint " +
      "of the key, never the key. Exit code 10 when the KMS refuses or is not believed, 1 when it cannot be reached or is not ready.",
    {
      does: "get the key of a simulated node from the KMS that `mero-tee dev` runs",
      line: "mero-tee kms get-key http://127.0.0.1:8080 --identity node.key --simulator http://127.0.0.1:8787 --policy policy.json --root-ca root-ca.pem",
    },
  ),
});
