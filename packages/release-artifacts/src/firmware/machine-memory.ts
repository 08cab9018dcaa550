/** GiB for each virtual CPU of the machine series that offer TDX. Source: Google Cloud, general-purpose machine family, C3. */
const GIB_PER_CPU: ReadonlyMap<string, number> = new Map([
  ["c3-highcpu", 2],
  ["c3-standard", 4],
  ["c3-highmem", 8],
]);

/** Memory of a machine type in GiB: its firmware measures as another MRTD with another size. Null for a type that is not known here. */
export function machineMemoryGib(machineType: string): number | null {
  const [, series = "", cpus = ""] = /^(.+)-([1-9]\d{0,3})$/.exec(machineType) ?? [];
  const perCpu = GIB_PER_CPU.get(series);
  return perCpu === undefined ? null : perCpu * Number(cpus);
}
