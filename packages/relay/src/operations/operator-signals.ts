import type { RelayLog } from "./relay-log.ts";

/** What each signal means to a running relay. */
export interface OperatorSignals {
  /** SIGINT: end now. */
  readonly onInterrupt: () => void;
  /** SIGTERM: let the clients leave, then end; a second one ends now. */
  readonly onTerminate: () => void;
  /** SIGHUP: read the configuration again, and open the log file anew. */
  readonly onReload: () => void;
  /** SIGUSR2: maintenance on or off. */
  readonly onToggleMaintenance: () => void;
}

/** Listens to the operator's signals. Dispose it to give them back. What a listener throws is logged. */
export function listenToSignals(signals: OperatorSignals, log: RelayLog): Disposable {
  const listeners: readonly [NodeJS.Signals, () => void][] = [
    ["SIGINT", signals.onInterrupt],
    ["SIGTERM", signals.onTerminate],
    ["SIGHUP", signals.onReload],
    ["SIGUSR2", signals.onToggleMaintenance],
  ];
  const listening = listeners.map(([signal, act]) => {
    const listener = (): void => {
      log.info({ signal }, "a signal came");
      try {
        act();
      } catch (error) {
        log.error({ signal, error: String(error) }, "a signal could not be obeyed");
      }
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    [Symbol.dispose]: () => {
      for (const stop of listening) stop();
    },
  };
}
