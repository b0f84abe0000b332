// The vault: the only place where anything personal is stored (promise P10). It is no read model, since no event carries
// its content: a rebuild does not touch it, and erasing a row makes the user unreadable everywhere at once.
import { EntitySchema } from 'typeorm';
import type { UserId } from '@orderflow/shared/contracts/ids.ts';
import type { RowInsert } from '@orderflow/shared/eventstore/eventStore.ts';

/** The constraint that gives an e-mail to one user: two registrations at once meet here, not in the code. */
export const EMAIL_TAKEN = 'uq_user_personal_data_email_key';

/** An e-mail's lower case may be longer than the e-mail itself: some capitals become two characters. */
const EMAIL_KEY_LENGTH = 512;

export const personalDataEntity = new EntitySchema({
  name: 'user_personal_data',
  columns: {
    user_id: { type: 'bigint', unsigned: true, primary: true },
    email: { type: 'varchar', length: 255 },
    email_key: { type: 'varchar', length: EMAIL_KEY_LENGTH },
  },
  uniques: [{ name: EMAIL_TAKEN, columns: ['email_key'] }],
});

/** The row that is written in one transaction with the user's registration. */
export function personalDataOf(userId: UserId, email: string): RowInsert {
  const row = { user_id: userId, email, email_key: email.toLowerCase() };
  return { table: 'user_personal_data', row, uniqueColumn: 'email_key' };
}
