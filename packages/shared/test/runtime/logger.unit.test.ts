// Logs: their form, and that nothing personal is in them.
import { AppError } from '@orderflow/shared/runtime/appError.ts';
import { createLogger, withoutRedaction, type Logger } from '@orderflow/shared/runtime/logger.ts';

function logged(write: (logger: Logger) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger({ service: 'users', level: 'info', destination }));
  return lines.join('');
}

describe('a log line', () => {
  it('says service, ISO time, level by name, and what its child logger adds', () => {
    const line: unknown = JSON.parse(
      logged((logger) => {
        logger.child({ correlationId: 'c-1' }).warn({ orderId: 'o-1' }, 'late');
      }),
    );
    expect(line).toEqual({
      service: 'users',
      pid: process.pid,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
      level: 'warn',
      correlationId: 'c-1',
      orderId: 'o-1',
      msg: 'late',
    });
  });

  it('is not written below the level', () => {
    expect(
      logged((logger) => {
        logger.debug('detail');
      }),
    ).toBe('');
  });

  it('redacts e-mail, password and authorization by name', () => {
    const line = logged((logger) => {
      logger.info({
        email: 'x',
        body: { email: 'y', password: 'z' },
        request: { headers: { authorization: 'Bearer t' } },
      });
    });
    expect(JSON.parse(line)).toMatchObject({
      email: '[redacted]',
      body: { email: '[redacted]', password: '[redacted]' },
      request: { headers: { authorization: '[redacted]' } },
    });
  });

  it('masks e-mail addresses also where it redacts no field', () => {
    const line = logged((logger) => {
      withoutRedaction(logger).info({ path: '/users/a@b.example' });
    });
    expect(JSON.parse(line)).toMatchObject({ service: 'users', path: '[redacted]' });
  });

  it('masks e-mail addresses wherever they stand, also in the message and stack of a cause', () => {
    const cause = new Error(`Duplicate entry 'Some.One+1@mail.example.com' for key 'email'`);
    const line = logged((logger) => {
      logger.error({ err: new AppError('x', 'failed', { retryable: true, cause }) }, 'a@b.example');
    });
    expect(line).not.toMatch(/@mail|one\+1|a@b/i);
    expect(JSON.parse(line)).toMatchObject({
      err: { code: 'x', cause: { message: `Duplicate entry '[redacted]' for key 'email'` } },
      msg: '[redacted]',
    });
  });

  it('of an error has no statement and no values of a driver', () => {
    const error = Object.assign(new Error('refused'), {
      code: 'ER_DUP_ENTRY',
      sql: "INSERT INTO user_personal_data VALUES (1, 'Lovelace')",
      parameters: ['Lovelace'],
    });
    const line = logged((logger) => {
      logger.error({ err: error });
    });
    expect(line).not.toContain('Lovelace');
    expect(JSON.parse(line)).toMatchObject({ err: { code: 'ER_DUP_ENTRY', message: 'refused' } });
  });
});
