import { err, ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";

import {
  assetsToSign,
  DOCUMENT_SHAPES,
  parseDocument,
  type ReleaseFiles,
  REKOR_INDEX_ASSET,
  type ReleaseLane,
  type SidecarSuffix,
  type SignFile,
  signRelease,
} from "../src/index.ts";
import { stagedFiles, VERSION } from "./release-world.ts";

const ORIGIN = { version: VERSION, runId: "7100000002", runAttempt: "1", generatedAt: "2026-01-15T10:20:00Z" };

async function staged(lane: ReleaseLane): Promise<ReleaseFiles> {
  const files = await stagedFiles({ lane });
  return {
    list: () => Promise.resolve([...files].map(([name, content]) => ({ name, size: content.length }))),
    async *open(name) {
      await Promise.resolve();
      yield files.get(name) ?? new Uint8Array(0);
    },
  };
}

/** A signer that notes the order, and says where each signing stands in the log. */
function signer(order: string[], broken?: string): SignFile {
  return (name) => {
    order.push(name);
    if (name === broken) return Promise.resolve(err({ code: "signing-failed" as const, message: "Fulcio is closed." }));
    const entry = { logIndex: String(order.length), integratedTime: "1768472400", logId: { keyId: "AAAA" } };
    const bundle = { verificationMaterial: { tlogEntries: [entry] } };
    const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>([
      [".sigstore.json", new TextEncoder().encode(JSON.stringify(bundle))],
      [".sig", new TextEncoder().encode(name)],
    ]);
    return Promise.resolve(ok(sidecars));
  };
}

function signNowhere(): ReturnType<SignFile> {
  return Promise.resolve(ok(new Map()));
}

describe("signing a release", () => {
  test.each(["kms", "node", "verifier"] as const)(
    "of lane %s signs every asset once, the index behind them",
    async (lane) => {
      const order: string[] = [];
      const files = await staged(lane);
      const names = (await files.list()).map(({ name }) => name);
      const signed = await signRelease(files, { lane, origin: ORIGIN, sign: signer(order) });
      if (!signed.ok) throw new Error(signed.error.code);
      const index = REKOR_INDEX_ASSET[lane];
      expect(order.toSorted()).toEqual([...names, index].toSorted());
      expect([...signed.value.keys()].toSorted()).toEqual(
        [index, ...[...names, index].flatMap((name) => [`${name}.sig`, `${name}.sigstore.json`])].toSorted(),
      );
      const read = parseDocument(index, signed.value.get(index) ?? "", DOCUMENT_SHAPES.rekorIndex);
      if (!read.ok) throw new Error(JSON.stringify(read.error));
      const last: readonly string[] = {
        kms: ["kms-phala-release-manifest.json"],
        node: [],
        verifier: ["mero-verifier-release-manifest.json"],
      }[lane];
      expect(order.slice(order.indexOf(index) + 1)).toEqual(last);
      expect(read.value.value.entries.map(({ asset }) => asset)).toEqual(
        names.filter((name) => !last.includes(name)).toSorted(),
      );
      expect(read.value.value.entries.every(({ asset, log_index: at }) => order[Number(at) - 1] === asset)).toBe(true);
    },
  );

  test("ends with the first file that is not signed, and gives nothing", async () => {
    const order: string[] = [];
    const sign = signer(order, "kms-phala-container-sbom.spdx.json");
    const signed = await signRelease(await staged("kms"), { lane: "kms", origin: ORIGIN, sign });
    expect(signed).toEqual({ ok: false, error: { code: "signing-failed", message: "Fulcio is closed." } });
    expect(order.at(-1)).toBe("kms-phala-container-sbom.spdx.json");
  });

  test("refuses a signing that stands in no log", async () => {
    const signed = await signRelease(await staged("node"), { lane: "node", origin: ORIGIN, sign: signNowhere });
    expect(signed).toMatchObject({
      ok: false,
      error: { code: "document-field-missing", file: "node-image-gcp-rekor-index.json" },
    });
  });

  test("passes over sidecars, the index and what is none of the lane's", () => {
    const names = ["published-mrtds.json", "published-mrtds.json.sig", "node-image-gcp-rekor-index.json", "install.sh"];
    expect(assetsToSign("node", names)).toEqual(["published-mrtds.json"]);
  });
});
