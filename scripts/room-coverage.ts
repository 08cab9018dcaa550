/** What istanbul's `coverage-summary.json` says about a file. */
export interface FileCoverage {
  readonly lines: Count;
  readonly branches: Count;
}

interface Count {
  readonly total: number;
  readonly covered: number;
}

/** What the tests reach of a room. */
export interface RoomCoverage {
  readonly room: string;
  readonly files: number;
  readonly lines: Count;
  readonly branches: Count;
  /** All lines and branches, and there are some: a room that was not found is not covered. */
  readonly isCovered: boolean;
}

/**
 * Adds up the files of each room.
 *
 * @param summary - by absolute path, besides `total`
 * @param rooms - paths from the root, `packages/policy`
 */
export function coverageOfRooms(
  summary: Readonly<Record<string, FileCoverage>>,
  rooms: readonly string[],
): readonly RoomCoverage[] {
  return rooms.map((room) => {
    const files = Object.entries(summary).filter(([path]) => path.includes(`/${room}/src/`));
    const sum = (kind: keyof FileCoverage, part: keyof Count): number =>
      files.reduce((total, [, file]) => total + file[kind][part], 0);
    const lines = { total: sum("lines", "total"), covered: sum("lines", "covered") };
    const branches = { total: sum("branches", "total"), covered: sum("branches", "covered") };
    const isCovered = lines.total > 0 && lines.covered === lines.total && branches.covered === branches.total;
    return { room, files: files.length, lines, branches, isCovered };
  });
}

/** The lines of a table for people. */
export function coverageTable(rooms: readonly RoomCoverage[]): readonly string[] {
  const rows = rooms.map(({ room, files, lines, branches }) => [
    room,
    `${files}`,
    `${lines.covered}/${lines.total}`,
    `${branches.covered}/${branches.total}`,
  ]);
  const table = [["room", "files", "lines", "branches"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
