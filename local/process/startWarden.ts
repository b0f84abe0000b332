// Starts the warden, which ends what is on record should this process be killed.
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import path from 'node:path';
import { identifySelf } from './identity.ts';

/** Starts the warden of a folder of pid files; it ends by itself after this process, however that ends. */
export function startWarden(runDir: string): void {
  const program = path.join(import.meta.dirname, 'warden.ts');
  const { pid, startedAt } = identifySelf();
  const warden = spawn(process.execPath, [program, runDir, String(pid), startedAt], {
    // Away from the terminal's process group, so that Ctrl-C does not end it before its work.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither the process nor its pipe keeps the caller from ending.
  warden.unref();
  if (warden.stdin instanceof Socket) warden.stdin.unref();
}
