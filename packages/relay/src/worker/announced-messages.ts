import type { RelayControl } from "../shared/relay-control.ts";

/**
 * The messages of a thread whose event loop stands still. Whoever posts one announces it afterwards; the thread looks
 * at the announcements' number between turns, and takes its messages out when that is another.
 *
 * Concurrency: one object a thread; posting and announcing are the supervisor's.
 */
export class AnnouncedMessages<Message> {
  readonly #control: Pick<RelayControl, "announcedMessages">;
  readonly #take: () => { readonly message: unknown } | undefined;
  /** Nothing at first: what was posted while the thread started is announced already. */
  #seen: number | undefined;

  /** @param take the port's next message, `receiveMessageOnPort` */
  constructor(
    control: Pick<RelayControl, "announcedMessages">,
    take: () => { readonly message: unknown } | undefined,
  ) {
    this.#control = control;
    this.#take = take;
  }

  /**
   * Hands over what is there.
   *
   * @returns whether something was announced since the last call, or this is the first
   */
  read(obey: (message: Message) => void): boolean {
    const announced = this.#control.announcedMessages;
    if (announced === this.#seen) return false;
    // Before the messages are taken: what is posted meanwhile is announced once more.
    this.#seen = announced;
    for (let next = this.#take(); next; next = this.#take()) obey(next.message as Message);
    return true;
  }
}
