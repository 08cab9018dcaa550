export {
  createSimulatedFirmwareEndorser,
  type EndorsedMachine,
  type EndorsementChanges,
  type SimulatedFirmwareEndorser,
} from "./simulated-firmware-endorser.ts";
