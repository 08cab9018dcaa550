/** One group of characters of two values, side by side. */
interface DiffGroup {
  readonly expected: string;
  readonly observed: string;
  /** `^` below each character that differs, a space below the others. */
  readonly marks: string;
  readonly isEqual: boolean;
}

/** Two values compared character by character, whole. */
export interface ValueDiff {
  readonly groups: readonly DiffGroup[];
  readonly length: number;
  readonly differing: number;
  /** Counted from 1; 0 where nothing differs. */
  readonly firstDifference: number;
}

const GROUP = 8;

/**
 * Compares two values in groups of eight characters. A missing character differs from every character.
 */
export function diffValues(expected: string, observed: string): ValueDiff {
  const length = Math.max(expected.length, observed.length);
  const groups: DiffGroup[] = [];
  let differing = 0;
  let firstDifference = 0;
  for (let start = 0; start < length; start += GROUP) {
    const size = Math.min(GROUP, length - start);
    const left = expected.slice(start, start + size).padEnd(size, " ");
    const right = observed.slice(start, start + size).padEnd(size, " ");
    let marks = "";
    for (let at = 0; at < size; at += 1) {
      const differs = left[at] !== right[at];
      marks += differs ? "^" : " ";
      if (!differs) continue;
      differing += 1;
      if (firstDifference === 0) firstDifference = start + at + 1;
    }
    groups.push({ expected: left, observed: right, marks, isEqual: left === right });
  }
  return { groups, length, differing, firstDifference };
}

/** Where and how much two values differ, for those who cannot see the marks. */
export function describeDiff({ length, differing, firstDifference }: ValueDiff): string {
  if (differing === 0) return `equal, all ${length} characters`;
  const where = `differs from character ${firstDifference}; ${differing} of ${length} characters differ`;
  return differing * 2 > length ? `${where}: a completely different value` : where;
}

/** Allowed values with the closest to the observed one first; ties keep the order of the list. */
export function byCloseness(allowed: readonly string[], observed: string): readonly string[] {
  return allowed
    .map((value) => ({ value, distance: diffValues(value, observed).differing }))
    .toSorted((left, right) => left.distance - right.distance)
    .map(({ value }) => value);
}
