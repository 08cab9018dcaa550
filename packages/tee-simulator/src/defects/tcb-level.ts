import { sgxComponents, sixteen } from "../collateral-document.ts";
import { accepted, defineDefect, type Defect } from "./defect.ts";
import {
  MODULE_MISMATCH,
  moduleIdentity,
  moduleLevel,
  NOT_SUPPORTED,
  OUT_OF_DATE,
  platformLevel,
  qeLevel,
  REVOKED,
  setTeeTcbSvn,
  setTeeTcbSvn2,
  tcbVariant,
} from "./tcb-variants.ts";

/** Cases about the TDX module, the SVNs and which level they reach. */
export const TCB_LEVEL_DEFECTS: readonly Defect[] = [
  defineDefect("tdx-module-mrsigner", "another signer of the TDX module", [
    tcbVariant("module with a version", MODULE_MISMATCH, ({ quote }) => {
      quote.report.mrSignerSeam = new Uint8Array(48).fill(1);
    }),
    tcbVariant("module without a version", MODULE_MISMATCH, (recipe) => {
      setTeeTcbSvn(recipe, 6, 0, 3);
      recipe.quote.report.mrSignerSeam = new Uint8Array(48).fill(1);
    }),
    tcbVariant("the identity demands another", MODULE_MISMATCH, (recipe) => {
      moduleIdentity(recipe).mrsigner = "01".repeat(48);
    }),
  ]),
  defineDefect("tdx-module-attributes", "an attribute of the TDX module", [
    tcbVariant("inside the mask", MODULE_MISMATCH, ({ quote }) => {
      quote.report.seamAttributes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80);
    }),
    tcbVariant("outside the mask", MODULE_MISMATCH, (recipe) => {
      moduleIdentity(recipe).attributesMask = "0".repeat(16);
      recipe.quote.report.seamAttributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    }),
    tcbVariant("demanded by the identity", MODULE_MISMATCH, (recipe) => {
      moduleIdentity(recipe).attributes = "0100000000000000";
      recipe.quote.report.seamAttributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    }),
    tcbVariant("module without a version", MODULE_MISMATCH, (recipe) => {
      setTeeTcbSvn(recipe, 6, 0, 3);
      recipe.quote.report.seamAttributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    }),
  ]),
  defineDefect("tdx-module-identity-missing", "TCB info does not know the module's version", [
    tcbVariant("version 2 of 1 and 3", MODULE_MISMATCH, (recipe) => setTeeTcbSvn(recipe, 6, 2, 3)),
    tcbVariant("no identities at all", MODULE_MISMATCH, (recipe) => {
      delete recipe.tcbInfo.document.tdxModuleIdentities;
    }),
    {
      name: "version of the module now loaded",
      expected: MODULE_MISMATCH,
      start: { version: 5, bodyType: 3 },
      change: (recipe) => {
        setTeeTcbSvn(recipe, 4, 1, 3);
        setTeeTcbSvn2(recipe, 6, 2, 3);
      },
    },
  ]),
  defineDefect("tdx-module-id-case", "the identity's name in another case", [
    tcbVariant("tdx_0a", accepted(), (recipe) => {
      setTeeTcbSvn(recipe, 6, 10, 3);
      moduleIdentity(recipe).id = "tdx_0a";
    }),
    tcbVariant("TDX_0A", accepted(), (recipe) => {
      setTeeTcbSvn(recipe, 6, 10, 3);
      moduleIdentity(recipe).id = "TDX_0A";
    }),
  ]),
  defineDefect("tdx-module-svn-low", "the module is below all its levels", [
    tcbVariant("SVN 1", NOT_SUPPORTED, (recipe) => setTeeTcbSvn(recipe, 1, 1, 3)),
  ]),
  defineDefect("tdx-module-out-of-date", "the module reaches a level that is out of date", [
    tcbVariant("SVN 4", OUT_OF_DATE, (recipe) => setTeeTcbSvn(recipe, 4, 1, 3)),
    tcbVariant("SVN between 4 and 6", OUT_OF_DATE, (recipe) => setTeeTcbSvn(recipe, 5, 1, 3)),
  ]),
  defineDefect("tdx-module-revoked", "the module reaches a level that is revoked", [
    tcbVariant("SVN 6", REVOKED, (recipe) => {
      moduleLevel(recipe).tcbStatus = "Revoked";
    }),
  ]),
  defineDefect("tdx-svn-start-2", "the module's SVN is below that of the platform level and has a level of its own", [
    tcbVariant("SVN 4 against 5", accepted(), (recipe) => {
      moduleLevel(recipe).tcb.isvsvn = 3;
      moduleIdentity(recipe).tcbLevels.splice(1);
      setTeeTcbSvn(recipe, 4, 1, 3);
    }),
  ]),
  defineDefect("tdx-svn-start-0", "a module without a version is below every platform level", [
    tcbVariant("SVN 4 against 5", NOT_SUPPORTED, (recipe) => setTeeTcbSvn(recipe, 4, 0, 3)),
  ]),
  defineDefect("tcb-sgx-component-low", "one SGX component of the platform is low", [
    tcbVariant("reaches the second level", OUT_OF_DATE, ({ sgx }) => {
      sgx.components[0] = 2;
    }),
    tcbVariant("1, 3, 2 against 1, 2, 3", OUT_OF_DATE, (recipe) => {
      recipe.sgx.components = sixteen([1, 3, 2]);
      platformLevel(recipe, 0).tcb.sgxtcbcomponents = sgxComponents([1, 2, 3]);
      platformLevel(recipe, 1).tcb.sgxtcbcomponents = sgxComponents([1, 2, 2]);
      platformLevel(recipe, 2).tcb.sgxtcbcomponents = sgxComponents([1, 2, 2]);
    }),
    tcbVariant("below every level", NOT_SUPPORTED, ({ sgx }) => {
      sgx.components[7] = 4;
    }),
    tcbVariant("component 16 below every level", NOT_SUPPORTED, (recipe) => {
      for (const { tcb } of recipe.tcbInfo.document.tcbLevels) {
        tcb.sgxtcbcomponents = sgxComponents([...sixteen([1]).slice(0, 15), 1]);
      }
    }),
  ]),
  defineDefect("tcb-pcesvn-low", "the PCESVN of the platform is low", [
    tcbVariant("reaches the third level", OUT_OF_DATE, ({ sgx }) => {
      sgx.pceSvn = 12;
    }),
    tcbVariant("below every level", NOT_SUPPORTED, ({ sgx }) => {
      sgx.pceSvn = 4;
    }),
  ]),
  defineDefect("tcb-tdx-component-low", "TEE_TCB_SVN[2] is low", [
    tcbVariant("reaches the second level", OUT_OF_DATE, (recipe) => setTeeTcbSvn(recipe, 6, 1, 2)),
    tcbVariant("below every level", NOT_SUPPORTED, (recipe) => setTeeTcbSvn(recipe, 6, 1, 1)),
  ]),
  defineDefect("tcb-svn-higher", "every SVN is above the top level", [
    tcbVariant("all at their greatest", accepted(), (recipe) => {
      recipe.sgx.components = sixteen([]).fill(255);
      recipe.sgx.pceSvn = 65_535;
      setTeeTcbSvn(recipe, 255, 1, ...sixteen([]).fill(255).slice(2));
      recipe.quote.qeReport.isvSvn = 65_535;
    }),
  ]),
  defineDefect("qe-isvsvn-low", "the quoting enclave is below all its levels", [
    tcbVariant("ISVSVN 1", NOT_SUPPORTED, ({ quote }) => {
      quote.qeReport.isvSvn = 1;
    }),
  ]),
  defineDefect("qe-isvsvn-between", "the quoting enclave is between two levels", [
    tcbVariant("ISVSVN 3", OUT_OF_DATE, ({ quote }) => {
      quote.qeReport.isvSvn = 3;
    }),
    tcbVariant("ISVSVN 300, above a level of 256", accepted(), (recipe) => {
      qeLevel(recipe).tcb.isvsvn = 256;
      recipe.quote.qeReport.isvSvn = 300;
    }),
  ]),
];
