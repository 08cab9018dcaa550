import { afterAll, describe, expect, test } from "vitest";
import { SIGSTORE_DEFECTS } from "../src/sigstore/index.ts";
import { createOracle } from "./sigstore-oracle.ts";
import { FILE, FORMS, sigstore, verdictOn, WHO } from "./sigstore-world.ts";

/**
 * Where this verifier refuses what Sigstore's own for JavaScript accepts, and why. There is no rule for the other
 * direction: what that one refuses, this one must refuse.
 */
const STRICTER = {
  "closed-list-of-forms": "a bundle of an unknown version, or with two contents, is not guessed at",
  "certificate-profile":
    "Fulcio's profile is enforced: purpose, key usage, no CA, no unknown critical extension, one issuer",
  "issuer-first": "a leaf is issued by the first certificate of an authority, not by any of its chain",
  "timestamp-token": "a timestamp must be granted, and name the certificate that it was made with",
  "proof-fields":
    "root and size in a proof are those of the signed checkpoint, and an unsigned log index is that of the proof",
  "log-signer": "the certificate in the log entry is the one in the bundle",
  "log-key-window": "the key of a log counts only in its window, also where the log signs no time",
  "attestation-subject": "an attestation is an in-toto statement that names the file",
} as const;

type Rule = keyof typeof STRICTER;

/** The rule behind each defect that the other verifier lets pass. */
const RULE_OF_DEFECT: Readonly<Record<string, Rule>> = {
  "bundle-two-contents": "closed-list-of-forms",
  "bundle-media-type-unknown": "closed-list-of-forms",
  "certificate-two-algorithms": "certificate-profile",
  "certificate-no-purpose": "certificate-profile",
  "certificate-other-purpose": "certificate-profile",
  "certificate-is-ca": "certificate-profile",
  "certificate-may-issue": "certificate-profile",
  "certificate-may-not-sign": "certificate-profile",
  "certificate-strange-critical": "certificate-profile",
  "certificate-poisoned": "certificate-profile",
  "certificate-two-issuers": "certificate-profile",
  "certificate-past-its-authority": "issuer-first",
  "timestamp-refused": "timestamp-token",
  "timestamp-names-other-certificate": "timestamp-token",
  "log-proof-other-size": "proof-fields",
  "log-proof-other-root": "proof-fields",
  "log2-place-moved": "proof-fields",
  "log-entry-of-other-signer": "log-signer",
  "log2-entry-of-other-signer": "log-signer",
  "log2-key-before-its-time": "log-key-window",
  "attestation-other-type": "attestation-subject",
  "attestation-no-statement": "attestation-subject",
  "attestation-of-other-file": "attestation-subject",
};

/** The rule behind a changed field that the other verifier does not look at. */
const RULE_OF_FIELD: readonly (readonly [RegExp, Rule])[] = [
  [/inclusionProof\.(?:rootHash|treeSize)$/, "proof-fields"],
  [/tlogEntries\.0\.logIndex$/, "proof-fields"],
];

/** Fields that prove nothing: a hint at a key, and the certificates inside a timestamp, of which the trusted root has the one that counts. */
const NOT_READ = /signatures\.0\.keyid$|signedTimestamp$/;

function ruleOfField(path: Path): Rule | undefined {
  return RULE_OF_FIELD.find(([pattern]) => pattern.test(path.join(".")))?.[1];
}

const oracle = createOracle(sigstore.trustedRoot);
const counts = { cases: 0, accepted: 0, refused: 0 };
const stricter = new Map<Rule, number>();

/** Both verdicts on one bundle: whether each accepts, and the words of each. */
async function compare(bundle: string): Promise<{ ours: boolean; theirs: boolean; words: string }> {
  const verdict = await verdictOn(bundle);
  const theirs = oracle(bundle, FILE, WHO.identity, WHO.issuer);
  counts.cases += 1;
  if (verdict.ok && theirs === null) counts.accepted += 1;
  if (!verdict.ok && theirs !== null) counts.refused += 1;
  return { ours: verdict.ok, theirs: theirs === null, words: `${JSON.stringify(verdict)} | ${theirs}` };
}

/**
 * What is wrong with two verdicts; null when they agree and no rule is claimed, or when only this verifier refuses and a rule
 * says why.
 */
function unexplained(
  verdicts: { ours: boolean; theirs: boolean; words: string },
  rule: Rule | undefined,
): string | null {
  const { ours, theirs, words } = verdicts;
  if (ours === theirs) return rule === undefined ? null : `${rule} is not needed: ${words}`;
  if (ours || rule === undefined) return words;
  stricter.set(rule, (stricter.get(rule) ?? 0) + 1);
  return null;
}

describe("Sigstore's own verifier for JavaScript agrees", () => {
  test.each(FORMS)("on a flawless signature as $name", async ({ options }) => {
    expect(await compare(sigstore.sign(FILE, { ...WHO, ...options }).bundle)).toMatchObject({
      ours: true,
      theirs: true,
    });
  });

  test.each(SIGSTORE_DEFECTS)("on $id, or a rule says why not", async ({ id, start }) => {
    const verdicts = await compare(sigstore.sign(FILE, { ...WHO, ...start, defect: id }).bundle);
    expect(unexplained(verdicts, RULE_OF_DEFECT[id])).toBeNull();
  });

  const MUTATED = FORMS.filter(({ name }) =>
    [
      "v0.1, message-signature, log 1",
      "v0.3, message-signature, log 1, timestamp",
      "v0.3, message-signature, log 2, timestamp",
      "v0.2, dsse, log 1",
      "v0.3, dsse, log 2, timestamp",
      "v0.3, intoto, log 1, timestamp",
    ].includes(name),
  );

  test.each(MUTATED)(
    "on every field changed of $name, or a rule says why not",
    async ({ options }) => {
      const { bundle } = sigstore.sign(FILE, { ...WHO, ...options });
      for (const path of leavesOf(JSON.parse(bundle))) {
        for (const place of [0.1, 0.5, 0.9]) {
          const verdicts = await compare(withFlip(bundle, path, place));
          // A field that is signed needs no rule, whatever its name: the first log signs the place of its entries.
          expect(unexplained(verdicts, verdicts.ours === verdicts.theirs ? undefined : ruleOfField(path))).toBeNull();
          expect([path.join("."), verdicts.ours && !NOT_READ.test(path.join("."))]).toEqual([path.join("."), false]);
        }
      }
    },
    300_000,
  );

  test("on parts of one signature in another", async () => {
    const other = sigstore.sign(new TextEncoder().encode("another file"), { ...WHO, timestamp: true }).bundle;
    const own = sigstore.sign(FILE, { ...WHO, timestamp: true }).bundle;
    for (const path of branchesOf(JSON.parse(own))) {
      const verdicts = await compare(withPart(own, other, path));
      const isUnused = ["mediaType", "kindVersion", "logId"].some((name) => path.includes(name));
      expect(unexplained(verdicts, verdicts.ours === verdicts.theirs ? undefined : ruleOfField(path))).toBeNull();
      expect([path.join("."), verdicts.ours]).toEqual([path.join("."), isUnused || sameAt(own, other, path)]);
    }
  });

  test("on hundreds of cases, and uses each of its rules", () => {
    expect(counts.cases).toBeGreaterThan(400);
    expect(counts.accepted).toBeGreaterThanOrEqual(FORMS.length);
    expect([...stricter.keys()].toSorted()).toEqual(Object.keys(STRICTER).toSorted());
  });

  afterAll(() => {
    const rules = [...stricter].map(([rule, count]) => `${rule} ${count}`).join(", ");
    process.stdout.write(
      `sigstore oracle: ${counts.cases} cases, ${counts.accepted} accepted and ${counts.refused} refused by both; refused here alone: ${rules}\n`,
    );
  });
});

type Path = readonly (string | number)[];

function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]));
}

function branchesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, member]) => branchesOf(member, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

/** The member at a path of parsed JSON. */
function at(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined),
    document,
  );
}

function withMember(json: string, path: Path, change: (member: unknown) => unknown): string {
  const document: unknown = JSON.parse(json);
  const parent = at(document, path.slice(0, -1));
  if (parent instanceof Object) Reflect.set(parent, path.at(-1) ?? "", change(at(document, path)));
  return JSON.stringify(document);
}

/** One bit changed in a field of base64, another number, or another letter. */
function withFlip(json: string, path: Path, place: number): string {
  return withMember(json, path, (member) => {
    const text = String(member);
    if (/^\d+$/.test(text)) return String(Number(text) + Math.ceil(place * 10));
    const bytes = Buffer.from(text, "base64");
    const isBase64 = text.length > 3 && bytes.toString("base64") === text;
    const target = isBase64 ? bytes : Buffer.from(text);
    const index = Math.floor(place * target.length);
    target[index] = (target[index] ?? 0) ^ 1;
    return target.toString(isBase64 ? "base64" : "utf8");
  });
}

function withPart(json: string, other: string, path: Path): string {
  return withMember(json, path, () => at(JSON.parse(other), path));
}

function sameAt(json: string, other: string, path: Path): boolean {
  return JSON.stringify(at(JSON.parse(json), path)) === JSON.stringify(at(JSON.parse(other), path));
}
