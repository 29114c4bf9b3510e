import { isEndpointText } from "./address-text.ts";

const PORT = /^\d{1,5}$/;

/** `off`, a port (on 127.0.0.1), or ADDRESS:PORT. */
export function isHttpAddress(text: string): boolean {
  return text === "off" || isEndpointText(PORT.test(text) ? `127.0.0.1:${text}` : text);
}
