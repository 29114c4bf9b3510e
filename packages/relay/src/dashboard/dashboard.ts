import { Box, render, Text, useInput, useWindowSize } from "ink";
import { createElement as h, type ReactElement, useState } from "react";
import type { RelayReport } from "../report/relay-report.ts";
import { clientOrders } from "./client-order.ts";
import { dashboardFrame, type DashboardLine } from "./dashboard-frame.ts";
import { RateHistory } from "./rate-history.ts";

export interface DashboardOptions {
  readonly title: string;
  readonly notes: readonly string[];
  /** Called once when the person presses q, Escape or Ctrl-C. */
  readonly onQuit: () => void;
}

/** The live table on the terminal's alternate screen; the terminal is restored by {@link close}. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #history = new RateHistory();
  readonly #instance: ReturnType<typeof render>;

  constructor(first: RelayReport, options: DashboardOptions) {
    this.#options = options;
    this.#instance = render(this.#screen(first), {
      alternateScreen: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
  }

  update(report: RelayReport): void {
    this.#history.add(report);
    this.#instance.rerender(this.#screen(report));
  }

  async close(): Promise<void> {
    this.#instance.unmount();
    await this.#instance.waitUntilExit();
  }

  #screen(report: RelayReport): ReactElement {
    return h(Screen, { report, history: this.#history, options: this.#options });
  }
}

interface ScreenProps {
  readonly report: RelayReport;
  readonly history: RateHistory;
  readonly options: DashboardOptions;
}

function Screen({ report, history, options }: ScreenProps): ReactElement {
  const { columns, rows } = useWindowSize();
  const [order, setOrder] = useState(clientOrders[0]!);
  useInput((input, key) => {
    if (key.escape || (key.ctrl && input === "c")) {
      options.onQuit();
      return;
    }
    // Keys that were pressed while the screen was busy come as one text.
    for (const letter of input) {
      if (letter === "q") options.onQuit();
      const chosen = clientOrders.find((candidate) => candidate.key === letter);
      if (chosen) setOrder(chosen);
    }
  });
  const lines = dashboardFrame(report, history, {
    columns,
    rows: rows - 1,
    order,
    title: options.title,
    notes: options.notes,
  });
  return h(
    Box,
    { flexDirection: "column" },
    lines.map((line, i) =>
      h(Text, { key: i, wrap: "truncate", ...looks[line.kind] }, line.text === "" ? " " : line.text),
    ),
  );
}

/** Without colour (https://no-color.org) the words carry everything. */
const hasColour = (process.env.NO_COLOR ?? "") === "";

const looks: Readonly<
  Record<DashboardLine["kind"], { bold?: boolean; dimColor?: boolean; inverse?: boolean; color?: string }>
> = {
  title: { bold: true },
  plain: {},
  head: { inverse: true },
  warning: hasColour ? { color: "yellow" } : { bold: true },
  keys: { dimColor: true },
};
