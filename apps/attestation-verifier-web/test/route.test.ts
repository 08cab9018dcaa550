import { expect, test } from "vitest";

import { placeOf, routeOf } from "../src/route.ts";

test.each([
  { fragment: "#step-dcap.chain", place: "step-dcap.chain" },
  { fragment: "#/learn#rtmr3", place: "rtmr3" },
  { fragment: "#/learn", place: null },
  { fragment: "#v=1&k=kms", place: null },
  { fragment: "#", place: null },
  { fragment: "", place: null },
])("the fragment $fragment names the place $place", ({ fragment, place }) => {
  expect(placeOf(fragment)).toBe(place);
});

test.each([
  { path: "/kms/", route: "/kms" },
  { path: "/mero-tee", route: "/node" },
  { path: "/elsewhere", route: null },
])("the path $path is the screen $route", ({ path, route }) => {
  expect(routeOf(path)).toBe(route);
});
