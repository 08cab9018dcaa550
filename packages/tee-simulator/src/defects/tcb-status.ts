import { LEVEL_STATUSES, type LevelStatus } from "../collateral-document.ts";
import type { Recipe } from "../recipe.ts";
import { accepted, defineDefect, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";
import {
  moduleLevel,
  OUT_OF_DATE,
  platformLevel,
  qeLevel,
  REVOKED,
  setTeeTcbSvn,
  setTeeTcbSvn2,
  tcbVariant,
} from "./tcb-variants.ts";

const OTHER_STATUSES = ["UpToDate", "OutOfDate", "Revoked"] as const;

type OtherStatus = (typeof OTHER_STATUSES)[number];

/**
 * Final status by level status and the worse of module and QE status (Intel Quote Verification Library,
 * `convergeTcbStatus`); null is a final Revoked.
 */
const CONVERGED = {
  UpToDate: { UpToDate: "UpToDate", OutOfDate: "OutOfDate", Revoked: null },
  SWHardeningNeeded: { UpToDate: "SWHardeningNeeded", OutOfDate: "OutOfDate", Revoked: null },
  ConfigurationNeeded: { UpToDate: "ConfigurationNeeded", OutOfDate: "OutOfDateConfigurationNeeded", Revoked: null },
  ConfigurationAndSWHardeningNeeded: {
    UpToDate: "ConfigurationAndSWHardeningNeeded",
    OutOfDate: "OutOfDateConfigurationNeeded",
    Revoked: null,
  },
  OutOfDate: { UpToDate: "OutOfDate", OutOfDate: "OutOfDate", Revoked: null },
  OutOfDateConfigurationNeeded: {
    UpToDate: "OutOfDateConfigurationNeeded",
    OutOfDate: "OutOfDateConfigurationNeeded",
    Revoked: null,
  },
  Revoked: { UpToDate: null, OutOfDate: null, Revoked: null },
} as const satisfies Record<LevelStatus, Record<OtherStatus, LevelStatus | null>>;

function worse(one: OtherStatus, two: OtherStatus): OtherStatus {
  if (one === "Revoked" || two === "Revoked") return "Revoked";
  return one === "OutOfDate" || two === "OutOfDate" ? "OutOfDate" : "UpToDate";
}

function eachStatus(): Variant[] {
  return LEVEL_STATUSES.flatMap((level) =>
    OTHER_STATUSES.flatMap((module) =>
      OTHER_STATUSES.map((qe) => {
        const final = CONVERGED[level][worse(module, qe)];
        return tcbVariant(
          `level ${level}, module ${module}, QE ${qe}`,
          final === null ? REVOKED : accepted(final),
          (recipe) => {
            platformLevel(recipe).tcbStatus = level;
            moduleLevel(recipe).tcbStatus = module;
            qeLevel(recipe).tcbStatus = qe;
          },
        );
      }),
    ),
  );
}

/** A quote with TD report 1.5, whose module was out of date when the TD started. */
function relaunch(name: string, expected: ExpectedOutcome, change: (recipe: Recipe) => void): Variant {
  return {
    name,
    expected,
    start: { version: 5, bodyType: 3 },
    change: (recipe) => {
      setTeeTcbSvn(recipe, 4, 1, 3);
      change(recipe);
    },
  };
}

const ADVISED = accepted("TDRelaunchAdvised");
const ADVISED_CONFIGURATION = accepted("TDRelaunchAdvisedConfigurationNeeded");

/** Cases about how the statuses of platform, module and QE merge into one. */
export const TCB_STATUS_DEFECTS: readonly Defect[] = [
  defineDefect("tcb-status-each", "every status of the level with every one of the module and the QE", eachStatus()),
  defineDefect("tcb-revoked", "the platform reaches a level that is revoked", [
    tcbVariant("platform", REVOKED, (recipe) => {
      platformLevel(recipe).tcbStatus = "Revoked";
    }),
  ]),
  defineDefect("qe-revoked", "the quoting enclave reaches a level that is revoked", [
    tcbVariant("QE", REVOKED, (recipe) => {
      qeLevel(recipe).tcbStatus = "Revoked";
    }),
  ]),
  defineDefect(
    "tcb-sgx-revoked-tdx-out-of-date",
    "the SGX components reach a revoked level, all together a lower one",
    [
      tcbVariant("second level", OUT_OF_DATE, (recipe) => {
        platformLevel(recipe).tcbStatus = "Revoked";
        setTeeTcbSvn(recipe, 6, 1, 2);
      }),
    ],
  ),
  defineDefect("td-relaunch", "the module was updated after the TD started", [
    relaunch("module version 1", ADVISED, (recipe) => setTeeTcbSvn2(recipe, 6, 1, 3)),
    relaunch("module version 0", ADVISED, (recipe) => setTeeTcbSvn2(recipe, 5, 0, 3)),
    relaunch("module version 3", ADVISED, (recipe) => setTeeTcbSvn2(recipe, 3, 3, 3)),
    relaunch("platform components lower too", ADVISED, (recipe) => {
      setTeeTcbSvn(recipe, 4, 1, 2);
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
    relaunch("level SWHardeningNeeded", ADVISED, (recipe) => {
      platformLevel(recipe).tcbStatus = "SWHardeningNeeded";
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
  ]),
  defineDefect("td-relaunch-configuration", "the same, and the platform needs configuration", [
    ...(["ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded"] as const).flatMap((status) => [
      relaunch(`${status}, module version 1`, ADVISED_CONFIGURATION, (recipe) => {
        platformLevel(recipe).tcbStatus = status;
        setTeeTcbSvn2(recipe, 6, 1, 3);
      }),
      relaunch(`${status}, module version 0`, ADVISED_CONFIGURATION, (recipe) => {
        platformLevel(recipe).tcbStatus = status;
        setTeeTcbSvn2(recipe, 5, 0, 3);
      }),
    ]),
    relaunch("only the level reached needs it", ADVISED_CONFIGURATION, (recipe) => {
      platformLevel(recipe, 1).tcbStatus = "OutOfDateConfigurationNeeded";
      setTeeTcbSvn(recipe, 4, 1, 2);
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
  ]),
  defineDefect("td-relaunch-not-newer", "a relaunch would not help", [
    relaunch("the same module", OUT_OF_DATE, (recipe) => setTeeTcbSvn2(recipe, 4, 1, 3)),
    relaunch("a newer one that is not the newest", OUT_OF_DATE, (recipe) => setTeeTcbSvn2(recipe, 5, 1, 3)),
    relaunch("a platform component below the top level", OUT_OF_DATE, (recipe) => setTeeTcbSvn2(recipe, 6, 1, 2)),
    relaunch("module version 0 below the top level", OUT_OF_DATE, (recipe) => setTeeTcbSvn2(recipe, 4, 0, 3)),
    relaunch("module version 0, a platform component below", OUT_OF_DATE, (recipe) => setTeeTcbSvn2(recipe, 5, 0, 2)),
    relaunch("the QE is out of date", OUT_OF_DATE, (recipe) => {
      qeLevel(recipe).tcbStatus = "OutOfDate";
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
    relaunch("the platform is out of date", OUT_OF_DATE, (recipe) => {
      platformLevel(recipe).tcbStatus = "OutOfDate";
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
    relaunch("the module at start was up to date", OUT_OF_DATE, (recipe) => {
      setTeeTcbSvn(recipe, 6, 1, 2);
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
  ]),
  defineDefect("td-relaunch-v4", "a quote that cannot tell of a newer module", [
    tcbVariant("version 4", OUT_OF_DATE, (recipe) => {
      setTeeTcbSvn(recipe, 4, 1, 3);
      setTeeTcbSvn2(recipe, 6, 1, 3);
    }),
    {
      name: "version 5 with TD report 1.0",
      expected: OUT_OF_DATE,
      start: { version: 5, bodyType: 2 },
      change: (recipe) => {
        setTeeTcbSvn(recipe, 4, 1, 3);
        setTeeTcbSvn2(recipe, 6, 1, 3);
      },
    },
  ]),
  defineDefect("advisories-union", "advisories on all three levels, some of them the same", [
    tcbVariant(
      "overlapping",
      {
        ok: true,
        tcbStatus: "OutOfDate",
        advisoryIds: ["INTEL-SA-00002", "INTEL-SA-00001", "INTEL-SA-00003", "INTEL-SA-00004"],
      },
      (recipe) => {
        Object.assign(platformLevel(recipe), {
          tcbStatus: "OutOfDate",
          advisoryIDs: ["INTEL-SA-00002", "INTEL-SA-00001"],
        });
        Object.assign(moduleLevel(recipe), {
          tcbStatus: "OutOfDate",
          advisoryIDs: ["INTEL-SA-00001", "INTEL-SA-00003"],
        });
        Object.assign(qeLevel(recipe), {
          tcbStatus: "OutOfDate",
          advisoryIDs: ["INTEL-SA-00003", "INTEL-SA-00004", "INTEL-SA-00002"],
        });
      },
    ),
    tcbVariant("none", { ok: true, tcbStatus: "UpToDate", advisoryIds: [] }, () => {}),
  ]),
];
