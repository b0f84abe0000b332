// Why a batch could not be settled, and so what comes next: try again, wait, leave it to another, park, or stop.
import { ConflictError } from '../eventstore/eventStore.ts';
import { AppError } from '../runtime/appError.ts';

/** More messages are poison than can be the messages' fault. */
export class TooMuchPoisonError extends Error {}

/** Whose failure it is. 'message': the unit itself cannot be written, so one of its messages is at fault. */
export function classify(error: unknown): 'cursor' | 'race' | 'outside' | 'message' | 'poison' {
  if (error instanceof TooMuchPoisonError) return 'poison';
  if (error instanceof AppError) return error.retryable ? 'outside' : 'message';
  if (!(error instanceof ConflictError)) return 'message';
  switch (error.kind) {
    case 'cursor':
      return 'cursor';
    case 'version':
    case 'row':
      return 'race';
    case 'unique':
      return 'message';
  }
}
