// What the users service's routes take, with the messages that the demo's clients know.
import { z } from 'zod';
import { userIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { afterField } from '@orderflow/shared/http/demoList.ts';
import { requiredField } from '@orderflow/shared/http/validate.ts';
import { isEmail } from './email.ts';

const EMAIL_LENGTH = 255;
const notAnEmail = 'Validation error: Validation isEmail on email failed';
const tooLong = `email must be at most ${EMAIL_LENGTH} characters long`;

export const registerUserBody = z.object({
  email: requiredField(
    'email',
    'body',
    z
      .string(notAnEmail)
      .refine((email) => email.length <= EMAIL_LENGTH, { error: tooLong, abort: true })
      .refine(isEmail, notAnEmail),
  ),
});

export const listUsersQuery = z.object({ after: afterField });

export const userIdParams = z.object({
  userId: z
    .string()
    .regex(/^\d{1,16}$/, 'The user id must be a whole number')
    .transform(Number)
    .pipe(userIdSchema),
});
