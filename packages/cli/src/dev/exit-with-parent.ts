// Preloaded into every program that this command starts, so that none outlives it: the channel to the parent closes when
// the parent ends, also when it was killed and could clean up nothing.

import process from "node:process";

const SHUTDOWN_LIMIT_MS = 5_000;

process.once("disconnect", () => {
  // The program's own handler closes sockets and files.
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
});

// Listening must not by itself keep a program alive that has nothing left to do.
process.channel?.unref();
