import { answer } from "../dist/service.js";

export const GET = answer;
export const OPTIONS = answer;
