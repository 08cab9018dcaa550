/**
 * The security version number at `index` of a list of them; a list too short to have one stands for version 0.
 *
 * Source: Intel PCS API v4, "TCB Info V3": unused components are 0.
 */
export function svnAt(svns: ArrayLike<number>, index: number): number {
  return svns[index] ?? 0;
}
