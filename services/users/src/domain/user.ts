// A user's stream. Nothing personal stands in it (promise P10): the e-mail lies in the vault, beside the log.
import type { UserId } from '@orderflow/shared/contracts/ids.ts';

export interface UserRegistered {
  readonly type: 'UserRegistered';
  readonly data: { readonly userId: UserId; readonly uuid: string; readonly at: string };
}

export type UserEvent = UserRegistered;

export type UserState =
  { readonly status: 'unregistered' } | { readonly status: 'registered'; readonly userId: UserId };

export const initialUser: UserState = { status: 'unregistered' };

/** The stream that a user's events stand in. */
export function userStream(userId: UserId): string {
  return `user-${userId}`;
}

/** The state after an event. A stream has one kind of event so far: with the second comes a switch over all of them. */
export function evolveUser(_state: UserState, { data }: UserEvent): UserState {
  return { status: 'registered', userId: data.userId };
}
