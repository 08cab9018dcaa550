import { tlvsIn, type Tlv } from "../differential/tlv.ts";
import { ExtensionFactory } from "../differential/x509.ts";
import { isRefusedForItsForm, type HealthyEvidence } from "./form-judgement.ts";
import { extensionsIn, signedFields } from "./strictness.ts";

/** One thing that this project reads and another refuses. */
export interface Lenience {
  readonly id: string;
  /** Why it may be read. */
  readonly why: string;
  /** Whether the bytes have it. */
  readonly holds: (der: Uint8Array) => boolean | Promise<boolean>;
}

/** The list of extensions, in the field that has its tag. */
function extensionList(der: Uint8Array, tag: number): Tlv | undefined {
  const wrapper = signedFields(der).find((field) => field.tag === tag);
  return wrapper === undefined ? undefined : tlvsIn(der, wrapper)?.[0];
}

function isUndecodable(extension: Uint8Array): boolean {
  try {
    ExtensionFactory.create(extension);
    return false;
  } catch {
    // Only whether it decodes matters.
    return true;
  }
}

/** An extension that says nothing to this project, and to `@peculiar/x509` not what its identifier promises. */
function unreadContent(tag: number, read: readonly string[]): Lenience {
  return {
    id: "content of an extension that nothing is taken from",
    why: "no decision rests on it: distribution points are never followed, and an unknown critical extension is a refusal elsewhere",
    holds(der) {
      const list = extensionList(der, tag);
      const items = list === undefined ? [] : (tlvsIn(der, list) ?? []);
      return (extensionsIn(der, list) ?? []).some(({ oid }, index) => {
        const item = items[index];
        return item !== undefined && !read.includes(oid) && isUndecodable(der.slice(item.start, item.end));
      });
    },
  };
}

/** What is read in a certificate although another refuses it. */
export function certificateLeniences(healthy: HealthyEvidence): readonly Lenience[] {
  return [
    {
      id: "left to the chain",
      why: "reading only carries the kind of a key and what extensions say; a chain refuses them",
      holds: (der) => isRefusedForItsForm(healthy, der),
    },
    unreadContent(0xa3, ["2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.35", "1.2.840.113741.1.13.1"]),
  ];
}

/** The same for a revocation list. */
export const CRL_LENIENCES: readonly Lenience[] = [unreadContent(0xa0, ["2.5.29.20", "2.5.29.35"])];
