import { answer } from "../../dist/service.js";

export const POST = answer;
export const OPTIONS = answer;
