import { PROFILES, type Profile } from "@mero-tee/policy";

import { toBase64Url } from "./base64-url.ts";
import { recogniseAddress, type TargetKind } from "./target-address.ts";
import type { LiveCheck } from "./worker/protocol.ts";

/** What a link to this page may say: a form that is filled in, never a result and never a run. */
export interface LinkState {
  readonly kind: TargetKind | null;
  readonly url: string | null;
  readonly tag: string | null;
  readonly profile: Profile | null;
  /** 32 bytes, base64url without padding. */
  readonly binding: string | null;
  readonly isSimulated: boolean;
}

const LIMIT = 1024;
/** The grammar of release tags of both families. Source: docs/verifier-api.md. */
export const RELEASE_TAG: RegExp = /^mero-(?:kms|tee)-v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9a-z.]{1,20})?$/;
/** 43 characters hold 258 bits; the last one carries two that must be zero. */
const BINDING = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

export const EMPTY_LINK: LinkState = {
  kind: null,
  url: null,
  tag: null,
  profile: null,
  binding: null,
  isSimulated: false,
};

/**
 * Reads the fragment of a link. It never reaches a server. Unknown keys are ignored, and so is a value that breaks the rules of
 * the field that it would fill.
 *
 * @param fragment - with or without the `#`
 */
export function parseLink(fragment: string): LinkState {
  const text = fragment.startsWith("#") ? fragment.slice(1) : fragment;
  if (text.length > LIMIT) return EMPTY_LINK;
  const values = new URLSearchParams(text);
  if (values.get("v") !== "1") return EMPTY_LINK;
  return linkFrom({
    kind: values.get("k"),
    url: values.get("u"),
    tag: values.get("tag"),
    profile: values.get("p"),
    binding: values.get("b"),
    isSimulated: values.get("sim") === "1",
  });
}

/** Writes a fragment, with its `#`; the empty string where there is nothing to say or it would be too long. */
export function formatLink(state: LinkState): string {
  const values = new URLSearchParams();
  const put = (key: string, value: string | null): void => {
    if (value !== null) values.set(key, value);
  };
  put("k", state.kind);
  put("u", state.url);
  put("tag", state.tag);
  put("p", state.profile);
  put("b", state.binding);
  put("sim", state.isSimulated ? "1" : null);
  if (values.size === 0) return "";
  const text = `#v=1&${values.toString()}`;
  return text.length > LIMIT + 1 ? "" : text;
}

/** The link to a check of an address: what was asked, and nothing of the answer. */
export function linkOf({ kind, url, expected }: LiveCheck, isSimulated: boolean): string {
  const { tag, profile, bindingHex } = expected;
  const binding = bindingHex === null ? null : toBase64Url(bindingHex);
  return formatLink({ kind, url, tag, profile, binding, isSimulated });
}

/**
 * Reads a link of the older page, whose state stood in the query.
 *
 * @returns null if the query says nothing that we know
 */
export function parseLegacyQuery(query: string): LinkState | null {
  const values = new URLSearchParams(query);
  const kms = values.get("kms_url") ?? values.get("kmsUrl");
  const node = values.get("node_url") ?? values.get("nodeUrl");
  const tag = values.get("release_tag") ?? values.get("releaseTag");
  if (kms === null && node === null && tag === null) return null;
  return linkFrom({
    kind: kms === null ? (node === null ? null : "node") : "kms",
    url: kms ?? node,
    tag,
    profile: values.get("profile"),
    binding: null,
    isSimulated: false,
  });
}

function linkFrom(
  raw: { readonly [K in Exclude<keyof LinkState, "isSimulated">]: string | null } & {
    readonly isSimulated: boolean;
  },
): LinkState {
  const address = raw.url === null ? null : recogniseAddress(raw.url);
  return {
    kind: raw.kind === "kms" || raw.kind === "node" ? raw.kind : null,
    url: address?.kind === "address" ? address.url : null,
    tag: raw.tag !== null && RELEASE_TAG.test(raw.tag) ? raw.tag : null,
    profile: PROFILES.find((profile) => profile === raw.profile) ?? null,
    binding: raw.binding !== null && BINDING.test(raw.binding) ? raw.binding : null,
    isSimulated: raw.isSimulated,
  };
}
