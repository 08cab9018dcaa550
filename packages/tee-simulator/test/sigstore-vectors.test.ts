import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createSimulatedSigstore } from "../src/sigstore/index.ts";
import { FILE, SIGNED_AT, WHO } from "./sigstore-world.ts";

const sigstore = createSimulatedSigstore({ now: SIGNED_AT, seed: "vectors" });
const files = sigstore.sign(FILE, WHO);
const read = (name: string): string => readFileSync(new URL(`vectors/sigstore/${name}`, import.meta.url), "utf8");

describe("the recorded signatures", () => {
  test.each([
    { name: "release-file.txt", content: new TextDecoder().decode(FILE) },
    { name: "trusted_root.json", content: sigstore.trustedRoot },
    { name: "release-file.txt.sigstore.json", content: files.bundle },
    { name: "release-file.txt.bundle.json", content: files.cosignBundle },
    { name: "release-file.txt.sig", content: files.signature },
    { name: "release-file.txt.pem", content: files.certificate },
    { name: "attestation.sigstore.json", content: sigstore.sign(FILE, { ...WHO, content: "dsse" }).bundle },
    { name: "second-log.sigstore.json", content: sigstore.sign(FILE, { ...WHO, log: 2 }).bundle },
  ])("$name is what the simulated Sigstore makes", ({ name, content }) => {
    expect(read(name)).toBe(content);
  });
});
