import Fastify from "fastify";

/** A bare route that reads a JSON body and answers one of a given size: what HTTP and JSON cost without any work. */
const app = Fastify({ bodyLimit: 65_536 });
app.post<{ Querystring: { readonly bytes: string } }>("/", ({ query }, reply) =>
  reply.send({ text: "x".repeat(Number(query.bytes)) }),
);
process.stdout.write(`${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
process.once("SIGTERM", () => void app.close());
