import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { measureUkiImage } from "../src/index.ts";
import { OPTIONAL_HEADER, peOf } from "./image-writer.ts";
import { COMMAND_LINE, KERNEL, ROOT_HASH, SECTIONS, ukiWith, ukiWithCommandLine } from "./sample-image.ts";

function sha384(...parts: readonly Uint8Array[]): string {
  return parts.reduce((hash, part) => hash.update(part), createHash("sha384")).digest("hex");
}

/** Authenticode by hand, for files whose sections fill them to the end. */
function authenticode(file: Uint8Array): string {
  const checkSum = OPTIONAL_HEADER + 64;
  const certificates = OPTIONAL_HEADER + 144;
  return sha384(file.subarray(0, checkSum), file.subarray(checkSum + 4, certificates), file.subarray(certificates + 8));
}

function digestOf(file: Uint8Array): string | null {
  const result = measureUkiImage(file, { profile: "debug" });
  return result.ok ? result.value.uki.digest : null;
}

function verdict(uki: Uint8Array): string {
  const result = measureUkiImage(uki, { profile: "debug" });
  return result.ok ? "measured" : result.error.code;
}

describe("a unified kernel image", () => {
  test("is measured by its sections, its kernel and itself", () => {
    const uki = ukiWith();
    const result = measureUkiImage(uki, { profile: "debug" });
    expect(result).toMatchObject({ ok: true, value: { profile: "debug", rootHash: ROOT_HASH, gptDigest: null } });
    if (!result.ok) return;
    expect(result.value.uki.digest).toBe(authenticode(uki));
    expect(result.value.uki.kernelDigest).toBe(authenticode(KERNEL));
    expect(result.value.uki.sections).toEqual(
      [".linux", ".osrel", ".cmdline", ".initrd", ".sbat"].map((name) => {
        const content = SECTIONS[name] ?? new Uint8Array();
        return { name, size: content.length, digest: sha384(content) };
      }),
    );
    expect(result.value.rtmr3.rtmr3).toBe(
      "478393c9bf068731cc4ffcad52261a55b8ac7f69fefdd42c2f90c08a28646905e1ae62742077043700714a76158922ee",
    );
  });

  test("measures alike with other checksum and certificates, and differently with any other byte", () => {
    const uki = ukiWith();
    const changed = (offset: number): Uint8Array => uki.with(offset, Number(uki[offset]) ^ 1);
    const good = digestOf(uki);
    expect(digestOf(changed(OPTIONAL_HEADER + 64))).toBe(good);
    expect(digestOf(changed(OPTIONAL_HEADER + 144))).toBe(good);
    for (const offset of [0x48, OPTIONAL_HEADER + 70, uki.length - 1]) {
      expect(digestOf(changed(offset))).not.toBe(good);
    }
    const signed = new Uint8Array([...uki, ...new Uint8Array(16).fill(3)]);
    new DataView(signed.buffer).setUint32(OPTIONAL_HEADER + 148, 16, true);
    expect(digestOf(signed)).toBe(good);
    const appended = new Uint8Array([...uki, ...new Uint8Array(16).fill(3)]);
    expect(digestOf(appended)).not.toBe(good);
  });

  test("with another profile than it is believed to have is refused", () => {
    expect(measureUkiImage(ukiWith(), { profile: "locked-read-only" })).toMatchObject({
      error: { code: "profile-mismatch" },
    });
  });

  test.each([
    { name: "no kernel", uki: () => ukiWith({ ".linux": null }), code: "uki-section-invalid" },
    { name: "no initrd", uki: () => ukiWith({ ".initrd": null }), code: "uki-section-invalid" },
    { name: "no command line", uki: () => ukiWith({ ".cmdline": null }), code: "uki-section-invalid" },
    {
      name: "two initrds",
      uki: () =>
        peOf(
          [...Object.entries(SECTIONS), [".initrd", new Uint8Array(8)] as const].map(([name, content]) => ({
            name,
            content,
          })),
        ),
      code: "uki-section-invalid",
    },
    { name: "a device tree", uki: () => ukiWith({ ".dtb": new Uint8Array(8) }), code: "uki-section-invalid" },
    { name: "several profiles", uki: () => ukiWith({ ".profile": new Uint8Array(8) }), code: "uki-section-invalid" },
    { name: "a kernel that is none", uki: () => ukiWith({ ".linux": new Uint8Array(4096) }), code: "pe-invalid" },
    { name: "nothing", uki: () => new Uint8Array(), code: "pe-invalid" },
    { name: "text", uki: () => new TextEncoder().encode("MZ".padEnd(200, "x")), code: "pe-invalid" },
    { name: "its end cut off", uki: () => ukiWith().subarray(0, -600), code: "pe-invalid" },
  ])("with $name is refused as $code", ({ uki, code }) => {
    expect(verdict(uki())).toBe(code);
  });

  test.each([
    { offset: 0x46, value: 97, name: "97 sections" },
    { offset: 0x54, value: 100, name: "a short optional header" },
    { offset: OPTIONAL_HEADER, value: 0x10b, name: "the format of 32 bits" },
    { offset: OPTIONAL_HEADER + 108, value: 4, name: "four data directories" },
    { offset: OPTIONAL_HEADER + 60, value: 8, name: "headers of eight bytes" },
    { offset: OPTIONAL_HEADER + 148, value: 0xffff, name: "certificates longer than itself" },
    { offset: OPTIONAL_HEADER + 240 + 10, value: 0xff, name: "a section of sixteen megabytes in memory" },
  ])("with $name is refused as a PE file", ({ offset, value }) => {
    const uki = ukiWith();
    new DataView(uki.buffer).setUint16(offset, value, true);
    expect(verdict(uki)).toBe("pe-invalid");
  });
});

describe("the command line of an image", () => {
  test.each([
    { name: "no role", text: COMMAND_LINE.replace("calimero.role=node ", "") },
    { name: "another role", text: COMMAND_LINE.replace("role=node", "role=kms") },
    { name: "two roles", text: `${COMMAND_LINE} calimero.role=node` },
    { name: "a bare role beside the one", text: `${COMMAND_LINE} calimero.role` },
    { name: "no profile", text: COMMAND_LINE.replace("calimero.profile=debug ", "") },
    { name: "an unknown profile", text: COMMAND_LINE.replace("=debug", "=release") },
    { name: "two profiles", text: `${COMMAND_LINE} calimero.profile=locked-read-only` },
    { name: "no root hash", text: COMMAND_LINE.replace(/ calimero.root_hash=.*/, "") },
    { name: "the word none for a root hash", text: COMMAND_LINE.replace(ROOT_HASH, "none") },
    { name: "a root hash in capitals", text: COMMAND_LINE.replace(ROOT_HASH, ROOT_HASH.toUpperCase()) },
    { name: "a root hash of 63 digits", text: COMMAND_LINE.replace(ROOT_HASH, ROOT_HASH.slice(1)) },
    { name: "two root hashes", text: `${COMMAND_LINE} calimero.root_hash=${ROOT_HASH}` },
    { name: "a second line", text: `${COMMAND_LINE}\ncalimero.x=1` },
    { name: "a NUL", text: `${COMMAND_LINE}\0` },
  ])("with $name is refused", ({ text }) => {
    expect(verdict(ukiWithCommandLine(text))).toBe("command-line-invalid");
  });

  test.each(["calimero.test=1", "calimero.test=0", "calimero.test"])(
    "of a test build is never measured: %s",
    (word) => {
      expect(verdict(ukiWithCommandLine(`${COMMAND_LINE} ${word}`))).toBe("test-image");
    },
  );

  test("may say other things, in any order", () => {
    expect(verdict(ukiWithCommandLine(COMMAND_LINE.split(" ").toReversed().join("  ")))).toBe("measured");
  });
});
