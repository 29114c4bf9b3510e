import type { SessionReport } from "../session-report.ts";

/** A worker that is at something else for longer is not waited for. */
const ANSWER_WITHIN_MS = 2_000;

interface Question {
  readonly open: Set<number>;
  readonly sessions: SessionReport[];
  readonly answer: (sessions: readonly SessionReport[]) => void;
  readonly late: NodeJS.Timeout;
}

/** Questions to all workers for their sessions, and who has not answered yet. One thread, the supervisor's. */
export class SessionQuestions {
  readonly #questions = new Map<number, Question>();
  #last = 0;

  /** @param ask is given the question's number, and asks those workers */
  ask(workers: readonly number[], ask: (question: number) => void): Promise<readonly SessionReport[]> {
    const number = ++this.#last;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#close(number);
      }, ANSWER_WITHIN_MS);
      this.#questions.set(number, { open: new Set(workers), sessions: [], answer: resolve, late });
      ask(number);
      if (workers.length === 0) this.#close(number);
    });
  }

  answered(question: number, worker: number, sessions: readonly SessionReport[]): void {
    const asked = this.#questions.get(question);
    if (asked?.open.delete(worker) !== true) return;
    asked.sessions.push(...sessions);
    if (asked.open.size === 0) this.#close(question);
  }

  /** That worker is gone and answers nothing. */
  forget(worker: number): void {
    for (const question of [...this.#questions.keys()]) this.answered(question, worker, []);
  }

  #close(question: number): void {
    const asked = this.#questions.get(question);
    if (asked === undefined) return;
    this.#questions.delete(question);
    clearTimeout(asked.late);
    asked.answer(asked.sessions);
  }
}
