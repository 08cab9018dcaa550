import { KMS_CLIENT_FAILURE_CODES } from "@mero-tee/kms-protocol/client";
import { POLICY_ERROR_CODES } from "@mero-tee/policy";
import { SIGSTORE_ERROR_CODES } from "@mero-tee/release-artifacts/sigstore";
import { FAILURE_CODES } from "@mero-tee/tdx-quote";
import { expect, test } from "vitest";

import { CLI_CODES, CLI_ENDINGS } from "../src/cli-failure.ts";

test("every code of the command is kebab-case, and no package says something else by it", () => {
  const others: readonly string[] = [
    ...FAILURE_CODES,
    ...POLICY_ERROR_CODES,
    ...SIGSTORE_ERROR_CODES,
    ...KMS_CLIENT_FAILURE_CODES,
  ];
  for (const code of CLI_CODES) {
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(others).not.toContain(code);
  }
});

test("every code has an ending that is not success", () => {
  expect(Object.keys(CLI_ENDINGS).toSorted()).toEqual([...CLI_CODES].toSorted());
  expect(Object.values(CLI_ENDINGS).map(({ exitCode }) => exitCode)).not.toContain(0);
});
