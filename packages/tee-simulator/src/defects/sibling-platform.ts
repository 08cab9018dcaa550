import { baseRecipe } from "../base-recipe.ts";
import type { CertificateRecipe } from "../certificate.ts";
import type { KeyPair } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";

/** Another flawless platform with the same names, windows and documents, but a root and authorities of its own. */
export function underAnotherRoot(recipe: Recipe): Recipe {
  const { parameters, request } = recipe;
  return baseRecipe({ ...parameters, authorityKeys: parameters.authorityKeys.sibling("another root") }, request);
}

/** Another flawless machine under the same root and authorities, with a PCK of its own. */
export function anotherMachine(recipe: Recipe, fmspc: Uint8Array = recipe.parameters.fmspc): Recipe {
  const { parameters, request } = recipe;
  return baseRecipe({ ...parameters, fmspc, machineKeys: parameters.machineKeys.sibling("another machine") }, request);
}

/** The PCK authority that did not issue this platform's certificate. */
export function otherPckAuthority(recipe: Recipe): { readonly certificate: CertificateRecipe; readonly key: KeyPair } {
  const name = recipe.parameters.ca === "platform" ? "processor" : "platform";
  return {
    certificate: name === "platform" ? recipe.platformCa : recipe.processorCa,
    key: recipe.parameters.authorityKeys.pair(name),
  };
}

/** The last FMSPC byte changed. */
export function anotherFmspc(recipe: Recipe): Uint8Array {
  return Uint8Array.from(recipe.parameters.fmspc, (byte, index) => (index === 5 ? byte ^ 0x01 : byte));
}
