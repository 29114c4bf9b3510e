import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DemoPlan, FromPlayers, PlayerReport, ToPlayers } from "./demo-plan.ts";

/** Longest time that players are given to drain and report before their process is ended. */
const STOP_WITHIN_MS = 900;

/** The demo's players, in a child process with its own sockets. */
export class DemoPlayers {
  readonly #child: ChildProcess;
  readonly #reports: Promise<readonly PlayerReport[] | undefined>;
  /** Resolves when every player has joined and the first frames are on their way. */
  readonly playing: Promise<void>;
  #stopped: Promise<readonly PlayerReport[] | undefined> | undefined;

  constructor(plan: DemoPlan) {
    // Beside this file, with its ending: .ts in a checkout, .js in the published package.
    const program = new URL(`player-process${import.meta.url.slice(-3)}`, import.meta.url);
    this.#child = fork(fileURLToPath(program), [JSON.stringify(plan)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const exited = new Promise<undefined>((resolve) => this.#child.once("exit", () => resolve(undefined)));
    const message = <T extends FromPlayers["type"]>(type: T): Promise<Extract<FromPlayers, { type: T }>> =>
      new Promise((resolve) => {
        this.#child.on("message", (from: FromPlayers) => {
          if (from.type === type) resolve(from as Extract<FromPlayers, { type: T }>);
        });
      });
    this.playing = Promise.race([
      message("playing").then(() => undefined),
      exited.then(() => Promise.reject(new Error("the demo's player process ended before it played"))),
    ]);
    this.#reports = Promise.race([message("done").then(({ players }) => players), exited]);
    this.playing.catch(() => undefined);
  }

  /** Ends the players and returns what they counted; undefined if their process was gone or did not answer. Idempotent. */
  stop(): Promise<readonly PlayerReport[] | undefined> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<readonly PlayerReport[] | undefined> {
    if (this.#child.connected) this.#child.send({ type: "stop" } satisfies ToPlayers);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), STOP_WITHIN_MS);
    });
    const reports = await Promise.race([this.#reports, late]);
    clearTimeout(timer);
    if (reports === undefined) this.#child.kill("SIGKILL");
    return reports;
  }
}
