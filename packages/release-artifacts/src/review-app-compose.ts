import { PROFILES } from "@mero-tee/policy";
import { isJsonObject, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { type AppComposeError, appComposeHash } from "./compose-hash.ts";
import type { ComposeTemplate } from "./compose-template.ts";
import { kmsAppCompose, type KmsDeployment } from "./kms-app-compose.ts";
import { sameJson } from "./same-json.ts";

/** A member of an app-compose document that is not as the template and this software make it. */
export interface UnreviewedError {
  readonly code: "app-compose-unreviewed";
  readonly member: string;
  readonly expected: string;
}

/** An app-compose document that is the template with values filled in, and nothing else. */
export interface ReviewedAppCompose {
  readonly deployment: KmsDeployment;
  /** Of the bytes given. */
  readonly composeHash: string;
}

/** Members that a platform may add, with the values that change nothing. */
const HARMLESS: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ["bash_script", ["", null]],
  ["docker_config", [{}, null]],
  ["features", [[], ["kms"], ["kms", "tproxy-net"]]],
  ["init_script", ["", null]],
  ["key_provider", ["kms"]],
  ["pre_launch_script", ["", null]],
  ["tproxy_enabled", [true]],
]);

/**
 * Reads an app-compose document back: the template with values filled in, under a stated key provider, with nothing that
 * the deployer may change but a Redis. What a platform writes in another order or form is accepted when it means the same.
 *
 * Errors: `app-compose-malformed`, or every member that differs, `app-compose-unreviewed`.
 */
export function reviewAppCompose(
  template: ComposeTemplate,
  document: Uint8Array,
): Result<ReviewedAppCompose, readonly (AppComposeError | UnreviewedError)[]> {
  const composeHash = appComposeHash(document);
  if (!composeHash.ok) return err([composeHash.error]);
  const members = membersOf(document);
  const hasRedis = sameJson(plainMember(members, "allowed_envs"), ["REDIS_URL"]);
  const read = readDeployment(template, members, hasRedis);
  if (!read.ok) return err([read.error]);
  const expected = kmsAppCompose(template, read.value);
  if (!expected.ok) {
    return err(expected.error.map(({ field, expected: wanted }) => unreviewed(MEMBER_OF[field], wanted)));
  }
  const required = membersOf(new TextEncoder().encode(expected.value.text));
  const missing = [...required].filter(([name, value]) => !sameJson(plainMember(members, name), toPlainJson(value)));
  const foreign = [...members].filter(([name, value]) => !required.has(name) && !isHarmless(name, value));
  const differences = [
    ...missing.map(([name, value]) => unreviewed(name, JSON.stringify(toPlainJson(value)))),
    ...foreign.map(([name]) => unreviewed(name, "no such member")),
  ];
  return differences.length > 0 ? err(differences) : ok({ deployment: read.value, composeHash: composeHash.value });
}

/** The members in which the parts of a deployment stand. */
const MEMBER_OF: Readonly<Record<keyof KmsDeployment, string>> = {
  image: "docker_compose_file",
  version: "docker_compose_file",
  profile: "docker_compose_file",
  nodePolicySha256: "docker_compose_file",
  servicePort: "docker_compose_file",
  keyProviderId: "key_provider_id",
  hasRedis: "allowed_envs",
};

function readDeployment(
  template: ComposeTemplate,
  members: ReadonlyMap<string, JsonValue>,
  hasRedis: boolean,
): Result<KmsDeployment, UnreviewedError> {
  const composition = members.get("docker_compose_file");
  const values = typeof composition === "string" ? template.readBack(composition, hasRedis) : null;
  if (values === null) return err(unreviewed("docker_compose_file", "the reviewed template"));
  const profile = PROFILES.find((each) => each === values.profile);
  if (profile === undefined) return err(unreviewed("docker_compose_file", `a profile: ${PROFILES.join(", ")}`));
  const keyProviderId = members.get("key_provider_id");
  return ok({
    ...values,
    profile,
    // `080` and `1e3` are not how the template spells a port.
    servicePort: /^[1-9]\d*$/.test(values.servicePort) ? Number(values.servicePort) : Number.NaN,
    keyProviderId: typeof keyProviderId === "string" ? keyProviderId : "",
    hasRedis,
  });
}

function unreviewed(member: string, expected: string): UnreviewedError {
  return { code: "app-compose-unreviewed", member, expected };
}

function isHarmless(name: string, value: JsonValue): boolean {
  return (HARMLESS.get(name) ?? []).some((each) => sameJson(toPlainJson(value), each));
}

function membersOf(document: Uint8Array): ReadonlyMap<string, JsonValue> {
  const json = parseStrictJson(document);
  return json.ok && isJsonObject(json.value) ? json.value : new Map<string, JsonValue>();
}

function plainMember(members: ReadonlyMap<string, JsonValue>, name: string): unknown {
  const value = members.get(name);
  return value === undefined ? undefined : toPlainJson(value);
}
