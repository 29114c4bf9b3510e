import { AdapterError } from "../../adapter-error.ts";

/** The error that sends `openTransport` to the next transport. */
export function unsupported(why: string, cause?: unknown): AdapterError {
  const options = cause === undefined ? undefined : { cause };
  return new AdapterError("ERR_ADAPTER_UNSUPPORTED", `the linux transport cannot work here: ${why}`, options);
}
