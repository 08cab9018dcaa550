import { z } from "zod";
import { collateralAnswerSchema } from "./collateral-answer.ts";
import { type EndpointPath, ENDPOINTS } from "./endpoints.ts";
import { healthSchema } from "./health-answer.ts";
import { itaAppraisalSchema, itaAppraiseRequestSchema, itaKeysSchema } from "./ita-answers.ts";
import { problemSchema } from "./problem-schema.ts";
import { type ProblemCode, PROBLEMS } from "./problems.ts";
import { assetEnvelopeSchema, releaseListSchema } from "./release-answers.ts";
import { verifyAnswerSchema } from "./verify-answer.ts";
import { verifyRequestSchema } from "./verify-request.ts";

/** What an endpoint takes and gives. */
interface EndpointDocs {
  readonly summary: string;
  /** Names of query parameters with what they may be; a name that ends in `?` may be left out. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Its own problems, besides those of every endpoint. */
  readonly problems: readonly ProblemCode[];
}

const releasedDocument = z.union([z.looseObject({}), assetEnvelopeSchema]);
const releaseProblems = ["bad_tag", "release_not_found", "upstream_bad_signature", "release_source_error"] as const;
const EVERYWHERE = ["method_not_allowed", "rate_limited", "internal_error", "not_configured", "loop_detected"] as const;
const BODY = ["bad_json", "too_large", "not_json"] as const;
const KMS_TAG = "a tag of the KMS lane, mero-kms-vX.Y.Z";
const ENVELOPE = "1: the file in an envelope with its signatures; absent: its exact bytes";

const DOCS: Readonly<Record<EndpointPath, EndpointDocs>> = {
  "/api/verify": {
    summary: "Fetches the evidence of a KMS or a node, or takes it, with what is needed to judge it.",
    body: verifyRequestSchema,
    answer: verifyAnswerSchema,
    problems: [
      ...BODY,
      "missing_target",
      "ambiguous_target",
      "bad_nonce",
      "bad_binding",
      "bad_application_id",
      "bad_application_hash",
      "bad_tag",
      "bad_profile",
      "bad_quote",
      "nonce_mismatch",
      "target_refused",
      "attestation_unusable",
      "target_unreachable",
      "target_bad_status",
      "target_bad_body",
      "target_redirected",
      "target_timeout",
      "overloaded",
    ],
  },
  "/api/policy": {
    summary: "The attestation policy of a KMS release, byte for byte.",
    query: { tag: KMS_TAG, "profile?": "an image profile; default locked-read-only", "envelope?": ENVELOPE },
    answer: releasedDocument,
    problems: [...releaseProblems, "bad_profile", "bad_query", "upstream_timeout"],
  },
  "/api/node-policy": {
    summary: "The measurements of a node release: only its profiles, or the signed document in an envelope.",
    query: { tag: "a tag of the node lane, mero-tee-vX.Y.Z", "envelope?": ENVELOPE },
    answer: releasedDocument,
    problems: [...releaseProblems, "bad_query", "upstream_timeout"],
  },
  "/api/compat-map": {
    summary: "The compatibility map of a KMS release, byte for byte.",
    query: { tag: KMS_TAG, "envelope?": ENVELOPE },
    answer: releasedDocument,
    problems: [...releaseProblems, "bad_query", "upstream_timeout"],
  },
  "/api/releases": {
    summary: "The releases of a family, the newest version first.",
    query: { family: "kms or node", "limit?": "1..50; default 20" },
    answer: releaseListSchema,
    problems: ["bad_query", "release_source_error", "upstream_timeout"],
  },
  "/api/catalog": {
    summary: "The compatibility catalog.",
    answer: z.looseObject({ schema_version: z.int(), releases: z.array(z.unknown()) }),
    problems: ["release_source_error", "upstream_timeout"],
  },
  "/api/collateral": {
    summary: "Intel's collateral for a platform: signed documents as the exact text that was signed.",
    query: { fmspc: "12 hex digits", ca: "platform or processor", "update?": "standard (default) or early" },
    answer: collateralAnswerSchema,
    problems: ["bad_query", "platform_unknown", "collateral_source_error", "upstream_timeout"],
  },
  "/api/ita/keys": {
    summary: "The keys with which Intel Trust Authority signs.",
    answer: itaKeysSchema,
    problems: ["ita_source_error", "upstream_timeout"],
  },
  "/api/ita/appraise": {
    summary: "Asks Intel Trust Authority for its opinion on a quote.",
    body: itaAppraiseRequestSchema,
    answer: itaAppraisalSchema,
    problems: [...BODY, "bad_quote", "ita_source_error", "upstream_timeout", "overloaded"],
  },
  "/api/health": {
    summary: "How this service stands.",
    answer: healthSchema,
    problems: [],
  },
};

/** The OpenAPI 3.1 document of this API, made from the schemas that judge its requests and answers. */
export function openApiDocument(): Record<string, unknown> {
  const paths = Object.entries(DOCS).map(([path, docs]) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of DOCS are the endpoints
    const method = ENDPOINTS[path as EndpointPath].toLowerCase();
    return [path, { [method]: describeOperation(docs) }];
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "mero-verifier-api",
      version: "1",
      summary: "Fetches what a browser cannot fetch, so that the browser can verify a KMS or a node itself.",
      license: { name: "MIT OR Apache-2.0" },
    },
    paths: Object.fromEntries(paths),
  };
}

function describeOperation({ summary, query = {}, body, answer, problems }: EndpointDocs): Record<string, unknown> {
  const parameters = Object.entries(query).map(([name, description]) => ({
    name: name.replace(/\?$/, ""),
    in: "query",
    required: !name.endsWith("?"),
    description,
    schema: { type: "string" },
  }));
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: content("application/json", body) } }),
    responses: {
      "200": { description: "The answer.", content: content("application/json", answer) },
      ...describeProblems([...problems, ...EVERYWHERE]),
    },
  };
}

function describeProblems(codes: readonly ProblemCode[]): Record<string, unknown> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code][0]);
  const answers = [...byStatus].map(([status, members]) => [
    String(status),
    { description: members.toSorted().join(", "), content: content("application/problem+json", problemSchema) },
  ]);
  return Object.fromEntries(answers);
}

function content(mediaType: string, schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...shape } = z.toJSONSchema(schema);
  return { [mediaType]: { schema: shape } };
}
