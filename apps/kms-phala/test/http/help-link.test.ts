import { readFileSync } from "node:fs";
import { KMS_ERROR_CODES, KMS_ERRORS } from "@mero-tee/kms-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { helpLink } from "../../src/http/help-link.ts";
import { type Harness, makePeer, startHarness } from "../harness.ts";

const PAGE = "https://github.com/calimero-network/mero-tee/blob/master/docs/errors.md";
const HEADINGS = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});

afterAll(async () => {
  await harness.app.close();
});

describe("the link of a refusal", () => {
  test.each(KMS_ERROR_CODES)("for %s leads to a heading that is there", (code) => {
    const [, anchor = ""] = /#([a-z-]+)>; rel="help"$/.exec(helpLink(code)) ?? [];
    expect(helpLink(code)).toBe(`<${PAGE}#${anchor}>; rel="help"`);
    expect(HEADINGS).toMatch(new RegExp(`^### ${anchor.replaceAll("-", "[ -]")}$`, "im"));
  });

  test("tells nobody more than status and tag: reasons that share them share it", () => {
    const links = new Map<string, string>();
    for (const code of KMS_ERROR_CODES) {
      const answer = KMS_ERRORS[code].join(" ");
      expect([answer, links.get(answer) ?? helpLink(code)]).toEqual([answer, helpLink(code)]);
      links.set(answer, helpLink(code));
    }
    expect(links.get("401 invalid_challenge")).toBe(`<${PAGE}#tags-on-the-wire>; rel="help"`);
    expect(links.get("403 tcb_status_rejected")).toBe(`<${PAGE}#tcb-status-refused>; rel="help"`);
  });
});

describe("answers", () => {
  test("carry it when they refuse, whoever refuses", async () => {
    const { app } = harness;
    const headers = { "content-type": "application/json" };
    const refused = [
      await app.inject({ method: "GET", url: "/nowhere" }),
      await app.inject({ method: "GET", url: "/%zz" }),
      await app.inject({ method: "POST", url: "/challenge", headers, payload: "{}" }),
    ];
    expect(refused.map(({ statusCode, headers: { link } }) => [statusCode, link])).toEqual([
      [404, helpLink("path-unknown")],
      [404, helpLink("path-unknown")],
      [422, helpLink("request-shape-invalid")],
    ]);
  });

  test("carry none otherwise", async () => {
    const { peerId } = makePeer();
    const answer = await harness.post("/challenge", { peerId });
    expect([answer.statusCode, answer.headers["link"]]).toEqual([200, undefined]);
  });
});
