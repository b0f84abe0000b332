// What a system must offer to be killed piece by piece.
import type { ReadLog } from '../books/logs.ts';

/** A running system whose processes can be killed from outside. */
export interface KillableStack {
  /** Names of what can be killed. */
  readonly victims: readonly string[];
  readonly gatewayUrl: string;
  /** Reads a service's log with that service's own account. */
  readonly readLog: ReadLog;
  start(): Promise<void>;
  /** Kills a process with SIGKILL; gives a look at whether another one has taken its place. */
  kill(victim: string): Promise<() => Promise<boolean>>;
  stop(): Promise<void>;
}
