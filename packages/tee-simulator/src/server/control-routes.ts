import { PROFILES, type Profile } from "@mero-tee/policy";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { DEFECTS, listDefects } from "../defects/registry.ts";
import type { GuestRole } from "../measured-boot.ts";
import type { IssueQuoteOptions, SimulatedPlatform } from "../simulated-platform.ts";
import { type Answer, errorAnswer, jsonAnswer, textAnswer } from "./answer.ts";
import {
  type Fields,
  hexField,
  indexField,
  knownFieldsOnly,
  parseFields,
  quoted,
  reportDataField,
  textField,
} from "./json-fields.ts";
import type { Request } from "./request.ts";
import type { Route } from "./routes.ts";

/** What the control surface is made of. */
export interface ControlOptions {
  readonly platform: SimulatedPlatform;
  /** The profile of quotes that ask for none. */
  readonly profile: Profile;
  /** The clock, Unix seconds. */
  readonly now: () => number;
}

interface Refusal {
  readonly error: string;
  readonly code: string;
}

/** The endpoints that hand out quotes, collateral and the root. */
export function controlRoutes(options: ControlOptions): readonly Route[] {
  const { platform, now } = options;
  return [
    {
      method: "GET",
      path: "/root-ca.pem",
      summary: "the root CA of this platform, the trust anchor to verify with",
      answer: () => textAnswer(platform.rootCaPem, "application/x-pem-file"),
    },
    {
      method: "POST",
      path: "/quote",
      summary: "{ report_data: hex, profile?, role?: node|kms, defect?, variant? } gives { quote, event_log, ccel }",
      answer: (request) => answerQuote(request, options),
    },
    {
      method: "POST",
      path: "/collateral",
      summary: "{ quote: hex } gives its collateral bundle, with the quote's defect where it lies there",
      answer: (request) => answerCollateral(request, platform, now()),
    },
    {
      method: "GET",
      path: "/defects",
      summary: "the defects that a quote can be asked with",
      answer: () => jsonAnswer({ schemaVersion: 1, defects: listDefects() }),
    },
  ];
}

async function answerQuote(request: Request, options: ControlOptions): Promise<Answer> {
  const fields = readBody(request, ["report_data", "profile", "role", "defect", "variant"]);
  if (!fields.ok) return refuse(fields.error);
  const quoteOptions = readQuoteOptions(fields.value, options);
  if (!quoteOptions.ok) return refuse(quoteOptions.error);
  const { quote, eventLog, ccel } = await options.platform.issueQuote(quoteOptions.value);
  return jsonAnswer({ quote: toHex(quote), event_log: eventLog, ccel: toHex(ccel) });
}

function readQuoteOptions(fields: Fields, { profile, now }: ControlOptions): Result<IssueQuoteOptions, Refusal> {
  const reportData = reportDataField(fields, "report_data");
  if (!reportData.ok) return err({ code: "report-data-malformed", error: reportData.error });
  if (reportData.value === null) return err({ code: "report-data-malformed", error: "report_data is missing" });
  const asked = word(fields, "profile", PROFILES);
  if (!asked.ok) return asked;
  const role = word(fields, "role", ROLES);
  if (!role.ok) return role;
  const defect = readDefect(fields);
  if (!defect.ok) return defect;
  return ok({
    reportData: reportData.value,
    profile: asked.value ?? profile,
    role: role.value ?? "node",
    now: now(),
    ...defect.value,
  });
}

const ROLES = ["node", "kms"] as const satisfies readonly GuestRole[];

function readDefect(fields: Fields): Result<Pick<IssueQuoteOptions, "defect" | "variant">, Refusal> {
  const id = textField(fields, "defect");
  if (!id.ok) return err({ code: "defect-unknown", error: id.error });
  const variant = indexField(fields, "variant");
  if (!variant.ok) return err({ code: "variant-unknown", error: variant.error });
  if (id.value === null) {
    return variant.value === null ? ok({}) : err({ code: "variant-unknown", error: "variant without defect" });
  }
  const defect = DEFECTS.find((known) => known.id === id.value);
  if (defect === undefined) {
    return err({ code: "defect-unknown", error: `no defect is called ${quoted(id.value)}: see GET /defects` });
  }
  const index = variant.value ?? 0;
  if (index >= defect.variants) {
    return err({ code: "variant-unknown", error: `${defect.id} has variants 0 to ${defect.variants - 1}` });
  }
  return ok({ defect: defect.id, variant: index });
}

async function answerCollateral(request: Request, platform: SimulatedPlatform, now: number): Promise<Answer> {
  const fields = readBody(request, ["quote"]);
  if (!fields.ok) return refuse(fields.error);
  const quote = hexField(fields.value, "quote");
  if (!quote.ok) return refuse({ code: "quote-malformed", error: quote.error });
  if (quote.value === null) return refuse({ code: "quote-malformed", error: "quote is missing" });
  // Text, not an object: some defects leave a bundle that is not JSON any more.
  return textAnswer(await platform.collateralText({ forQuote: quote.value, now }), "application/json");
}

function readBody(request: Request, known: readonly string[]): Result<Fields, Refusal> {
  const fields = parseFields(request.body);
  const strict = fields.ok ? knownFieldsOnly(fields.value, known) : fields;
  return strict.ok ? strict : err({ code: "request-malformed", error: strict.error });
}

function word<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Result<Word | null, Refusal> {
  const refusal = { code: `${name}-unknown`, error: `${name} is one of ${words.join(", ")}` };
  const text = textField(fields, name);
  if (!text.ok) return err(refusal);
  if (text.value === null) return ok(null);
  const found = words.find((candidate) => candidate === text.value);
  return found === undefined ? err(refusal) : ok(found);
}

function refuse({ error, code }: Refusal): Answer {
  return errorAnswer(400, error, code);
}
