import { failure, type TcbForecast } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";

import { forecastText, NO_FORECAST, viewForecast } from "../src/forecast-view.ts";
import { createPaint } from "../src/paint.ts";

const PLAIN = createPaint(false);
const TODAY = { tcbInfo: 18, qeIdentity: 18 };
const THEN = { tcbInfo: 19, qeIdentity: 18 };
const short = [{ component: "pcesvn", has: 13, needs: 25 }];

const REFUSED: TcbForecast = {
  tcbStatus: null,
  advisoryIds: [],
  tcbEvaluationDataNumber: THEN,
  short,
  refusal: failure("tcb-status", "tcb-not-supported", { subject: "platform", short }),
};

describe("the forecast of a platform that will get no status", () => {
  test("has the refusal for machines", () => {
    expect(viewForecast(REFUSED)).toEqual({
      tcbStatus: null,
      tcbEvaluationDataNumber: 19,
      qeTcbEvaluationDataNumber: 18,
      short,
      failure: {
        code: "tcb-not-supported",
        stage: "tcb-status",
        message: expect.stringContaining("pcesvn is 13, needs 25"),
      },
    });
  });

  test("has the refusal for people", () => {
    const text = forecastText({ forecast: viewForecast(REFUSED), forecastFailure: null }, TODAY, PLAIN);
    expect(text).toMatch(/TCB status +none\n/);
    expect(text).toMatch(/TCB info +number 19, today 18\n/);
    expect(text).toMatch(/refused +The platform is below every security version that Intel still lists/);
    expect(text).toMatch(/pcesvn +has 13, needs 25\n$/);
  });
});

test("a forecast that was not made has no text", () => {
  expect(forecastText(NO_FORECAST, TODAY, PLAIN)).toBe("");
  expect(forecastText(NO_FORECAST, null, PLAIN)).toBe("");
});
