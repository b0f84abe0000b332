// A connection between a gateway and an instance of orders: bytes arrive late, in order, and not at all once it is cut.
import { Socket } from 'node:net';
import type { SimProcess, World } from './world.ts';

const WAY_MS = [0.2, 2] as const;

/** The end that the orders service holds. What it writes goes to `onText`, at the other end, which hears `onClose` once. */
export class OrderSocket extends Socket {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #onText: (text: string) => void;
  readonly #onClose: () => void;
  /** When the last of what is on its way arrives, by direction. */
  #thereAt = 0;
  #hereAt = 0;
  #isCut = false;

  constructor(
    world: World,
    process: SimProcess,
    onText: (text: string) => void,
    onClose: () => void,
  ) {
    super();
    this.#world = world;
    this.#process = process;
    this.#onText = onText;
    this.#onClose = onClose;
    process.onDeath.push(() => {
      this.cut();
    });
  }

  override write(text: unknown): boolean {
    if (this.#isCut) return false;
    this.#thereAt = this.#arrival(this.#thereAt);
    this.#world.later(this.#thereAt - this.#world.scheduler.now, () => {
      this.#onText(String(text));
    });
    return true;
  }

  /** The other end writes. */
  receive(text: string): void {
    if (this.#isCut) return;
    this.#hereAt = this.#arrival(this.#hereAt);
    this.#world.scheduler.schedule(this.#hereAt - this.#world.scheduler.now, this.#process, () => {
      if (!this.#isCut) this.emit('data', Buffer.from(text));
    });
  }

  /** Both ends lose it; what is on its way back still arrives before that is noticed. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const now = this.#world.scheduler.now;
    this.#thereAt = this.#arrival(this.#thereAt);
    this.#world.later(this.#thereAt - now, this.#onClose);
    this.#world.scheduler.schedule(0, this.#process, () => {
      this.emit('close');
    });
  }

  override end(): this {
    this.cut();
    return this;
  }

  override destroy(): this {
    this.cut();
    return this;
  }

  override setTimeout(): this {
    return this;
  }

  override setNoDelay(): this {
    return this;
  }

  override pause(): this {
    return this;
  }

  override resume(): this {
    return this;
  }

  #arrival(last: number): number {
    const [least, most] = WAY_MS;
    const wayMs = least + this.#world.random.next() * (most - least);
    return Math.max(last, this.#world.scheduler.now + wayMs);
  }
}
