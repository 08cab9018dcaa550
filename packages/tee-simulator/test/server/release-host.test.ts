import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { createSignatureVerifier, GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";
import { parseTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createSimulatedPlatform } from "../../src/index.ts";
import { anchorsDocument } from "../../src/server/anchors-document.ts";
import { type RunningSimulator, startSimulator } from "../../src/server/index.ts";

const NOW = 1_793_491_200;
const REPOSITORY = "calimero-network/mero-tee";

let simulator: RunningSimulator;

beforeAll(async () => {
  const platform = await createSimulatedPlatform({ seed: "release host", now: NOW });
  simulator = await startSimulator({ platform, now: () => NOW });
});

afterAll(() => simulator.close());

async function download(tag: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(`${simulator.url}/${REPOSITORY}/releases/download/${tag}/${name}`);
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

interface Listed {
  readonly tag_name: string;
  readonly assets: readonly { readonly name: string; readonly size: number }[];
}

describe("the simulated release host", () => {
  test("lists a KMS release and a node release, and serves every file that it lists", async () => {
    const answer = await fetch(`${simulator.url}/repos/${REPOSITORY}/releases`);
    const listed: readonly Listed[] = JSON.parse(await answer.text());
    expect(listed.map((release) => release.tag_name)).toEqual(["mero-kms-v0.0.0", "mero-tee-v0.0.0"]);
    for (const { tag_name: tag, assets } of listed) {
      for (const { name, size } of assets) expect([name, (await download(tag, name)).length]).toEqual([name, size]);
    }
  });

  test.each([
    { lane: "kms", tag: "mero-kms-v0.0.0", name: "kms-phala-attestation-policy.locked-read-only.json" },
    { lane: "kms", tag: "mero-kms-v0.0.0", name: "kms-phala-compatibility-map.json" },
    { lane: "node", tag: "mero-tee-v0.0.0", name: "published-mrtds.json" },
  ] as const)("signs $name as the workflow of its lane, and as no other", async ({ lane, tag, name }) => {
    const trustedRoot = parseTrustedRoot(simulator.sigstore().trustedRoot);
    if (!trustedRoot.ok) throw new Error(trustedRoot.error.code);
    const bytes = await download(tag, name);
    const sidecars = new Map([
      [".sigstore.json", await download(tag, `${name}.sigstore.json`)] as const,
      [".bundle.json", await download(tag, `${name}.bundle.json`)] as const,
    ]);
    const verdict = async (of: "kms" | "node") => {
      const signer = { identity: laneIdentity(of, REPOSITORY), issuer: GITHUB_ACTIONS_ISSUER };
      const verify = createSignatureVerifier({ ...signer, trustedRoot: trustedRoot.value });
      return (await verify(name, () => Promise.resolve(bytes), sidecars)).ok;
    };
    expect(await verdict(lane)).toBe(true);
    expect(await verdict(lane === "kms" ? "node" : "kms")).toBe(false);
  });

  test.each([
    "mero-kms-v9.9.9/published-mrtds.json",
    "mero-tee-v0.0.0/nothing.json",
    "mero-tee-v0.0.0/published-mrtds.json/x",
  ])("has no %s", async (path) => {
    expect((await fetch(`${simulator.url}/${REPOSITORY}/releases/download/${path}`)).status).toBe(404);
  });
});

async function appraise(): Promise<{ head: Record<string, unknown>; body: Record<string, unknown>; token: string }> {
  const { quote } = await simulator.platform.issueQuote({ reportData: new Uint8Array(64).fill(9) });
  const answer = await fetch(`${simulator.url}/appraisal/v2/attest`, {
    method: "POST",
    body: JSON.stringify({ tdx: { quote: toBase64(quote) } }),
  });
  const { token }: { token: string } = JSON.parse(await answer.text());
  const [head, body] = token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  return { head, body, token };
}

describe("the stand-in of Intel Trust Authority", () => {
  test("signs what it says with a key of its key set, under a root of its own", async () => {
    const { token, head, body } = await appraise();
    const { keys } = (await simulator.trustAuthority()).keySet;
    const jwk = JSON.parse(JSON.stringify(keys[0]));
    const key = await webcrypto.subtle.importKey("jwk", jwk, { name: "RSA-PSS", hash: "SHA-384" }, false, ["verify"]);
    const [signed, signature] = [token.slice(0, token.lastIndexOf(".")), token.slice(token.lastIndexOf(".") + 1)];
    const verify = (text: string) =>
      webcrypto.subtle.verify(
        { name: "RSA-PSS", saltLength: 48 },
        key,
        Buffer.from(signature, "base64url"),
        Buffer.from(text),
      );
    expect(await verify(signed)).toBe(true);
    expect(await verify(`${signed}x`)).toBe(false);
    expect(head).toMatchObject({ alg: "PS384", typ: "JWT", kid: jwk.kid });
    expect(body).toMatchObject({ iss: simulator.url, iat: NOW, tdx: { tdx_report_data: "09".repeat(64) } });
    const [leaf, root] = jwk.x5c.map((der: string) => new X509Certificate(Buffer.from(der, "base64")));
    expect([leaf.verify(root.publicKey), root.verify(root.publicKey)]).toEqual([true, true]);
    expect(createHash("sha256").update(root.raw).digest("hex")).toBe((await simulator.trustAuthority()).rootSha256);
  });

  test("says something else when it is told to", async () => {
    simulator.changeTokens({ tdx: { tdx_rtmr3: "00".repeat(48) }, claims: { iss: "https://other.example" } });
    const { body } = await appraise();
    simulator.changeTokens({});
    expect(body).toMatchObject({ iss: "https://other.example", tdx: { tdx_rtmr3: "00".repeat(48) } });
  });

  test("has no opinion on what is no quote", async () => {
    const answer = await fetch(`${simulator.url}/appraisal/v2/attest`, {
      method: "POST",
      body: '{"tdx":{"quote":"AAAA"}}',
    });
    expect(answer.status).toBe(400);
  });

  test("is among the anchors of this world", async () => {
    const anchors = JSON.parse(await anchorsDocument(simulator));
    expect(anchors).toMatchObject({
      root_ca_pem: simulator.platform.rootCaPem,
      ita_issuer: simulator.url,
      ita_root_sha256: [(await simulator.trustAuthority()).rootSha256],
    });
  });
});
