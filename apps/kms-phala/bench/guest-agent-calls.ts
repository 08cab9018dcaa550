import { createInterface } from "node:readline";
import { Client } from "undici";

/** Calls `GetKey` of the guest agent one by one, as often as each line of the standard input says, and nothing else. */
const socketPath = process.env["DSTACK_SOCKET_PATH"] ?? "";

const client = new Client("http://dstack", { socketPath });
let made = 0;
const call = async (): Promise<void> => {
  made += 1;
  const { body } = await client.request({
    method: "POST",
    path: "/GetKey",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path: `merod/storage/bench-${made}`, purpose: "", algorithm: "secp256k1" }),
  });
  await body.json();
};
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left -= 1) await call();
  process.stdout.write("done\n");
}
await client.close();
