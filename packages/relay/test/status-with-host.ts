import { request } from "node:http";

/** The status of an answer to a request as a browser makes it for a name that was rebound. */
export function statusWithHost(url: string, host: string, method: "GET" | "POST"): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers: { Host: host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}
