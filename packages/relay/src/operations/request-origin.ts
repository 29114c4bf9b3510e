import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

const isLoopback = (address = ""): boolean => /^(::ffff:)?127\./.test(address) || address === "::1";

/** The host that a request asks for, without its port; undefined where it has none, as HTTP/1.0 may. */
function askedHost({ headers: { host } }: IncomingMessage): string | undefined {
  return host
    ?.toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

/**
 * Whether a request comes from this machine and from no web page: a browser here would carry a page's request over
 * loopback, and says so in `Origin` or `Sec-Fetch-Site`; a name that was rebound to 127.0.0.1 shows in `Host`.
 */
export function isOperator(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (origin !== undefined || request.headers["sec-fetch-site"] !== undefined) return false;
  const host = askedHost(request);
  return (host === "localhost" || isLoopback(host)) && isLoopback(request.socket.remoteAddress);
}

/**
 * Whether a web page may read the answer though its own server is elsewhere: a browser takes a name for the page's own
 * server, wherever DNS says now that it is (rebinding). An address, and localhost, are no names that anybody can move.
 */
export function isByName(request: IncomingMessage): boolean {
  const host = askedHost(request);
  return host !== undefined && host !== "localhost" && isIP(host) === 0;
}

/** Whether a request was for this machine only. */
export function isOverLoopback(request: IncomingMessage): boolean {
  return isLoopback(request.socket.localAddress);
}
