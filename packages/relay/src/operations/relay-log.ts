import { pino, type Logger } from "pino";
import type { RelayConfig } from "../config/relay-config.ts";
import { RelayError } from "../relay-error.ts";
import { LogOutput, STDERR } from "./log-output.ts";

/** What the relay logs with: an object of facts and a sentence. Never once a datagram. */
export type RelayLog = Pick<Logger, "trace" | "debug" | "info" | "warn" | "error">;

export type RelayLogSettings = Pick<RelayConfig, "logLevel" | "logFile">;

export interface OpenedLog {
  readonly log: RelayLog;
  /** For log rotation: what is logged from now on goes to the file that has the name now. Never throws. */
  readonly reopen: () => void;
}

/**
 * JSON lines on stderr or at the end of a file. A missing folder is refused, not made: mostly it is a misspelt one, and
 * the log would be where nobody looks.
 *
 * @param quiet whether stderr shows something else now, such as the dashboard
 * @throws RelayError `ERR_RELAY_CONFIG` for a file that cannot be written
 */
export function openLog({ logLevel, logFile }: RelayLogSettings, quiet: boolean): OpenedLog {
  const output = outputTo(logFile);
  const log = pino(
    {
      level: logFile === "" && quiet ? "silent" : logLevel,
      base: { name: "udp-relay", pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  output.onLost = (lines) => {
    log.warn({ lines }, "log lines could not be written, and are lost");
  };
  if (logFile !== "" && !quiet) {
    const stderr = new LogOutput(STDERR);
    output.onTrouble = ({ message }) => {
      stderr.write(`udp-relay: ${logFile}: the log cannot be written now, lines are lost (${message})\n`);
    };
  }
  const reopen = (): void => {
    try {
      output.reopen();
    } catch (error) {
      log.error({ logFile, error: String(error) }, "the log file cannot be opened again: the old one stays");
    }
  };
  return { log, reopen };
}

function outputTo(logFile: string): LogOutput {
  try {
    return new LogOutput(logFile === "" ? STDERR : logFile);
  } catch (error) {
    throw new RelayError(
      "ERR_RELAY_CONFIG",
      `--log-file is ${JSON.stringify(logFile)}, allowed: a file that can be written, in a folder that is there (${(error as Error).message})`,
      { cause: error },
    );
  }
}
