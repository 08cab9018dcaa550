/** `@peculiar/x509`, which asks for the metadata proposal: for a dependency injection that its readers do not use. */
Object.assign(Reflect, { defineMetadata: () => {}, getMetadata: () => [], getOwnMetadata: () => [] });

// Not a static import: it would be evaluated before the line above.
const { ExtensionFactory, X509Certificate, X509Crl } = await import("@peculiar/x509");

export { ExtensionFactory, X509Certificate, X509Crl };
