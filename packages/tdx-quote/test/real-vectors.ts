import { VECTOR_FILES } from "./vector-files.ts";

/** Whether the real quotes and collateral are on this machine; they are not part of the repository. */
export const HAS_REAL_VECTORS = VECTOR_FILES !== null;

if (!HAS_REAL_VECTORS) {
  console.warn("skipped: tests on real quotes (no vectors folder beside the repository)");
}

export function readVector(path: string): Uint8Array {
  const bytes = VECTOR_FILES?.get(path);
  if (bytes === undefined) throw new Error(`no vector ${path}`);
  return bytes.slice();
}

export function readVectorText(path: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(readVector(path));
}

/** One entry of the expectations that come with the vectors; written without this package. */
export interface ExpectedQuote {
  readonly id: string;
  readonly quote: string;
  readonly collateral: string | null;
  readonly verificationTimeUnix: number | null;
  readonly expected: {
    readonly evidence?: string;
    readonly status?: string;
    readonly tcbLevelStatus?: string;
    readonly tdxModuleStatus?: string | null;
    readonly qeStatus?: string;
    readonly advisoryIds?: readonly string[];
    readonly earliestExpiration?: string;
    readonly verified?: boolean;
    readonly failure?: { readonly code: string; readonly stage: string } | null;
  };
  readonly parsed: Readonly<Record<string, string | number | boolean>>;
  readonly pck: {
    readonly fmspc: string;
    readonly pceid: string;
    readonly ppid: string;
    readonly tcbComponents: readonly number[];
    readonly pcesvn: number;
  };
}

export function readExpectedQuotes(): readonly ExpectedQuote[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- data that comes with the vectors
  return (JSON.parse(readVectorText("expected.json")) as { quotes: readonly ExpectedQuote[] }).quotes;
}
