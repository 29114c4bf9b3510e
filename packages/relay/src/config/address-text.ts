import { parseAddress, parseEndpoint, parsePrefix } from "@udp-relay/address-validation";
import { z } from "zod";

const takenBy =
  (...parsers: readonly ((text: string) => unknown)[]) =>
  (text: string): boolean =>
    parsers.some((parse) => {
      try {
        parse(text);
        return true;
      } catch {
        return false;
      }
    });

/** Whether a text is ADDRESS:PORT, IPv6 in brackets. */
export const isEndpointText: (text: string) => boolean = takenBy(parseEndpoint);
/** An IP address. */
export const addressText: z.ZodType<string> = z.string().refine(takenBy(parseAddress));
/** A prefix such as `127.0.0.0/8`. */
export const prefixText: z.ZodType<string> = z.string().refine(takenBy(parsePrefix));
/** One endpoint, or an address that stands for all its ports. */
export const peerText: z.ZodType<string> = z.string().refine(takenBy(parseEndpoint, parseAddress));
