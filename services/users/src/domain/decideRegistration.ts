// The rules of a user's registration. That an e-mail is taken once is the vault's unique key, not a rule of one stream.
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import {
  accept,
  reject,
  type Decider,
  type Decision,
} from '@orderflow/shared/eventstore/decider.ts';
import { evolveUser, initialUser, type UserEvent, type UserState } from './user.ts';

export interface RegisterUser {
  readonly type: 'RegisterUser';
  readonly userId: UserId;
  readonly uuid: string;
  readonly at: string;
}

export type UserRejection = 'already_registered';

/** The decider of a user's stream. */
export const userDecider: Decider<UserState, RegisterUser, UserEvent, UserRejection> = {
  initialState: initialUser,
  decide: decideRegistration,
  evolve: evolveUser,
};

function decideRegistration(
  { userId, uuid, at }: RegisterUser,
  state: UserState,
): Decision<UserEvent, UserRejection> {
  if (state.status === 'registered') return reject('already_registered');
  return accept({ type: 'UserRegistered', data: { userId, uuid, at } });
}
