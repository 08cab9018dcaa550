/**
 * Where the results of two runs differ; null when they do not. Functions are passed over: they are closures over what is
 * compared.
 */
export function findDifference(first: unknown, second: unknown, path = "value"): string | null {
  if (typeof first === "function" && typeof second === "function") return null;
  if (typeof first !== "object" || first === null) return Object.is(first, second) ? null : path;
  if (typeof second !== "object" || second === null) return path;
  if (Object.getPrototypeOf(first) !== Object.getPrototypeOf(second)) return path;
  if (first instanceof Uint8Array) {
    return second instanceof Uint8Array && Buffer.compare(first, second) === 0 ? null : path;
  }
  if (first instanceof Map && second instanceof Map) return findDifference([...first], [...second], path);
  const keys = Object.keys(first);
  if (keys.length !== Object.keys(second).length) return path;
  for (const key of keys) {
    // Places in lists are not part of a reason: the same mistake at another place is the same finding.
    const inner = `${path}.${/^\d+$/.test(key) ? "#" : key}`;
    const difference = findDifference(Reflect.get(first, key), Reflect.get(second, key), inner);
    if (difference !== null) return difference;
  }
  return null;
}
