import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodePublicKeyProtobuf, type PeerId, peerIdFromPublicKey, signedPayload } from "@mero-tee/kms-protocol";
import { toBase64 } from "@mero-tee/tdx-quote/base64";

/** A node's identity: an Ed25519 key pair and everything that follows from it. */
export interface Peer {
  readonly peerId: PeerId;
  readonly publicKeyB64: string;
  sign(payload: Uint8Array): Uint8Array;
}

export function makePeer(): Peer {
  return peerOf(generateKeyPairSync("ed25519").privateKey);
}

/** The identity of a 32-byte Ed25519 seed. */
export function peerFromSeed(seed: Uint8Array): Peer {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return peerOf(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
}

function peerOf(privateKey: KeyObject): Peer {
  const { x = "" } = privateKey.export({ format: "jwk" });
  const publicKey = new Uint8Array(Buffer.from(x, "base64url"));
  return {
    peerId: peerIdFromPublicKey(publicKey),
    publicKeyB64: toBase64(encodePublicKeyProtobuf(publicKey)),
    sign: (payload) => sign(null, payload, privateKey),
  };
}

/** The signature of a get-key request, as base64. */
export function signRequest(peer: Peer, challengeId: string, nonce: Uint8Array, quote: Uint8Array): string {
  return toBase64(peer.sign(signedPayload({ challengeId, nonce, quote, peerId: peer.peerId })));
}
