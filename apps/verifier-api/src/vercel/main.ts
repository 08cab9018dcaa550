import { parseConfig } from "../config.ts";
import { createSystemService } from "../system-client.ts";

const service = createSystemService(parseConfig(process.env), (line) => console.log(JSON.stringify(line)));

/** Answers a request to any endpoint; every function of the deployment is this one. */
export async function answer(request: Request): Promise<Response> {
  return await service.answer(request);
}
