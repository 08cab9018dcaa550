/**
 * `@peculiar/x509` asks for the metadata proposal, for a dependency injection that its readers of certificates and CRLs do not use.
 */
Object.assign(Reflect, { defineMetadata: () => {}, getMetadata: () => [], getOwnMetadata: () => [] });

// Not a static import: it would be evaluated before the line above.
const { X509Certificate, X509Crl } = await import("@peculiar/x509");

export { X509Certificate, X509Crl };
