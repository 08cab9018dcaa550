import { toBase64 } from "../../../packages/tdx-quote/src/base64.ts";
import { kmsAnswer, nodeQuote, textInput } from "../world.ts";
import { changedAnswer, type StepRow, testSteps, world } from "./step-rows.ts";

const INPUT_ROWS: readonly StepRow[] = [
  {
    name: "nothing that came back",
    kind: "kms",
    change: () => ({ inputs: [] }),
    step: "input.parse",
    status: "error",
    code: "evidence-missing",
    verdict: "incomplete",
  },
  {
    name: "two different quotes",
    kind: "node",
    change: async () => ({
      inputs: [
        { name: "one", bytes: await nodeQuote(world.platform) },
        { name: "two", bytes: await nodeQuote(world.platform, { profile: "debug" }) },
      ],
    }),
    step: "input.parse",
    status: "fail",
    code: "evidence-conflict",
    verdict: "failed",
  },
  {
    name: "a quote that stands under two names in one answer, differently",
    kind: "kms",
    change: async () => {
      const other = toBase64(await nodeQuote(world.platform));
      return await changedAnswer((answer) => Object.assign(answer, { quote: other }));
    },
    step: "input.parse",
    status: "fail",
    code: "evidence-conflict",
    verdict: "failed",
  },
  {
    name: "an answer with a key twice",
    kind: "kms",
    change: async () => {
      const text = JSON.stringify(await kmsAnswer(world.platform));
      return { inputs: [textInput("answer", text.replace("{", '{"quoteB64":"",'))] };
    },
    step: "input.parse",
    status: "fail",
    code: "evidence-unrecognised",
    verdict: "failed",
  },
  {
    name: "a mock quote",
    kind: "kms",
    change: () => ({ inputs: [textInput("mock", `MOCK_TDX_QUOTE_V1${"\0".repeat(239)}`)] }),
    step: "quote.parse",
    status: "fail",
    code: "mock-quote",
    verdict: "failed",
  },
  {
    name: "a quote without its last byte",
    kind: "node",
    change: async () => ({ inputs: [{ name: "quote", bytes: (await nodeQuote(world.platform)).slice(0, -1) }] }),
    step: "quote.parse",
    status: "fail",
    code: "quote-truncated",
    verdict: "failed",
  },
  {
    name: "a report data beside the quote that the quote does not have",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.reportDataHex = "00".repeat(64))),
    step: "src.side-fields",
    status: "warn",
    code: "side-field-mismatch",
    verdict: "simulated",
  },
];

testSteps(INPUT_ROWS);
