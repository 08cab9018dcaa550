import {
  createKmsClient,
  createKmsVerifier,
  fetchWrappedStorageKey,
  identityFromSeed,
  type KmsClient,
  type KmsVerifier,
  type PeerIdentity,
  type PostPort,
  type QuoteProvider,
} from "@mero-tee/kms-protocol/client";
import { parseReleasePolicy } from "@mero-tee/policy";
import { encodeCollateral, failure, parseCollateral } from "@mero-tee/tdx-quote";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { type Harness, nodeQuote, NOW, platform } from "./harness.ts";

/** Somebody on the way between a node and its KMS: may look at and replace what is said, and answer by himself. */
export interface OnTheWay {
  /** Gets a request, and gives back the one that goes on. */
  readonly request?: (path: string, body: Record<string, unknown>) => Record<string, unknown>;
  /** Gets an answer, and gives back the one that arrives. */
  readonly answer?: (
    path: string,
    body: Record<string, unknown>,
    asked: Record<string, unknown>,
  ) => Record<string, unknown> | Promise<Record<string, unknown>>;
}

/** A client of a KMS in memory, with nobody or somebody on the way. */
export function clientOf(harness: Harness, onTheWay: OnTheWay = {}): KmsClient {
  const fetch: PostPort = async (url, { body }) => {
    const path = new URL(url).pathname;
    const sent: Record<string, unknown> = JSON.parse(body);
    const asked = onTheWay.request?.(path, sent) ?? sent;
    const response = await harness.post(path, asked);
    const said = response.json<Record<string, unknown>>();
    const arrives = response.statusCode === 200 ? ((await onTheWay.answer?.(path, said, asked)) ?? said) : said;
    return Response.json(arrives, { status: response.statusCode });
  };
  const client = createKmsClient({ baseUrl: "https://kms.example", fetch });
  if (!client.ok) throw new Error(client.error.code);
  return client.value;
}

const policy = parseReleasePolicy(
  new TextEncoder().encode(platform.policyDocumentFor("locked-read-only")),
  { profile: "locked-read-only", isLegacyFile: false },
  "kms",
);
if (!policy.ok) throw new Error(policy.error.code);

/** Judges a KMS as a node with the simulated release's policy does. */
export const verifyKms: KmsVerifier = createKmsVerifier({
  policy: policy.value,
  now: NOW,
  rootCa: new Uint8Array(platform.rootCa),
  async collateralFor() {
    const collateral = parseCollateral(encodeCollateral(await platform.collateral()));
    return collateral.ok ? collateral : err(failure("fetch", "fetch-failed"));
  },
});

/** The quotes of a healthy simulated node. */
export const nodeQuotes: QuoteProvider = async (reportData) => ok(await nodeQuote(reportData));

/** An identity of its own for each number. */
export async function identityOf(number: number): Promise<PeerIdentity> {
  const identity = await identityFromSeed(new Uint8Array(32).fill(number));
  if (!identity.ok) throw new Error(identity.error.code);
  return identity.value;
}

/** A whole conversation of a node that takes sealed keys only. */
export async function fetchWrapped(
  harness: Harness,
  onTheWay: OnTheWay = {},
  quoteProvider: QuoteProvider = nodeQuotes,
): ReturnType<typeof fetchWrappedStorageKey> {
  return fetchWrappedStorageKey({
    client: clientOf(harness, onTheWay),
    identity: await identityOf(7),
    quoteProvider,
    verifyKms,
  });
}
