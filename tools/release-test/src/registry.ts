import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KIT } from "./paths.ts";

/** A throw-away npm registry on loopback. It has no upstream: what was not published to it is not there. */
export interface Registry {
  readonly url: string;
  /** The lines of an .npmrc that send `@udp-relay` here, and only `@udp-relay`. */
  readonly npmrc: string;
  versions(packageName: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, "verdaccio.json");
  // JSON is YAML: no quoting to get wrong.
  writeFileSync(configuration, JSON.stringify(settings(folder), undefined, 2));
  const port = await freePort();
  const verdaccio = join(KIT, "node_modules/verdaccio/bin/verdaccio");
  const child = spawn(
    process.execPath,
    [verdaccio, "--config", configuration, "--listen", `127.0.0.1:${port}`],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "" },
    },
  );
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => log.push(text));
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const end = (): boolean => child.kill("SIGKILL");
  process.once("exit", end);
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; !(await answers(`${url}-/ping`)); tries++) {
    if (tries === 300 || child.exitCode !== null)
      throw new Error(`verdaccio does not answer\n${log.join("")}`);
    await sleep(200);
  }
  return {
    url,
    npmrc: `@udp-relay:registry=${url}\n//127.0.0.1:${port}/:_authToken=nobody\n`,
    async versions(packageName) {
      const response = await fetch(`${url}${packageName.replace("/", "%2f")}`);
      if (!response.ok) return [];
      return Object.keys(((await response.json()) as { versions: object }).versions);
    },
    async stop() {
      process.removeListener("exit", end);
      child.kill("SIGTERM");
      const forced = setTimeout(end, 5_000);
      await ended;
      clearTimeout(forced);
    },
  };
}

function settings(folder: string): object {
  return {
    storage: join(folder, "storage"),
    uplinks: {},
    packages: { "@udp-relay/*": { access: "$all", publish: "$all" } },
    max_body_size: "50mb",
    middlewares: {},
    log: { type: "stdout", format: "pretty", level: "warn" },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
