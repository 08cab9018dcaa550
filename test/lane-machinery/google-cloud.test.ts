import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { laneMachinery } from "./machinery.ts";

const lane = laneMachinery();

async function leftBehind(machines: string, rules: string, refused = "nothing"): Promise<void> {
  const lines = [
    "#!/bin/sh",
    `case "$*" in *"${refused}"*) exit 1;; esac`,
    `echo "$*" >> "${lane.directory}/gcloud.log"`,
    `case "$*" in *"instances list"*) echo '${machines}';; *"firewall-rules list"*) echo '${rules}';; esac`,
  ];
  await writeFile(join(lane.directory, "gcloud"), `${lines.join("\n")}\n`);
}

describe("a probe machine on Google Cloud", () => {
  const WHERE = ["--name", "probe-debug-1-1", "--project", "p", "--zone", "europe-west4-a"];
  const VERSION = ["--profile", "debug-read-only", "--version", "2.4.0-rc.1"];
  const IMAGE = [...VERSION, "--image-project", "images", "--allow", "203.0.113.7/32"];

  test("is a TDX machine without an account, that one address reaches", async () => {
    const running = { status: "RUNNING", networkInterfaces: [{ accessConfigs: [{ natIP: "203.0.113.10" }] }] };
    await writeFile(join(lane.directory, "answer.json"), JSON.stringify(running));
    const run = await lane.script("gcp/probe-machine.ts", [...WHERE, ...IMAGE]);
    expect(run).toMatchObject({ exitCode: 0, outputs: "url=http://203.0.113.10\n" });
    const [rule = "", machine = ""] = await lane.gcloudLines();
    expect(rule).toContain("--source-ranges=203.0.113.7/32 --target-tags=probe-debug-1-1");
    expect(machine).toContain("--image=merotee-debug-read-only-2-4-0-rc-1 ");
    for (const flag of ["--confidential-compute-type=TDX", "--no-service-account", "--no-scopes"])
      expect(machine).toContain(flag);
  });

  test("is given up when it does not come up", async () => {
    await writeFile(join(lane.directory, "answer.json"), '{"status":"STAGING"}');
    const run = await lane.script("gcp/probe-machine.ts", [...WHERE, ...IMAGE, "--tries", "1"]);
    expect(run).toMatchObject({ exitCode: 1, stderr: "probe-debug-1-1 was not running after 1 looks", outputs: "" });
  });

  test("is removed with its rule, the rule also where there is no machine", async () => {
    expect(await lane.script("gcp/probe-machine.ts", [...WHERE, "--remove"])).toMatchObject({ exitCode: 0 });
    expect((await lane.gcloudLines()).map((line) => line.split(" ").slice(0, 4).join(" ")).toSorted()).toEqual([
      "compute firewall-rules delete probe-debug-1-1",
      "compute instances delete probe-debug-1-1",
    ]);
    await writeFile(join(lane.directory, "gcloud"), `#!/bin/sh\necho "$*" >> "${lane.directory}/gcloud.log"\nexit 1\n`);
    expect(await lane.script("gcp/probe-machine.ts", [...WHERE, "--remove"])).toMatchObject({ exitCode: 1 });
    expect(await lane.gcloudLines()).toHaveLength(4);
  });

  test.each([
    { name: "a name that is a flag", args: [...WHERE, ...IMAGE, "--name", "--verbosity=debug"] },
    { name: "the whole world", args: [...WHERE, ...IMAGE, "--allow", "0.0.0.0/0"] },
    { name: "a version that is none", args: [...WHERE, ...IMAGE, "--version", "latest"] },
    { name: "a profile that is none", args: [...WHERE, ...IMAGE, "--profile", "family/merotee"] },
    { name: "no image", args: WHERE },
  ])("is not started with $name", async ({ args }) => {
    expect(await lane.script("gcp/probe-machine.ts", args)).toMatchObject({ exitCode: 2 });
    expect(await lane.gcloudLines()).toEqual([]);
  });

  describe("that a run left behind", () => {
    const SWEEP = ["--project", "p", "--hours", "6"];
    const ZONE = "https://x/zones/europe-west4-a";

    test("is swept away, and so is its rule", async () => {
      await leftBehind(JSON.stringify([{ name: "probe-x", zone: ZONE }]), '[{"name":"probe-x"}]');
      const told = { exitCode: 0, stdout: "machine probe-x\nfirewall rule probe-x" };
      expect(await lane.script("gcp/sweep.ts", [...SWEEP, "--dry-run"])).toMatchObject(told);
      const questions = [
        "compute instances list --filter=labels.mero-tee-probe=true AND creationTimestamp<-PT6H --format=json(name,zone) --project=p --quiet",
        "compute firewall-rules list --filter=description=mero-tee-probe AND creationTimestamp<-PT6H --format=json(name) --project=p --quiet",
      ];
      expect(await lane.gcloudLines()).toEqual(questions);
      expect(await lane.script("gcp/sweep.ts", SWEEP)).toMatchObject(told);
      expect((await lane.gcloudLines()).slice(2)).toEqual([
        ...questions,
        "compute instances delete probe-x --zone=europe-west4-a --delete-disks=all --project=p --quiet",
        "compute firewall-rules delete probe-x --project=p --quiet",
      ]);
    });

    test("and is gone leaves a rule, which is swept away", async () => {
      await leftBehind("[]", '[{"name":"e2e-debug-1-1"}]');
      expect(await lane.script("gcp/sweep.ts", SWEEP)).toMatchObject({
        exitCode: 0,
        stdout: "firewall rule e2e-debug-1-1",
      });
      expect((await lane.gcloudLines()).slice(2)).toEqual([
        "compute firewall-rules delete e2e-debug-1-1 --project=p --quiet",
      ]);
    });

    test("has the mark that the sweep looks for, as its rule has", async () => {
      await lane.script("gcp/probe-machine.ts", [...WHERE, ...IMAGE, "--tries", "1"]);
      const [rule = "", machine = ""] = await lane.gcloudLines();
      expect(rule).toContain("firewall-rules create probe-debug-1-1");
      expect(rule).toContain("--description=mero-tee-probe ");
      expect(machine).toContain("--labels=mero-tee-probe=true ");
    });

    test("is swept away whatever becomes of the ones before it", async () => {
      const listed = ["probe-x", "probe-y"].map((name) => ({ name, zone: "z" }));
      await leftBehind(JSON.stringify(listed), JSON.stringify(listed), "rules delete probe-x");
      const run = await lane.script("gcp/sweep.ts", SWEEP);
      expect(run).toMatchObject({ exitCode: 1, stderr: "could not be removed: firewall rule probe-x" });
      const deleted = (await lane.gcloudLines()).slice(2).map((line) => line.split(" ").slice(1, 4).join(" "));
      expect(deleted).toEqual([
        "instances delete probe-x",
        "instances delete probe-y",
        "firewall-rules delete probe-y",
      ]);
    });

    test("is no command to the runner that reads what gcloud said", async () => {
      const lines = ["#!/bin/sh", "echo ' ::stop-commands::x' >&2", "echo 'x ##[add-path]/tmp' >&2", "exit 1"];
      await writeFile(join(lane.directory, "gcloud"), `${lines.join("\n")}\n`);
      const run = await lane.script("gcp/sweep.ts", SWEEP);
      expect(run).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("stop-commands") });
      expect(run.stderr).not.toMatch(/^\s*::|##\[/m);
    });

    test.each([
      { name: "a list that is none", machines: "null", rules: "[]" },
      { name: "a name that is a flag", machines: "[]", rules: '[{"name":"--impersonate-service-account=x"}]' },
      { name: "a machine that is nowhere", machines: '[{"name":"probe-x"}]', rules: "[]" },
    ])("is not said to be gone at $name", async ({ machines, rules }) => {
      await leftBehind(machines, rules);
      expect(await lane.script("gcp/sweep.ts", SWEEP)).toMatchObject({ exitCode: 1, stdout: "" });
      expect((await lane.gcloudLines()).filter((line) => line.includes("delete"))).toEqual([]);
    });
  });
});

describe("the identity for Google Cloud", () => {
  const PROVIDER = "projects/1/locations/global/workloadIdentityPools/p/providers/g";
  const ACCOUNT = "probe@example-attest.iam.gserviceaccount.com";
  const GITHUB = {
    ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.example/?api-version=2",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
  };

  test("is the run's own, in a file that nobody else reads", async () => {
    const args = ["--provider", PROVIDER, "--service-account", ACCOUNT, "--out", "credentials.json"];
    expect(await lane.script("gcp/google-credentials.ts", args, GITHUB)).toMatchObject({ exitCode: 0 });
    expect(await lane.gcloudLines()).toEqual(["auth login --brief --quiet --cred-file=credentials.json"]);
    expect(JSON.parse(await readFile(join(lane.directory, "credentials.json"), "utf8"))).toEqual({
      type: "external_account",
      audience: `//iam.googleapis.com/${PROVIDER}`,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: "https://sts.googleapis.com/v1/token",
      credential_source: {
        url: `https://token.example/?api-version=2&audience=${encodeURIComponent(`//iam.googleapis.com/${PROVIDER}`)}`,
        headers: { Authorization: "Bearer bearer" },
        format: { type: "json", subject_token_field_name: "value" },
      },
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
    });
  });

  test("is not written, and nobody logs in, in a dry run", async () => {
    const args = ["--provider", PROVIDER, "--service-account", ACCOUNT, "--out", "credentials.json", "--dry-run"];
    expect(await lane.script("gcp/google-credentials.ts", args, GITHUB)).toMatchObject({
      exitCode: 0,
      stdout: `gcloud would act as ${ACCOUNT}`,
    });
    expect(await lane.gcloudLines()).toEqual([]);
    await expect(readFile(join(lane.directory, "credentials.json"))).rejects.toThrow("ENOENT");
  });

  test("is refused outside a run, and for what is no provider", async () => {
    const args = ["--service-account", ACCOUNT, "--out", "c"];
    expect(await lane.script("gcp/google-credentials.ts", [...args, "--provider", PROVIDER])).toMatchObject({
      exitCode: 2,
    });
    expect(await lane.script("gcp/google-credentials.ts", [...args, "--provider", "x"], GITHUB)).toMatchObject({
      exitCode: 2,
    });
  });
});
