import type { Recipe } from "../recipe.ts";
import {
  accepted,
  defineDefect,
  defineSingle,
  refused,
  type Defect,
  type ExpectedOutcome,
  type Variant,
} from "./defect.ts";
import { anotherFmspc, anotherMachine } from "./sibling-platform.ts";

const MALFORMED = refused("collateral-parse", "collateral-malformed");

const REQUIRED_KEYS = [
  "pck_crl_issuer_chain",
  "root_ca_crl",
  "pck_crl",
  "tcb_info_issuer_chain",
  "tcb_info",
  "tcb_info_signature",
  "qe_identity_issuer_chain",
  "qe_identity",
  "qe_identity_signature",
] as const;

function edited(
  name: string,
  expected: ExpectedOutcome,
  edit: (bundle: Record<string, unknown>) => Record<string, unknown>,
): Variant {
  return {
    name,
    expected,
    change: (recipe) => {
      recipe.bundle.edit = edit;
    },
  };
}

/** Puts members in front of the others of a JSON object. */
function withMembers(json: string, written: string): string {
  return `{${written},${json.trimStart().slice(1)}`;
}

/** Adds members to one of the three JSON texts, signing it again. */
function members(where: "bundle" | "tcbInfo" | "qeIdentity", written: string, expected: ExpectedOutcome): Variant {
  return {
    name: where,
    expected,
    change: (recipe) => {
      if (where === "bundle") recipe.bundle.editText = (json) => withMembers(json, written);
      else recipe[where].editText = (json) => withMembers(json, written);
    },
  };
}

const MALFORMED_OF = {
  tcbInfo: refused("collateral-parse", "tcb-info-malformed"),
  qeIdentity: refused("collateral-parse", "qe-identity-malformed"),
} as const;

const PROTOTYPE_MEMBERS =
  '"__proto__":{"polluted":true,"tcbLevels":[]},"constructor":{"prototype":{"polluted":true}},"hasOwnProperty":1';

/** 10,000 arrays inside each other. */
const DEEP_MEMBER = `"deep":${"[".repeat(10_000)}${"]".repeat(10_000)}`;

function hugeMember(): string {
  return `"huge":"${"x".repeat(2 * 1024 * 1024)}"`;
}

/** Everything but the quote and its chain from a second, valid machine. */
function collateralOf(recipe: Recipe, other: Recipe): void {
  recipe.tcbInfo = other.tcbInfo;
  recipe.qeIdentity = other.qeIdentity;
  recipe.rootCrl = other.rootCrl;
  recipe.pckCrl = other.pckCrl;
  recipe.chains = { ...other.chains, pck: recipe.chains.pck };
}

/** Cases about the bundle as a whole and about evidence that does not belong together. */
export const COLLATERAL_BUNDLE_DEFECTS: readonly Defect[] = [
  defineDefect("collateral-key-missing", "the bundle lacks a required text", [
    ...REQUIRED_KEYS.map((key) =>
      edited(`no ${key}`, MALFORMED, (bundle) =>
        Object.fromEntries(Object.entries(bundle).filter(([name]) => name !== key)),
      ),
    ),
    ...REQUIRED_KEYS.map((key) => edited(`${key} is a number`, MALFORMED, (bundle) => ({ ...bundle, [key]: 1 }))),
  ]),
  defineDefect("collateral-tcb-info-object", "a signed document as an object, its bytes lost", [
    edited("TCB info", MALFORMED, (bundle) => ({
      ...bundle,
      tcb_info: JSON.parse(String(bundle["tcb_info"])) as unknown,
    })),
    edited("QE identity", MALFORMED, (bundle) => ({
      ...bundle,
      qe_identity: JSON.parse(String(bundle["qe_identity"])) as unknown,
    })),
  ]),
  defineDefect("collateral-proto-keys", "keys that JavaScript objects understand", [
    members("bundle", PROTOTYPE_MEMBERS, accepted()),
    members("tcbInfo", PROTOTYPE_MEMBERS, accepted()),
    members("qeIdentity", PROTOTYPE_MEMBERS, accepted()),
  ]),
  defineDefect("collateral-deep-json", "10,000 levels of nesting", [
    members("bundle", DEEP_MEMBER, MALFORMED),
    members("tcbInfo", DEEP_MEMBER, MALFORMED_OF.tcbInfo),
    members("qeIdentity", DEEP_MEMBER, MALFORMED_OF.qeIdentity),
  ]),
  defineDefect("collateral-huge-json", "a signed document of 2 MiB", [
    members("tcbInfo", hugeMember(), MALFORMED_OF.tcbInfo),
    members("qeIdentity", hugeMember(), MALFORMED_OF.qeIdentity),
  ]),
  defineSingle(
    "collateral-mixed-platforms",
    "the collateral of a second valid platform under the same root",
    refused("pck-chain", "fmspc-mismatch"),
    (recipe) => collateralOf(recipe, anotherMachine(recipe, anotherFmspc(recipe))),
  ),
  defineSingle(
    "cross-root",
    "a flawless simulated quote, judged with the verifier's own anchor",
    refused("trust-anchor", "chain-root-untrusted"),
    (recipe) => {
      recipe.judgement.anchor = "intel";
    },
  ),
];
