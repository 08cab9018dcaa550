import { expect, test } from "vitest";
import { parseServiceBase } from "../src/index.ts";

test.each([
  ["https://pcs.example/", "https://pcs.example"],
  ["https://pcs.example/sgx//", "https://pcs.example/sgx"],
  ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
  ["http://[::1]:8787", "http://[::1]:8787"],
])("%s is %s", (text, value) => {
  expect(parseServiceBase(text)).toEqual({ ok: true, value });
});

test.each([
  ["pcs.example", "must be a URL"],
  ["http://pcs.example", "must be an https URL, or http to a loopback IP address"],
  ["http://localhost:8787", "must be an https URL, or http to a loopback IP address"],
  ["ftp://127.0.0.1", "must be an https URL, or http to a loopback IP address"],
  ["https://user@pcs.example", "must not carry credentials"],
  ["https://pcs.example/?", "must not have a query or a fragment"],
  ["https://pcs.example/#", "must not have a query or a fragment"],
])("%s %s", (text, error) => {
  expect(parseServiceBase(text)).toEqual({ ok: false, error });
});
