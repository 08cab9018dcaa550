import type { BootEvent } from "./boot-event.ts";
import type { CcelRecipe } from "./ccel.ts";
import type { CertificateRecipe } from "./certificate.ts";
import type { QeIdentityDocument, SignedDocumentRecipe, TcbInfoDocument } from "./collateral-document.ts";
import type { KeyRing } from "./key-ring.ts";
import type { GuestProfile, GuestRole } from "./measured-boot.ts";
import type { QuoteRecipe } from "./quote.ts";
import type { CrlRecipe } from "./revocation-list.ts";
import type { DstackLogEntry, RuntimeEvent } from "./runtime-event.ts";
import type { SgxExtensionRecipe } from "./sgx-extension.ts";

/** Which of Intel's two PCK authorities issued the platform's certificate. */
export type PckAuthority = "platform" | "processor";

/** The instants around which a platform's documents are valid; Unix seconds. */
interface PlatformTimes {
  /** When the platform was made: certificates are valid from a year before. */
  readonly manufacturedAt: number;
  /** When the collateral is asked for: it is issued the day before and lasts 30 days. */
  readonly collateralAt: number;
}

/** What distinguishes one simulated platform from another. */
export interface PlatformParameters {
  /** Keys of the root, the authorities and the TCB signer. */
  readonly authorityKeys: KeyRing;
  /** Keys of this machine: PCK and attestation key. */
  readonly machineKeys: KeyRing;
  /** 6 bytes. */
  readonly fmspc: Uint8Array;
  readonly ca: PckAuthority;
  readonly times: PlatformTimes;
  /** Changes every recipe of the platform, before any defect does. */
  readonly adjust?: (recipe: Recipe) => void;
}

/** What a quote is asked for. */
export interface QuoteRequest {
  readonly role: GuestRole;
  readonly profile: GuestProfile;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly version: 4 | 5;
  readonly bodyType: 2 | 3;
  /** What the guest extended into RTMR3 until now; by default what the role and profile extend at start. */
  readonly runtimeEvents?: readonly RuntimeEvent[];
}

/** The event logs that go with a quote, and hooks on their encodings. */
export interface LogRecipe {
  bootEvents: readonly BootEvent[];
  runtimeEvents: readonly RuntimeEvent[];
  /** Changes the entries of the dstack log, not the quote. */
  editEntries?: (entries: DstackLogEntry[]) => DstackLogEntry[];
  /** Changes the text of the dstack log. */
  editText?: (text: string) => string;
  /** Changes the parts of the CCEL, not the quote. */
  editCcel?: (ccel: CcelRecipe) => void;
  /** Changes the bytes of the CCEL. */
  editCcelBytes?: (bytes: Uint8Array) => Uint8Array;
}

/** How the evidence is to be judged. */
interface JudgementRecipe {
  /** Unix seconds. */
  now: number;
  /** The anchor to hand to the verifier: the platform's root, or Intel's (the verifier's default). */
  anchor: "simulated" | "intel";
  expectedReportData?: Uint8Array;
  allowDebug?: boolean;
  allowServiceTd?: boolean;
}

/**
 * Every field of one body of evidence: certificates, lists, signed documents, quote, logs. A defect changes one of
 * them; building signs everything anew, so only the change itself is wrong.
 */
export interface Recipe {
  readonly parameters: PlatformParameters;
  readonly request: QuoteRequest;
  root: CertificateRecipe;
  platformCa: CertificateRecipe;
  processorCa: CertificateRecipe;
  /** The one of the two that issued the leaf. */
  pckCa: CertificateRecipe;
  pckLeaf: CertificateRecipe;
  sgx: SgxExtensionRecipe;
  tcbSigning: CertificateRecipe;
  rootCrl: CrlRecipe;
  pckCrl: CrlRecipe;
  tcbInfo: SignedDocumentRecipe<TcbInfoDocument>;
  qeIdentity: SignedDocumentRecipe<QeIdentityDocument>;
  /** Leaf first. */
  chains: {
    pck: CertificateRecipe[];
    tcbInfo: CertificateRecipe[];
    qeIdentity: CertificateRecipe[];
    pckCrl: CertificateRecipe[];
  };
  /** Changes the text of the PCK chain in the quote; by default it ends in a NUL, like Intel's. */
  editPckPem: (pem: string) => string;
  /** Replaces the certification data of the quote. */
  certificationData?: Uint8Array;
  bundle: {
    includePckChain: boolean;
    edit?: (bundle: Record<string, unknown>) => Record<string, unknown>;
    editText?: (text: string) => string;
  };
  quote: QuoteRecipe;
  log: LogRecipe;
  judgement: JudgementRecipe;
}
