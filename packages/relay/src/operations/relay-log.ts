import { pino, type Logger } from "pino";
import type { RelayConfig } from "../config/relay-config.ts";
import { RelayError } from "../relay-error.ts";

/** What the relay logs with: an object of facts and a sentence. Never once a datagram. */
export type RelayLog = Pick<Logger, "trace" | "debug" | "info" | "warn" | "error">;

export type RelayLogSettings = Pick<RelayConfig, "logLevel" | "logFile">;

/**
 * JSON lines on stderr or at the end of a file. Written at once: there are few, and the last ones before an end matter
 * most. A missing folder is refused, not made: mostly it is a misspelt one, and the log would be where nobody looks.
 *
 * @param quiet whether stderr shows something else now, such as the dashboard
 * @throws RelayError `ERR_RELAY_CONFIG` for a file that cannot be written
 */
export function openLog(settings: RelayLogSettings, quiet: boolean): RelayLog {
  const { logLevel, logFile } = settings;
  try {
    const target = logFile === "" ? { fd: 2 } : { dest: logFile, append: true, mkdir: false };
    return pino(
      {
        level: logFile === "" && quiet ? "silent" : logLevel,
        base: { name: "udp-relay", pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      pino.destination({ ...target, sync: true }),
    );
  } catch (error) {
    throw new RelayError(
      "ERR_RELAY_CONFIG",
      `--log-file is ${JSON.stringify(logFile)}, allowed: a file that can be written, in a folder that is there (${(error as Error).message})`,
      { cause: error },
    );
  }
}
