/**
 * The dstack SDK imports paths that only noble 1.x has and names noble as a peer, which would hand it our 2.x.
 * It gets copies of its own instead.
 */
function readPackage(manifest) {
  if (manifest.name === "@phala/dstack-sdk") {
    delete manifest.peerDependencies;
    delete manifest.peerDependenciesMeta;
    manifest.dependencies = { "@noble/curves": "^1.9.0", "@noble/hashes": "^1.8.0" };
  }
  return manifest;
}

module.exports = { hooks: { readPackage } };
