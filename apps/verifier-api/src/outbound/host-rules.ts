import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** One token of an allow list of hosts. An allow list is an abuse control, never evidence. */
export type HostRule =
  | { readonly kind: "exact"; readonly name: string }
  /** Any name below, at a label boundary; `suffix` begins with a dot. */
  | { readonly kind: "below"; readonly suffix: string }
  /** Any literal address of the public Internet. */
  | { readonly kind: "public-address" }
  | { readonly kind: "pattern"; readonly pattern: RegExp };

const MAX_PATTERN_LENGTH = 200;
const NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IPV6_LITERAL = /^\[[0-9a-f:.]+\]$/;

/**
 * Parses an allow list of hosts: a comma list of `name.example`, `.name.example`, `ip:public` and `re:^…$`.
 *
 * A pattern has both anchors, no dot that is not escaped or inside a class, and at most 200 characters; a comma would end
 * it. What looks like a pattern without `re:` is refused: the unanchored alternatives that people write by habit admit
 * `evilname.example`.
 *
 * Source: docs/verifier-api.md.
 */
export function parseHostRules(text: string): Result<readonly HostRule[], string> {
  const rules: HostRule[] = [];
  for (const token of text.split(",").map((part) => part.trim())) {
    const rule = parseRule(token);
    if (!rule.ok) return rule;
    rules.push(rule.value);
  }
  return ok(rules);
}

function parseRule(token: string): Result<HostRule, string> {
  if (token === "ip:public") return ok({ kind: "public-address" });
  if (token.startsWith("re:")) return parsePattern(token.slice("re:".length));
  if (/[\\|()*^$]/.test(token)) return err("must write a pattern as re:^…$ with escaped dots, or as .name.example");
  const name = token.startsWith(".") ? token.slice(1) : token;
  if (IPV6_LITERAL.test(token)) return ok({ kind: "exact", name: token });
  if (!NAME.test(name) || name.length > 253) {
    return err("must be a comma list of name.example, .name.example, ip:public or re:^…$, in lower case");
  }
  return ok(token.startsWith(".") ? { kind: "below", suffix: token } : { kind: "exact", name });
}

function parsePattern(source: string): Result<HostRule, string> {
  if (source.length > MAX_PATTERN_LENGTH) return err(`must have patterns of at most ${MAX_PATTERN_LENGTH} characters`);
  if (!source.startsWith("^") || !/(?:^|[^\\])(?:\\\\)*\$$/.test(source)) {
    return err("must have patterns that begin with ^ and end with $");
  }
  if (hasTopLevelAlternative(source)) return err("must put alternatives of a pattern in parentheses");
  if (/\./.test(source.replaceAll(/\\./g, "").replaceAll(/\[[^\]]*\]/g, ""))) {
    return err("must escape the dots of a pattern");
  }
  try {
    return ok({ kind: "pattern", pattern: new RegExp(source, "v") });
  } catch {
    // The engine's message repeats the pattern.
    return err("must have patterns that are regular expressions");
  }
}

/** An alternative outside all parentheses would lack an anchor on one side. */
function hasTopLevelAlternative(source: string): boolean {
  let depth = 0;
  for (const mark of source.replaceAll(/\\./g, "").replaceAll(/\[[^\]]*\]/g, "")) {
    if (mark === "(") depth += 1;
    else if (mark === ")") depth -= 1;
    else if (mark === "|" && depth === 0) return true;
  }
  return false;
}

/** Whether a list names a host itself, other than as some public address. */
export function isNamedHost(rules: readonly HostRule[], host: string): boolean {
  return rules.some((rule) => {
    switch (rule.kind) {
      case "exact":
        return host === rule.name;
      case "below":
        return host.endsWith(rule.suffix) && host.length > rule.suffix.length;
      case "pattern":
        return rule.pattern.test(host);
      case "public-address":
        return false;
    }
    return false;
  });
}

/** Whether a list admits literal addresses of the public Internet. */
export function admitsPublicAddresses(rules: readonly HostRule[]): boolean {
  return rules.some(({ kind }) => kind === "public-address");
}
