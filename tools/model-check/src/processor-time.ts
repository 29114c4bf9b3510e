/** Processor time of this process in milliseconds: a limit in wall time would depend on who else uses the machine. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
