import { expect, test } from "vitest";
import { isvSvnShortfall, shortOfAnyLevel, shortOfBestLevel } from "../src/tcb-shortfall.ts";
import type { IsvSvnLevel } from "../src/tcb-level.ts";

const level = (isvSvn: number, tcbStatus: IsvSvnLevel["tcbStatus"]): IsvSvnLevel => ({
  isvSvn,
  tcbDate: 0,
  tcbStatus,
  advisoryIds: [],
});

test("nothing is missing for a level whose ISVSVN is reached exactly, or passed", () => {
  const shortOf = isvSvnShortfall("qe", 5);
  expect([4, 5, 6].map((needs) => shortOf(level(needs, "UpToDate")))).toEqual([
    [],
    [],
    [{ component: "qe", has: 5, needs: 6 }],
  ]);
});

test("a revoked level is no goal for the best status, even where there is no other", () => {
  const shortOf = isvSvnShortfall("qe", 1);
  expect(shortOfBestLevel([level(6, "Revoked")], "Revoked", shortOf)).toEqual([]);
  expect(shortOfBestLevel([level(6, "Revoked"), level(4, "OutOfDate")], "Revoked", shortOf)).toEqual([
    { component: "qe", has: 1, needs: 4 },
  ]);
});

test("a revoked level is the goal for any level only where there is no other", () => {
  const shortOf = isvSvnShortfall("qe", 1);
  expect(shortOfAnyLevel([level(6, "Revoked")], shortOf)).toEqual([{ component: "qe", has: 1, needs: 6 }]);
  expect(shortOfAnyLevel([level(6, "UpToDate"), level(4, "Revoked")], shortOf)).toEqual([
    { component: "qe", has: 1, needs: 6 },
  ]);
});
