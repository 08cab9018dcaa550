import { useState, type ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { ANCHOR_FACTS } from "../../anchor-facts.ts";
import { ABOUT } from "../../about-text.ts";
import { loadSiteManifest, type SiteFile } from "../../site-manifest-client.ts";
import { Hash } from "../../ui/hash.tsx";
import { useLoaded } from "../../use-loaded.ts";
import reading from "../../ui/reading-page.module.css";
import css from "./about.module.css";

const NO_FILES: readonly SiteFile[] = [];

/** What this build is, what it trusts before it has seen anything, and what else it could be checked with. */
export function AboutScreen(): ReactElement {
  const { rootSha256: itaRoots } = ANCHOR_FACTS.trustAuthority;
  return (
    <div className={`${reading["page"]} ${css["page"]}`}>
      <h1>{ABOUT.title}</h1>
      <section>
        <h2>{ABOUT.build}</h2>
        <dl>
          <dt>{ABOUT.version}</dt>
          <dd>{BUILD.version}</dd>
          <dt>{ABOUT.flavour}</dt>
          <dd>{ABOUT.flavours[BUILD.flavour]}</dd>
          <dt>{ABOUT.commit}</dt>
          <dd>
            <Hash value={BUILD.commit} what={ABOUT.commit} />
          </dd>
          <dt>{ABOUT.committedAt}</dt>
          <dd>{BUILD.committedAt}</dd>
        </dl>
      </section>
      <section>
        <h2>{ABOUT.anchors}</h2>
        <p>{ABOUT.anchorsHint}</p>
        <dl>
          <dt>{ABOUT.intelRoot}</dt>
          <dd>
            <Hash value={ANCHOR_FACTS.intelRootSha256} what={ABOUT.intelRoot} />
          </dd>
          <dt>{ABOUT.sigstore}</dt>
          <dd>{ANCHOR_FACTS.sigstoreRootTakenAt}</dd>
          {Object.entries(ANCHOR_FACTS.signers).map(([family, identity]) => (
            <div key={family}>
              <dt>
                {ABOUT.signer} {family}
              </dt>
              <dd>{identity}</dd>
            </div>
          ))}
          <dt>{ABOUT.ita}</dt>
          <dd>{itaRoots.length === 0 ? ABOUT.itaUnpinned : itaRoots.join(", ")}</dd>
          <dt>{ABOUT.newest}</dt>
          <dd>
            {Object.values(ANCHOR_FACTS.newest)
              .map((known) => known?.tag)
              .filter((tag) => tag !== undefined)
              .join(", ") || ABOUT.noNewest}
          </dd>
        </dl>
      </section>
      {BUILD.flavour === "site" && (
        <section>
          <h2>{ABOUT.single}</h2>
          <p>{ABOUT.singleHint}</p>
          <p>
            <a href="/verifier-offline.html" download="verifier-offline.html">
              {ABOUT.singleLink}
            </a>
          </p>
        </section>
      )}
      {BUILD.flavour !== "single" && <Files />}
      <section>
        <h2>{ABOUT.licence}</h2>
        <p>{ABOUT.licenceText}</p>
      </section>
    </div>
  );
}

/** The files of this site with their digests, as the site itself says. */
function Files(): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  const files = useLoaded(isOpen ? loadSiteManifest : null, NO_FILES);
  return (
    <section>
      <h2>{ABOUT.files}</h2>
      <p>{ABOUT.filesHint}</p>
      <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>{ABOUT.show}</summary>
        <dl>
          {files.map(({ path, sha256 }) => (
            <div key={path}>
              <dt>
                <code>{path}</code>
              </dt>
              <dd>
                <Hash value={sha256} what={path} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
