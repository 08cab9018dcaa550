/** The fixed scripts that the page may start besides itself. */
export interface ScriptUrls {
  readonly worker: string;
  readonly serviceWorker: string;
}

/** The name that the content security policy of the site allows. */
const POLICY_NAME = "mero-verifier";

interface TrustedScriptPolicy {
  createScriptURL(url: string): string;
}

interface TrustedTypesFactory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): TrustedScriptPolicy;
}

/**
 * Turns the addresses of the two workers into the form that `require-trusted-types-for 'script'` demands. The policy passes
 * exactly these two, so that no other text can ever become code on this page.
 */
export function trustScripts(urls: ScriptUrls): ScriptUrls {
  const factory: TrustedTypesFactory | undefined = Reflect.get(globalThis, "trustedTypes");
  if (factory === undefined) return urls;
  const known = new Set<string>([urls.worker, urls.serviceWorker]);
  const policy = factory.createPolicy(POLICY_NAME, {
    createScriptURL(url) {
      if (!known.has(url)) throw new TypeError("not a script of this page");
      return url;
    },
  });
  return { worker: policy.createScriptURL(urls.worker), serviceWorker: policy.createScriptURL(urls.serviceWorker) };
}
