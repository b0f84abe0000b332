// A process that is kept up as `npm start` does it, and can be killed, halted, or kept down for a while.
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@orderflow/shared/testing/eventually.ts';
import { startChild, stopChild, type Child } from '../../../local/process/child.ts';
import type { SupervisedProcess } from '../../../local/process/supervise.ts';

/** The launcher's first back-off: what passes between a death and the next start. */
const RESTART_DELAY_MS = 500;

/** A process and its life. Whoever dies without being asked for it here is started again. */
export class Kept {
  readonly name: string;
  readonly #describe: () => SupervisedProcess;
  #target: SupervisedProcess | undefined;
  #child: Child | undefined;
  #isWanted = false;
  #deaths = 0;
  #diedAt = -Infinity;

  /** Nothing runs yet. `describe` is asked once for each start, so that each may have other settings. */
  constructor(name: string, describe: () => SupervisedProcess) {
    this.name = name;
    this.#describe = describe;
  }

  /** Deaths by `kill`, at a failpoint, of a fault: all that `stop` and `killForNow` did not ask for. */
  get deaths(): number {
    return this.#deaths;
  }

  /** When the last of them was noticed, in milliseconds of performance.now(). */
  get diedAt(): number {
    return this.#diedAt;
  }

  /** True while there is a process, ready or not. */
  isUp(): boolean {
    return this.#child?.hasExited() === false;
  }

  /** Starts it, unless it runs, and resolves when it is ready. */
  async start(): Promise<void> {
    this.#isWanted = true;
    if (!this.isUp()) await this.#launch();
    const { readyTimeoutMs = 0, spec } = this.#target ?? {};
    const isReady = async () => this.isUp() && (await this.#target?.isReady());
    await eventually(isReady, `${this.name} is ready (its log: ${spec?.logFile ?? '-'})`, {
      timeoutMs: readyTimeoutMs,
    });
  }

  /** kill -9. It is started again by itself. */
  async kill(): Promise<void> {
    this.#child?.signal('SIGKILL');
    await this.#child?.exited;
  }

  /** SIGTERM, and SIGKILL when that was not enough; it stays down until `start`. */
  stop(): Promise<void> {
    return this.#end((child) => stopChild(child, this.#target?.stopGraceMs ?? 0));
  }

  /** kill -9; it stays down until `start`. */
  killForNow(): Promise<void> {
    return this.#end((child) => {
      child.signal('SIGKILL');
      return child.exited;
    });
  }

  /** SIGSTOP. */
  halt(): void {
    this.#child?.signal('SIGSTOP');
  }

  /** SIGCONT. */
  goOn(): void {
    this.#child?.signal('SIGCONT');
  }

  async #launch(): Promise<void> {
    this.#target = this.#describe();
    const started = await startChild(this.#target.spec);
    this.#child = started;
    void started.exited.then(() => this.#onExit(started));
  }

  async #onExit(ended: Child): Promise<void> {
    if (this.#child !== ended || !this.#isMissed()) return;
    this.#deaths += 1;
    this.#diedAt = performance.now();
    await wait(RESTART_DELAY_MS);
    // `start` may have come first, or `stop`.
    if (this.#isMissed()) await this.#launch();
  }

  #isMissed(): boolean {
    return this.#isWanted && !this.isUp();
  }

  async #end(how: (child: Child) => Promise<unknown>): Promise<void> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined || child.hasExited()) return;
    // Whoever is halted takes no notice of SIGTERM.
    child.signal('SIGCONT');
    await how(child);
  }
}
