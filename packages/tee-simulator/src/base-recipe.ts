import { authorityCertificate, COMMON_NAME, leafCertificate, revocationList } from "./base-certificates.ts";
import { quoteRecipe } from "./base-quote.ts";
import { qeIdentityDocument, sgxExtension, tcbInfoDocument } from "./base-tcb.ts";
import { measureBoot } from "./measured-boot.ts";
import type { PlatformParameters, QuoteRequest, Recipe } from "./recipe.ts";
import { encodeSgxExtension, SGX_EXTENSION_OID } from "./sgx-extension.ts";

const DAY = 86_400;

/** The recipe of flawless evidence; collateral is issued at the start of the day before it is asked for. */
export function baseRecipe(parameters: PlatformParameters, request: QuoteRequest): Recipe {
  const { authorityKeys, machineKeys, times } = parameters;
  const made = times.manufacturedAt;
  const rootKey = authorityKeys.pair("root");
  const caKey = authorityKeys.pair(parameters.ca);
  const signingKey = authorityKeys.pair("tcb-signing");
  const root = authorityCertificate(COMMON_NAME.root, rootKey, rootKey, made);
  const platformCa = authorityCertificate(COMMON_NAME.platform, authorityKeys.pair("platform"), rootKey, made);
  const processorCa = authorityCertificate(COMMON_NAME.processor, authorityKeys.pair("processor"), rootKey, made);
  const pckCa = parameters.ca === "platform" ? platformCa : processorCa;
  const tcbSigning = leafCertificate(
    COMMON_NAME.tcbSigning,
    signingKey,
    { name: root.subject, key: rootKey, crlPath: "IntelSGXRootCA.der" },
    made,
  );
  const sgx = sgxExtension(parameters);
  const pckLeaf = leafCertificate(
    COMMON_NAME.pck,
    machineKeys.pair("pck"),
    {
      name: pckCa.subject,
      key: caKey,
      crlPath: `sgx/certification/v4/pckcrl?ca=${parameters.ca}&encoding=der`,
    },
    made,
  );
  pckLeaf.extensions.push({ oid: SGX_EXTENSION_OID, critical: false, value: () => encodeSgxExtension(sgx) });

  const boot = measureBoot(request.role, request.profile);
  const issuedAt = Math.floor(times.collateralAt / DAY) * DAY - DAY;
  const recipe: Recipe = {
    parameters,
    request,
    root,
    platformCa,
    processorCa,
    pckCa,
    pckLeaf,
    sgx,
    tcbSigning,
    rootCrl: revocationList(root.subject, rootKey, issuedAt, 365 * DAY),
    pckCrl: revocationList(pckCa.subject, caKey, issuedAt, 30 * DAY),
    tcbInfo: { document: tcbInfoDocument(parameters, issuedAt), signer: signingKey },
    qeIdentity: { document: qeIdentityDocument(issuedAt), signer: signingKey },
    chains: {
      pck: [pckLeaf, pckCa, root],
      tcbInfo: [tcbSigning, root],
      qeIdentity: [tcbSigning, root],
      pckCrl: [pckCa, root],
    },
    editPckPem: (pem) => `${pem}\0`,
    bundle: { includePckChain: false },
    quote: quoteRecipe(parameters, request),
    log: { bootEvents: boot.bootEvents, runtimeEvents: request.runtimeEvents ?? boot.runtimeEvents },
    judgement: { now: times.collateralAt, anchor: "simulated", expectedReportData: request.reportData },
  };
  parameters.adjust?.(recipe);
  return recipe;
}
