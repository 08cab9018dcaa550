/** Height of one row, in CSS pixels; `replay.module.css` says the same. */
export const ROW_PX = 44;
/** Up to so many rows all are drawn. */
const ALL_UP_TO = 200;
/** Rows drawn above and below what is visible. */
const MARGIN = 12;

/** The part of a long list that is drawn. */
export interface RowWindow {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/** Which rows of a list to draw, by how far it is scrolled. */
export function windowOfRows(count: number, scrollTopPx: number, heightPx: number): RowWindow {
  if (count <= ALL_UP_TO) return { first: 0, end: count };
  const first = Math.max(0, Math.floor(scrollTopPx / ROW_PX) - MARGIN);
  return { first, end: Math.min(count, first + Math.ceil(heightPx / ROW_PX) + 2 * MARGIN) };
}

/** Where the selection goes; `null` for a key that does not move it. */
export function movedSelection(key: string, selected: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return Math.min(count - 1, selected + 1);
    case "ArrowUp":
      return Math.max(0, selected - 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}
