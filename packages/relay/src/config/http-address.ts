const HTTP_ADDRESS = /^(off|\d{1,5}|[\d.]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5})$/;

/** `off`, a port (on 127.0.0.1), or ADDRESS:PORT. */
export function isHttpAddress(text: string): boolean {
  return HTTP_ADDRESS.test(text);
}
