import { createSimulatedPlatform } from "@mero-tee/tee-simulator";

// What must not ship: a service with a simulated platform, and the root certificate of one.
export { createSimulatedPlatform };
