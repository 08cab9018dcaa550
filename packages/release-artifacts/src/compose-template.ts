import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** A text that is not the template of a KMS's composition. */
export interface TemplateError {
  readonly code: "compose-template-malformed";
  readonly reason: string;
}

/** What the placeholders of the template stand for. */
interface ComposeValues {
  readonly image: string;
  readonly servicePort: string;
  readonly version: string;
  readonly profile: string;
  readonly nodePolicySha256: string;
}

/** The reviewed composition of a KMS, without the values that a deployment chooses. */
export interface ComposeTemplate {
  /** The composition; with `hasRedis` it hands `REDIS_URL` on from what the deployer encrypts to the guest. */
  readonly fillIn: (values: ComposeValues, hasRedis: boolean) => string;
  /** The values in a composition; null when it is not this template with values filled in. */
  readonly readBack: (composition: string, hasRedis: boolean) => ComposeValues | null;
}

const FIELD_OF: ReadonlyMap<string, keyof ComposeValues> = new Map([
  ["__IMAGE_REF__", "image"],
  ["__SERVICE_PORT__", "servicePort"],
  ["__MERO_KMS_VERSION__", "version"],
  ["__MERO_KMS_PROFILE__", "profile"],
  ["__MERO_NODE_POLICY_SHA256__", "nodePolicySha256"],
]);
const PLACEHOLDER = /__[A-Z0-9_]+?__/g;
const LONGEST_VALUE = 400;

/** Where the deployer's one variable goes: after the last of the measured ones. */
const LAST_VARIABLE = /^( +)MERO_NODE_POLICY_SHA256: .*\n/m;

/**
 * Reads the template: every placeholder once, no other, and nothing that somebody else than the release would fill in.
 *
 * Source: docs/releases.md.
 */
export function parseComposeTemplate(text: string): Result<ComposeTemplate, TemplateError> {
  if (text.includes("$")) return refuse("it has a $, which the deployer would fill in");
  const seen = text.match(PLACEHOLDER) ?? [];
  const unknown = seen.find((name) => !FIELD_OF.has(name));
  if (unknown !== undefined) return refuse(`it has ${unknown}, which stands for nothing`);
  for (const name of FIELD_OF.keys()) {
    const count = seen.filter((each) => each === name).length;
    if (count !== 1) return refuse(`it has ${name} ${count} times, not once`);
  }
  if (!LAST_VARIABLE.test(text)) return refuse("it has no line for MERO_NODE_POLICY_SHA256");
  const withRedis = text.replace(LAST_VARIABLE, (line, indent: string) => `${line}${indent}REDIS_URL:\n`);
  const textOf = (hasRedis: boolean): string => (hasRedis ? withRedis : text);
  const fields = seen.flatMap((name) => FIELD_OF.get(name) ?? []);
  return ok({
    fillIn: (values, hasRedis) =>
      textOf(hasRedis).replaceAll(PLACEHOLDER, (name) => values[FIELD_OF.get(name) ?? "image"]),
    readBack(composition, hasRedis) {
      const parts = textOf(hasRedis).split(PLACEHOLDER).map(escape);
      const found = new RegExp(`^${parts.join(`([^\\s"]{1,${LONGEST_VALUE}})`)}$`).exec(composition);
      if (found === null) return null;
      const valueOf = (field: keyof ComposeValues): string => found[fields.indexOf(field) + 1] ?? "";
      return {
        image: valueOf("image"),
        servicePort: valueOf("servicePort"),
        version: valueOf("version"),
        profile: valueOf("profile"),
        nodePolicySha256: valueOf("nodePolicySha256"),
      };
    },
  });
}

function refuse(reason: string): { readonly ok: false; readonly error: TemplateError } {
  return err({ code: "compose-template-malformed", reason });
}

/** A text as a pattern that matches it. */
function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
