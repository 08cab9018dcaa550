import { Client } from "undici";

/** Calls `GetKey` of the guest agent one by one and prints the processor time of one call, in microseconds. */
const CALLS = 1000;
const WARM_UP = 300;
const socketPath = process.env["DSTACK_SOCKET_PATH"] ?? "";

const client = new Client("http://dstack", { socketPath });
const call = async (number: number): Promise<void> => {
  const { body } = await client.request({
    method: "POST",
    path: "/GetKey",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path: `merod/storage/bench-${number}`, purpose: "", algorithm: "secp256k1" }),
  });
  await body.json();
};
for (let number = 0; number < WARM_UP; number += 1) await call(number);
const before = process.cpuUsage();
for (let number = 0; number < CALLS; number += 1) await call(number);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / CALLS}\n`);
await client.close();
