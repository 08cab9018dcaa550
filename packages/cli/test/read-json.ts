/** Reads JSON in the shape that a test relies on: where it has another one, that test fails. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape that it checks
export function readJson<T>(text: string | Uint8Array): T {
  const value: unknown = JSON.parse(typeof text === "string" ? text : Buffer.from(text).toString());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the expectations of the test are the check
  return value as T;
}
